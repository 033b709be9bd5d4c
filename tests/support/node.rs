//! A real node for tests: a control plane with kubelet, containerd, runc and a pod network, all of it in namespaces of its own
//! (`enclosure`), which the kernel takes down with the test program.

#![allow(dead_code, reason = "each test program uses its part of this")]

#[path = "node/cgroups.rs"]
mod cgroups;
#[path = "node/enclosure.rs"]
mod enclosure;
#[path = "node/kubelet.rs"]
mod kubelet;
#[path = "node/network.rs"]
mod network;
#[path = "node/runtime.rs"]
mod runtime;
#[path = "node/server.rs"]
mod server;
#[path = "node/shell.rs"]
mod shell;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::bail;

use crate::control_plane::{ControlPlane, Options, Process};

pub(crate) use enclosure::{Side, enclose, end, entrance, is_inside, missing};
pub(crate) use runtime::Runtime;
pub(crate) use server::{Entry, Server, register};
pub(crate) use shell::{get, output};

/// How long it may take until the node is ready. It takes ten seconds on two idle cores.
const READY: Duration = Duration::from_secs(120);

/// What the node is called in its cluster.
pub(crate) const NAME: &str = "node";

/// A running node with its control plane.
pub(crate) struct Node {
    // Stopped in this order: what depends on another first.
    kubelet: Process,
    scheduler: Process,
    plane: ControlPlane,
    containerd: Process,
    runtime: Runtime,
    assets: PathBuf,
    work: PathBuf,
}

impl Node {
    /// Starts a node of the binaries in `assets`, with its files in `work`. Only inside an enclosure.
    ///
    /// # Errors
    ///
    /// When a part cannot be started or the node is not ready in time.
    pub(crate) fn start(assets: &Path, work: &Path, runtime: Runtime) -> anyhow::Result<Self> {
        network::bring_up(work)?;
        let containerd = runtime.start(assets, work)?;
        let plane = ControlPlane::start_with(assets, &options())?;
        let kubeconfig = plane.kubeconfig();
        let scheduler = Process::start(
            &assets.join("kube-scheduler"),
            &scheduler_flags(&kubeconfig),
            &work.join("kube-scheduler.log"),
        )?;
        runtime.wait(assets)?;
        for image in ["pause", "witness", "unmapped-file", "unmapped-user"] {
            runtime.import(assets, File::open(assets.join(format!("{image}.tar")))?)?;
        }
        let kubelet = kubelet::start(assets, work, &kubeconfig)?;
        let mut node = Self {
            kubelet,
            scheduler,
            plane,
            containerd,
            runtime,
            assets: assets.to_owned(),
            work: work.to_owned(),
        };
        node.wait()?;
        Ok(node)
    }

    /// The control plane.
    pub(crate) fn plane(&self) -> &ControlPlane {
        &self.plane
    }

    /// What runs containers.
    pub(crate) fn runtime(&self) -> Runtime {
        self.runtime
    }

    /// The folder of the binaries.
    pub(crate) fn assets(&self) -> &Path {
        &self.assets
    }

    /// The folder of its files, and for those of tests.
    pub(crate) fn work(&self) -> &Path {
        &self.work
    }

    /// Gives the node an image: an archive in the format of OCI.
    pub(crate) fn import(&self, archive: File) -> anyhow::Result<()> {
        self.runtime.import(&self.assets, archive)
    }

    fn wait(&mut self) -> anyhow::Result<()> {
        let start = Instant::now();
        let ready = "jsonpath={.status.conditions[?(@.type=='Ready')].status}";
        loop {
            self.containerd.still_runs()?;
            self.scheduler.still_runs()?;
            self.kubelet.still_runs()?;
            let output = self.plane.kubectl(&["get", "node", NAME, "-o", ready])?;
            if output.stdout == b"True" {
                return Ok(());
            }
            if start.elapsed() > READY {
                bail!(
                    "the node is not ready after {READY:?}: {}",
                    String::from_utf8_lossy(&output.stderr)
                );
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

/// Inside the enclosure the API server may have the port that pods are told, and need not hide on loopback.
fn options() -> Options {
    let api_server = [
        "--bind-address=0.0.0.0".to_owned(),
        format!("--advertise-address={}", network::NODE),
        // The node's name is resolved by nobody.
        "--kubelet-preferred-address-types=InternalIP".to_owned(),
        // Nothing translates the addresses of services: it reaches webhooks by those of their pods.
        "--enable-aggregator-routing=true".to_owned(),
    ];
    Options {
        api_server: api_server.into(),
        port: Some(443),
        publish_ca: true,
    }
}

fn scheduler_flags(kubeconfig: &Path) -> Vec<String> {
    let kubeconfig = kubeconfig.display();
    vec![
        format!("--kubeconfig={kubeconfig}"),
        format!("--authentication-kubeconfig={kubeconfig}"),
        format!("--authorization-kubeconfig={kubeconfig}"),
        "--leader-elect=false".to_owned(),
        "--kube-api-qps=200".to_owned(),
        "--kube-api-burst=400".to_owned(),
    ]
}
