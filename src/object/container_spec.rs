//! A container's fields that are read, borrowed from the document.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::ContainerKind;
use super::mount::VolumeMount;
use super::text::{Amounts, Text};

/// A container of any kind. An ephemeral container has the same fields, as far as they are read here.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContainerSpec<'a> {
    /// Its name.
    #[serde(borrow)]
    name: Option<Text<'a>>,
    /// What it runs.
    #[serde(borrow)]
    pub image: Option<Text<'a>>,
    /// `Always` makes an init container a sidecar.
    #[serde(borrow)]
    restart_policy: Option<Text<'a>>,
    /// Its security context.
    #[serde(borrow)]
    pub security_context: Option<SecurityContext<'a>>,
    /// The ports that it says it listens on.
    #[serde(borrow)]
    pub ports: Option<Vec<Port<'a>>>,
    /// Volumes mounted as folders or files.
    #[serde(borrow)]
    pub volume_mounts: Option<Vec<VolumeMount<'a>>>,
    /// Volumes mapped as block devices.
    #[serde(borrow)]
    pub volume_devices: Option<Vec<VolumeDevice<'a>>>,
    /// The file that the kubelet mounts for a last message.
    #[serde(borrow)]
    pub termination_message_path: Option<Text<'a>>,
    /// What the last message is taken from.
    #[serde(borrow)]
    pub termination_message_policy: Option<Text<'a>>,
    /// What it asks of the node.
    #[serde(borrow)]
    pub resources: Option<Resources<'a>>,
    /// How the kubelet tells that it must be started anew.
    pub liveness_probe: Option<Probe>,
    /// How the kubelet tells that it can be sent traffic.
    pub readiness_probe: Option<Probe>,
}

/// A probe: that it is there is all that is read.
#[derive(Debug, Deserialize)]
pub struct Probe {}

/// A port of a container.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Port<'a> {
    /// Its number in the pod.
    pub container_port: Option<i64>,
    /// `TCP` where nothing is said.
    #[serde(borrow)]
    pub protocol: Option<Text<'a>>,
}

/// A volume as a block device in a container.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VolumeDevice<'a> {
    /// Where it is mapped.
    #[serde(borrow, default)]
    pub device_path: Text<'a>,
}

/// What a container, or a pod as a whole, asks of the node.
#[derive(Debug, Default, Deserialize)]
pub struct Resources<'a> {
    /// What is set aside for it, by resource.
    #[serde(borrow)]
    pub requests: Option<Amounts<'a>>,
    /// The most that it gets, by resource.
    #[serde(borrow)]
    pub limits: Option<Amounts<'a>>,
    /// Claims of devices.
    pub claims: Option<Vec<IgnoredAny>>,
}

impl ContainerSpec<'_> {
    /// Its name: empty where the author forgot it, which the API server will refuse.
    #[must_use]
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or_default()
    }

    /// What kind of container this is, if it is one of `initContainers`.
    pub(super) fn init_kind(&self) -> ContainerKind {
        match self.restart_policy.as_deref() {
            Some("Always") => ContainerKind::Sidecar,
            _ => ContainerKind::Init,
        }
    }

    /// Whether the object at `path` below the container is there, so that something can be put into it.
    pub(crate) fn has(&self, path: &[&str]) -> bool {
        let context = self.security_context.as_ref();
        let capabilities = context.and_then(|c| c.capabilities.as_ref());
        let resources = self.resources.as_ref();
        match path {
            ["securityContext"] => context.is_some(),
            ["securityContext", "capabilities"] => capabilities.is_some(),
            ["securityContext", "capabilities", "drop"] => {
                capabilities.is_some_and(|c| c.drop.is_some())
            }
            ["securityContext", "capabilities", "add"] => {
                capabilities.is_some_and(|c| c.add.is_some())
            }
            ["resources"] => resources.is_some(),
            ["resources", "requests"] => resources.is_some_and(|r| r.requests.is_some()),
            ["resources", "limits"] => resources.is_some_and(|r| r.limits.is_some()),
            ["volumeMounts"] => self.volume_mounts.is_some(),
            _ => false,
        }
    }
}

/// A container's security context.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SecurityContext<'a> {
    /// Whether it runs with all privileges of the node.
    pub privileged: Option<bool>,
    /// Whether a process may gain more privileges than its parent.
    pub allow_privilege_escalation: Option<bool>,
    /// The user.
    pub run_as_user: Option<i64>,
    /// The group.
    pub run_as_group: Option<i64>,
    /// Whether the kubelet refuses to run it as root.
    pub run_as_non_root: Option<bool>,
    /// Whether the image's file system cannot be written to.
    pub read_only_root_filesystem: Option<bool>,
    /// Capabilities added and dropped.
    #[serde(borrow)]
    pub capabilities: Option<Capabilities<'a>>,
    /// The seccomp profile.
    #[serde(borrow)]
    pub seccomp_profile: Option<SeccompProfile<'a>>,
    /// Windows settings.
    pub windows_options: Option<WindowsOptions>,
}

/// Capabilities added to and dropped from the runtime's default set.
#[derive(Debug, Default, Deserialize)]
pub struct Capabilities<'a> {
    /// Those added.
    #[serde(borrow)]
    pub add: Option<Vec<Text<'a>>>,
    /// Those dropped.
    #[serde(borrow)]
    pub drop: Option<Vec<Text<'a>>>,
}

/// A seccomp profile.
#[derive(Debug, Default, Deserialize)]
pub struct SeccompProfile<'a> {
    /// `RuntimeDefault`, `Localhost` or `Unconfined`.
    #[serde(rename = "type", borrow, default)]
    pub kind: Text<'a>,
}

/// Windows settings: that they are there says that the pod is for Windows (W3).
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WindowsOptions {
    /// Whether the container is a process of the node (W5).
    pub host_process: Option<bool>,
}
