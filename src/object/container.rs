//! A container, its kind and its place in the pod.

use std::fmt;

use super::text::Text;
use super::{ContainerSpec, SecurityContext};

/// What kind of container it is: rules and the API treat them differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ContainerKind {
    /// Runs to its end before the regular ones start.
    Init,
    /// An init container with `restartPolicy: Always` (N1: only this exact value).
    Sidecar,
    /// One of `spec.containers`.
    Regular,
    /// Added to a running pod, by `kubectl debug` for one.
    Ephemeral,
}

impl ContainerKind {
    /// The list of the pod spec that holds it.
    #[must_use]
    pub fn list(self) -> &'static str {
        match self {
            Self::Init | Self::Sidecar => "initContainers",
            Self::Regular => "containers",
            Self::Ephemeral => "ephemeralContainers",
        }
    }
}

impl fmt::Display for ContainerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Init => "init container",
            Self::Sidecar => "sidecar",
            Self::Regular => "container",
            Self::Ephemeral => "ephemeral container",
        })
    }
}

/// A container and its place in the pod.
#[derive(Clone, Copy, Debug)]
pub struct Container<'a> {
    /// What kind it is.
    pub kind: ContainerKind,
    /// Its position in [`ContainerKind::list`].
    pub index: usize,
    /// What it says.
    pub spec: &'a ContainerSpec<'a>,
}

impl<'a> Container<'a> {
    /// Its security context, if it has one.
    #[must_use]
    pub fn security_context(&self) -> Option<&'a SecurityContext<'a>> {
        self.spec.security_context.as_ref()
    }

    /// Whether its author asked for all privileges of the node.
    #[must_use]
    pub fn is_privileged(&self) -> bool {
        self.security_context()
            .is_some_and(|context| context.privileged == Some(true))
    }

    /// Whether it is mounted at `path`: a volume, a device, or what the kubelet mounts for it. Paths are compared clean,
    /// since `/tmp` and `/tmp/` are two to the API and one at run time (M2); a mount above counts, since the author's
    /// volume is there then (M4).
    #[must_use]
    pub fn covers(&self, path: &str) -> bool {
        let mounts = self
            .spec
            .volume_mounts
            .iter()
            .flatten()
            .map(|mount| mount.mount_path.as_str());
        let devices = self
            .spec
            .volume_devices
            .iter()
            .flatten()
            .map(|device| device.device_path.as_str());
        let message = self.spec.termination_message_path.as_deref();
        mounts
            .chain(devices)
            .chain(message)
            .any(|there| is_at_or_below(path, there))
    }

    /// The capabilities that the author adds.
    #[must_use]
    pub fn added_capabilities(&self) -> &'a [Text<'a>] {
        let capabilities = self
            .security_context()
            .and_then(|c| c.capabilities.as_ref());
        capabilities
            .and_then(|c| c.add.as_deref())
            .unwrap_or_default()
    }

    /// The capabilities that the author drops.
    #[must_use]
    pub fn dropped_capabilities(&self) -> &'a [Text<'a>] {
        let capabilities = self
            .security_context()
            .and_then(|c| c.capabilities.as_ref());
        capabilities
            .and_then(|c| c.drop.as_deref())
            .unwrap_or_default()
    }
}

/// Whether `path` is `above` or lies below it, both taken clean.
fn is_at_or_below(path: &str, above: &str) -> bool {
    // Nearly every path is clean as it is written.
    if is_clean(path) && is_clean(above) {
        let rest = path.strip_prefix(above);
        return rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    }
    let mut path = steps(path).into_iter();
    steps(above)
        .into_iter()
        .all(|step| path.next() == Some(step))
}

/// Whether a path begins at the root, and between its slashes there are names, and nothing that begins with a dot.
fn is_clean(path: &str) -> bool {
    let path = path.as_bytes();
    let mut pairs = path.windows(2);
    path.starts_with(b"/")
        && !path.ends_with(b"/")
        && !pairs.any(|pair| matches!(pair, b"//" | b"/."))
}

/// The names on the way to a path: without empty ones, `.` and `..`.
fn steps(path: &str) -> Vec<&str> {
    let mut steps = Vec::new();
    for step in path.split('/') {
        match step {
            "" | "." => {}
            ".." => {
                steps.pop();
            }
            step => steps.push(step),
        }
    }
    steps
}
