//! The node's address, those of the services that are there, and the pods' network: all in the enclosure's own network, where
//! every port is free.

use std::fs;
use std::path::Path;

use super::shell::run;

/// The node's address. A loopback address is refused for a node.
pub(super) const NODE: &str = "10.200.0.1";

/// The first address of the services' range, which is the API server's, as every pod is told. It listens there itself, so that
/// nothing has to translate addresses.
const API: &str = "10.0.0.1";

/// The address of the DNS, which is not there: a question is refused at once instead of being lost.
pub(super) const DNS: &str = "10.0.0.10";

/// Gives the node its addresses, and writes the configuration of the pods' network to `work`/cni.
pub(super) fn bring_up(work: &Path) -> anyhow::Result<()> {
    run("ip link set lo up")?;
    // Not every kernel has dummy links; a pair of which one end is used is as good.
    run("ip link add node0 type veth peer name node1")?;
    for address in [NODE, API, DNS] {
        run(&format!("ip address add {address}/32 dev node0"))?;
    }
    run("ip link set node0 up")?;
    run("ip link set node1 up")?;
    fs::write("/proc/sys/net/ipv4/ip_forward", "1")?;
    let folder = work.join("cni");
    fs::create_dir_all(&folder)?;
    Ok(fs::write(folder.join("10-pods.conflist"), PODS)?)
}

const PODS: &str = r#"{
  "cniVersion": "1.0.0",
  "name": "pods",
  "plugins": [{
    "type": "bridge",
    "bridge": "pods0",
    "isGateway": true,
    "hairpinMode": true,
    "ipam": {
      "type": "host-local",
      "ranges": [[{"subnet": "10.244.0.0/16"}]],
      "routes": [{"dst": "0.0.0.0/0"}]
    }
  }]
}
"#;
