//! What runs the containers: containerd 2 with a new runc, or Debian's older ones, which many clusters still have.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::control_plane::Process;

use super::shell::output_of;

/// Where containerd listens.
pub(super) const SOCKET: &str = "/run/containerd/containerd.sock";

/// Where containerd keeps what it knows of running containers.
const TASKS: &str = "/run/containerd/io.containerd.runtime.v2.task/k8s.io";

/// The image that keeps a pod's namespaces.
const PAUSE: &str = "localhost/pod-hardener/pause:1";

/// Which containerd and runc.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Runtime {
    /// containerd 2, which knows user namespaces and lets every user listen on low ports.
    Current,
    /// Debian 12's containerd 1.6 and runc 1.1, which do neither.
    Debian,
}

impl Runtime {
    /// The one that `NODE_RUNTIME` names.
    pub(crate) fn from_env() -> Self {
        match std::env::var("NODE_RUNTIME").as_deref() {
            Ok("debian") => Self::Debian,
            _ => Self::Current,
        }
    }

    /// The folder of its binaries.
    fn folder(self, assets: &Path) -> PathBuf {
        match self {
            Self::Current => assets.to_owned(),
            Self::Debian => assets.join("debian"),
        }
    }

    /// Starts containerd. It finds its shim by PATH, which has to name the right folder first.
    pub(super) fn start(self, assets: &Path, work: &Path) -> anyhow::Result<Process> {
        let folder = self.folder(assets);
        let config = work.join("containerd.toml");
        fs::write(&config, self.config(assets, work))?;
        let flags = [
            format!("PATH={}:/usr/sbin:/usr/bin:/sbin:/bin", folder.display()),
            folder.join("containerd").display().to_string(),
            "--config".to_owned(),
            config.display().to_string(),
        ];
        let log = work.join("containerd.log");
        Process::start(Path::new("env"), &flags, &log)
    }

    /// Waits until it answers.
    pub(super) fn wait(self, assets: &Path) -> anyhow::Result<()> {
        let start = Instant::now();
        while let Err(error) = self.ctr(assets, &["version"], Stdio::null()) {
            if start.elapsed() > Duration::from_secs(60) {
                return Err(error.context("containerd does not answer"));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// Imports an archive of images. An open file stays what it is when another one takes its name.
    pub(super) fn import(self, assets: &Path, archive: File) -> anyhow::Result<()> {
        self.ctr(assets, &["images", "import", "-"], archive.into())
    }

    fn ctr(self, assets: &Path, words: &[&str], stdin: Stdio) -> anyhow::Result<()> {
        let ctr = self.folder(assets).join("ctr").display().to_string();
        let mut command = vec![ctr.as_str(), "-a", SOCKET, "-n", "k8s.io"];
        command.extend(words);
        output_of(&command, stdin).map(drop)
    }

    /// The process that a container began with, by the container's id.
    pub(crate) fn first_process(self, container: &str) -> anyhow::Result<u32> {
        let file = format!("{TASKS}/{container}/init.pid");
        Ok(fs::read_to_string(file)?.trim().parse()?)
    }

    /// The processes that the containers of a pod's namespace began with, by the containers' names. What the API says of a
    /// pod comes later.
    pub(crate) fn containers(self, namespace: &str) -> anyhow::Result<BTreeMap<String, u32>> {
        let mut found = BTreeMap::new();
        for entry in fs::read_dir(TASKS)? {
            let folder = entry?.path();
            // One that comes or goes at this moment is none.
            let config = fs::read(folder.join("config.json")).unwrap_or_default();
            let Ok(config) = serde_json::from_slice::<Value>(&config) else {
                continue;
            };
            let annotation = |name: &str| config["annotations"][name].as_str();
            let of_it = annotation("io.kubernetes.cri.sandbox-namespace") == Some(namespace);
            let name = annotation("io.kubernetes.cri.container-name");
            let process = fs::read_to_string(folder.join("init.pid"));
            if let (true, Some(name), Ok(process)) = (of_it, name, process) {
                found.insert(name.to_owned(), process.trim().parse()?);
            }
        }
        Ok(found)
    }

    fn config(self, assets: &Path, work: &Path) -> String {
        let (runc, plugins, networks) = (
            self.folder(assets).join("runc").display().to_string(),
            assets.join("cni").display().to_string(),
            work.join("cni").display().to_string(),
        );
        // Without CAP_SYS_RESOURCE no process may be given a lower score than it has.
        match self {
            Self::Current => format!(
                r#"version = 3
[plugins."io.containerd.cri.v1.runtime"]
restrict_oom_score_adj = true
[plugins."io.containerd.cri.v1.runtime".cni]
bin_dirs = ["{plugins}"]
conf_dir = "{networks}"
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
BinaryName = "{runc}"
[plugins."io.containerd.cri.v1.images".pinned_images]
sandbox = "{PAUSE}"
"#
            ),
            Self::Debian => format!(
                r#"version = 2
[plugins."io.containerd.grpc.v1.cri"]
restrict_oom_score_adj = true
sandbox_image = "{PAUSE}"
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "{plugins}"
conf_dir = "{networks}"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
BinaryName = "{runc}"
"#
            ),
        }
    }
}
