//! The fields that are read, borrowed from the document. A field that is `null` counts as absent, as in Kubernetes.

use serde::{Deserialize, Deserializer};

use super::text::{Pairs, Text};
use super::{ContainerKind, windows::Affinity};

/// An object that holds a pod: the pod itself, or a workload with its template.
///
/// One type serves all kinds, so that a review is read in one pass before its kind is known. No workload's spec has a
/// field of a pod spec's name that is read here.
#[derive(Debug, Default, Deserialize)]
pub struct Object<'a> {
    /// Its metadata.
    #[serde(borrow, default, deserialize_with = "null_is_default")]
    pub metadata: Metadata<'a>,
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
    #[serde(borrow, default)]
    pub annotations: Pairs<'a>,
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
    /// The seccomp profile of containers that name none.
    #[serde(borrow)]
    pub seccomp_profile: Option<SeccompProfile<'a>>,
    /// Windows settings.
    pub windows_options: Option<WindowsOptions>,
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

fn null_is_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
