//! The fields that are read, borrowed from the document. A field that is `null` counts as absent, as in Kubernetes.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::text::{Keys, Pairs, Text};
use super::volume::Volume;
use super::{ContainerKind, windows::Affinity};

/// An object that holds a pod: the pod itself, or a workload with its template.
///
/// One type serves all kinds, so that a review is read in one pass before its kind is known. No workload's spec has a
/// field of a pod spec's name that is read here.
#[derive(Debug, Default, Deserialize)]
pub struct Object<'a> {
    /// Its metadata: a template may have none.
    #[serde(borrow)]
    pub metadata: Option<Metadata<'a>>,
    /// Its spec.
    #[serde(borrow)]
    pub spec: Option<Spec<'a>>,
}

/// An object's metadata.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata<'a> {
    /// Its name: absent where the API server is to make one up (I2).
    #[serde(borrow)]
    pub name: Option<Text<'a>>,
    /// What a made-up name begins with.
    #[serde(borrow)]
    pub generate_name: Option<Text<'a>>,
    /// Its annotations.
    #[serde(borrow)]
    pub annotations: Option<Pairs<'a>>,
    /// Who owns it.
    #[serde(borrow)]
    pub owner_references: Option<Vec<Owner<'a>>>,
}

impl<'a> Metadata<'a> {
    /// The controller that made it, if one did.
    #[must_use]
    pub fn controller(&self) -> Option<&Owner<'a>> {
        let owners = self.owner_references.as_deref().unwrap_or_default();
        owners.iter().find(|owner| owner.controller == Some(true))
    }
}

/// An owner reference.
#[derive(Debug, Deserialize)]
pub struct Owner<'a> {
    /// The owner's kind.
    #[serde(borrow, default)]
    pub kind: Text<'a>,
    /// Whether the owner manages the object.
    pub controller: Option<bool>,
}

/// A pod's spec, or a workload's with the template in it.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Spec<'a> {
    /// The regular containers.
    #[serde(borrow)]
    pub containers: Option<Vec<ContainerSpec<'a>>>,
    /// The init containers, sidecars among them.
    #[serde(borrow)]
    pub init_containers: Option<Vec<ContainerSpec<'a>>>,
    /// The ephemeral containers.
    #[serde(borrow)]
    pub ephemeral_containers: Option<Vec<ContainerSpec<'a>>>,
    /// The pod's security context.
    #[serde(borrow)]
    pub security_context: Option<PodSecurityContext<'a>>,
    /// The operating system that the author names.
    #[serde(borrow)]
    pub os: Option<Os<'a>>,
    /// Labels that the node must have.
    #[serde(borrow, default)]
    pub node_selector: Pairs<'a>,
    /// The volumes.
    #[serde(borrow)]
    pub volumes: Option<Vec<Volume<'a>>>,
    /// Whether the pod lives in the node's network namespace.
    pub host_network: Option<bool>,
    /// Whether the pod sees the node's processes.
    #[serde(rename = "hostPID")]
    pub host_pid: Option<bool>,
    /// Whether the pod lives in the node's IPC namespace.
    #[serde(rename = "hostIPC")]
    pub host_ipc: Option<bool>,
    /// `false` gives the pod a user namespace of its own.
    pub host_users: Option<bool>,
    /// The runtime class.
    #[serde(borrow)]
    pub runtime_class_name: Option<Text<'a>>,
    /// The priority class.
    #[serde(borrow)]
    pub priority_class_name: Option<Text<'a>>,
    /// Claims of devices.
    pub resource_claims: Option<Vec<IgnoredAny>>,
    /// Where the pod wants to run.
    #[serde(borrow)]
    pub(super) affinity: Option<Affinity<'a>>,
    /// The pod template of most workloads.
    #[serde(borrow)]
    pub(super) template: Option<Box<Object<'a>>>,
    /// The job template of a CronJob.
    #[serde(borrow)]
    pub(super) job_template: Option<Box<Object<'a>>>,
}

/// `spec.os`.
#[derive(Debug, Deserialize)]
pub struct Os<'a> {
    /// `linux` or `windows`.
    #[serde(borrow, default)]
    pub name: Text<'a>,
}

/// A pod's security context.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PodSecurityContext<'a> {
    /// The user of containers that name none.
    pub run_as_user: Option<i64>,
    /// The group of containers that name none.
    pub run_as_group: Option<i64>,
    /// Whether containers that do not say must not run as root.
    pub run_as_non_root: Option<bool>,
    /// The group that owns the volumes.
    pub fs_group: Option<i64>,
    /// Further groups of every container.
    pub supplemental_groups: Option<Vec<i64>>,
    /// Kernel settings.
    #[serde(borrow)]
    pub sysctls: Option<Vec<Sysctl<'a>>>,
    /// The seccomp profile of containers that name none.
    #[serde(borrow)]
    pub seccomp_profile: Option<SeccompProfile<'a>>,
    /// Windows settings.
    pub windows_options: Option<WindowsOptions>,
}

/// A kernel setting.
#[derive(Debug, Deserialize)]
pub struct Sysctl<'a> {
    /// Its name.
    #[serde(borrow, default)]
    pub name: Text<'a>,
}

/// A container of any kind. An ephemeral container has the same fields, as far as they are read here.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContainerSpec<'a> {
    /// Its name.
    #[serde(borrow)]
    name: Option<Text<'a>>,
    /// `Always` makes an init container a sidecar.
    #[serde(borrow)]
    restart_policy: Option<Text<'a>>,
    /// Its security context.
    #[serde(borrow)]
    pub security_context: Option<SecurityContext<'a>>,
    /// The ports that it says it listens on.
    pub ports: Option<Vec<Port>>,
    /// Volumes mounted as folders or files.
    #[serde(borrow)]
    pub volume_mounts: Option<Vec<VolumeMount<'a>>>,
    /// Volumes mapped as block devices.
    #[serde(borrow)]
    pub volume_devices: Option<Vec<VolumeDevice<'a>>>,
    /// The file that the kubelet mounts for a last message.
    #[serde(borrow)]
    pub termination_message_path: Option<Text<'a>>,
    /// What it asks of the node.
    #[serde(borrow)]
    pub resources: Option<Resources<'a>>,
}

/// A port of a container.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Port {
    /// Its number in the pod.
    pub container_port: Option<i64>,
}

/// A volume in a container's file system.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VolumeMount<'a> {
    /// The volume.
    #[serde(borrow, default)]
    pub name: Text<'a>,
    /// Where it is mounted.
    #[serde(borrow, default)]
    pub mount_path: Text<'a>,
}

/// A volume as a block device in a container.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VolumeDevice<'a> {
    /// Where it is mapped.
    #[serde(borrow, default)]
    pub device_path: Text<'a>,
}

/// What a container asks of the node.
#[derive(Debug, Default, Deserialize)]
pub struct Resources<'a> {
    /// The most that it gets, by resource.
    #[serde(borrow)]
    pub limits: Option<Keys<'a>>,
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
        match path {
            ["securityContext"] => context.is_some(),
            ["securityContext", "capabilities"] => capabilities.is_some(),
            ["securityContext", "capabilities", "drop"] => {
                capabilities.is_some_and(|c| c.drop.is_some())
            }
            ["securityContext", "capabilities", "add"] => {
                capabilities.is_some_and(|c| c.add.is_some())
            }
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
pub struct WindowsOptions {}
