//! The kubelet and its configuration.

use std::fs;
use std::path::Path;

use crate::control_plane::Process;

use super::{NAME, cgroups, network, runtime};

/// Starts the kubelet, as the cluster's administrator: nothing that is tested here depends on less.
pub(super) fn start(assets: &Path, work: &Path, kubeconfig: &Path) -> anyhow::Result<Process> {
    let config = work.join("kubelet.yaml");
    let resolver = work.join("resolv.conf");
    fs::write(&resolver, format!("nameserver {}\n", network::DNS))?;
    fs::write(&config, configuration(&resolver, &cgroups::name(work)))?;
    let flags = [
        format!("--config={}", config.display()),
        format!("--kubeconfig={}", kubeconfig.display()),
        format!("--hostname-override={NAME}"),
        format!("--node-ip={}", network::NODE),
    ];
    Process::start(&assets.join("kubelet"), &flags, &work.join("kubelet.log"))
}

fn configuration(resolver: &Path, group: &str) -> String {
    let (socket, dns) = (runtime::SOCKET, network::DNS);
    let resolver = resolver.display();
    // The kubelet's own API is open to everybody in the enclosure. Nothing is evicted for the disk of the machine, of which
    // others may have taken most.
    format!(
        "apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
containerRuntimeEndpoint: unix://{socket}
cgroupDriver: cgroupfs
cgroupRoot: /{group}
failCgroupV1: false
failSwapOn: false
enforceNodeAllocatable: []
authentication: {{anonymous: {{enabled: true}}, webhook: {{enabled: false}}}}
authorization: {{mode: AlwaysAllow}}
clusterDNS: [{dns}]
clusterDomain: cluster.local
resolvConf: {resolver}
maxPods: 200
serializeImagePulls: false
kubeAPIQPS: 200
kubeAPIBurst: 400
eventRecordQPS: 0
evictionHard: {{memory.available: 100Mi}}
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
"
    )
}
