//! The fields that are read, borrowed from the document. A field that is `null` counts as absent, as in Kubernetes.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::container_spec::{ContainerSpec, Resources, SeccompProfile, WindowsOptions};
use super::few;
use super::text::{Pairs, Text};
use super::volume::Volume;
use super::windows::Affinity;

/// An object that holds a pod: the pod itself, or a workload with its template.
///
/// One type serves all kinds, so that a review is read in one pass before its kind is known. No workload's spec has a
/// field of a pod spec's name that is read here.
#[derive(Debug, Default, Deserialize)]
pub struct Object<'a> {
    /// Its kind.
    #[serde(borrow)]
    pub kind: Option<Text<'a>>,
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
    /// Its namespace: a request's own word counts for more (I1).
    #[serde(borrow)]
    pub namespace: Option<Text<'a>>,
    /// Its labels.
    #[serde(borrow)]
    pub labels: Option<Pairs<'a>>,
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
    /// Its name.
    #[serde(borrow, default)]
    pub name: Text<'a>,
    /// Whether the owner manages the object.
    pub controller: Option<bool>,
}

/// A pod's spec, or a workload's with the template in it.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Spec<'a> {
    /// The regular containers.
    #[serde(borrow, default, deserialize_with = "few::read")]
    pub containers: Option<Vec<ContainerSpec<'a>>>,
    /// The init containers, sidecars among them.
    #[serde(borrow, default, deserialize_with = "few::read")]
    pub init_containers: Option<Vec<ContainerSpec<'a>>>,
    /// The ephemeral containers.
    #[serde(borrow, default, deserialize_with = "few::read")]
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
    #[serde(borrow, default, deserialize_with = "few::read")]
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
    /// The service account; `default` where none is named.
    #[serde(borrow)]
    pub service_account_name: Option<Text<'a>>,
    /// The old name of the same field.
    #[serde(borrow)]
    pub service_account: Option<Text<'a>>,
    /// Whether the service account's token is mounted.
    pub automount_service_account_token: Option<bool>,
    /// Whether containers are started again: `Always` where nothing is said.
    #[serde(borrow)]
    pub restart_policy: Option<Text<'a>>,
    /// What the pod as a whole asks of the node.
    #[serde(borrow)]
    pub resources: Option<Resources<'a>>,
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
