//! Where each kind keeps its pod, and a borrowed view of that pod.
//!
//! The view reads what rules look at and skips the rest, so that a field newer than this program passes through
//! untouched (J5). It never writes: a [`crate::plan::Plan`] does, against this view.

mod container;
mod container_spec;
mod few;
mod mount;
mod text;
mod token_volume;
mod view;
mod volume;
mod windows;

pub use container::{Container, ContainerKind};
pub use container_spec::{
    Capabilities, ContainerSpec, Port, Resources, SeccompProfile, SecurityContext, WindowsOptions,
};
pub use mount::VolumeMount;
pub use text::{Amounts, Pairs, Text};
pub use view::{Metadata, Object, Owner, PodSecurityContext, Spec};
pub use volume::{Source, Volume};

/// The kinds that hold a pod, by API group, and where in them it is.
const KINDS: [(&str, &str, Template); 8] = [
    ("", "Pod", Template::Itself),
    ("", "ReplicationController", Template::Spec),
    ("apps", "DaemonSet", Template::Spec),
    ("apps", "Deployment", Template::Spec),
    ("apps", "ReplicaSet", Template::Spec),
    ("apps", "StatefulSet", Template::Spec),
    ("batch", "CronJob", Template::JobSpec),
    ("batch", "Job", Template::Spec),
];

/// Where an object keeps its pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Template {
    /// The object is a pod.
    Itself,
    /// In `spec.template`.
    Spec,
    /// In `spec.jobTemplate.spec.template`.
    JobSpec,
}

impl Template {
    /// Where `kind` of the API group `group` keeps its pod; `None` where it keeps none.
    #[must_use]
    pub fn of(group: &str, kind: &str) -> Option<Self> {
        KINDS
            .iter()
            .find(|(g, k, _)| *g == group && *k == kind)
            .map(|(_, _, template)| *template)
    }

    /// The JSON pointer (RFC 6901) of the pod in the object.
    #[must_use]
    pub fn pointer(self) -> &'static str {
        match self {
            Self::Itself => "",
            Self::Spec => "/spec/template",
            Self::JobSpec => "/spec/jobTemplate/spec/template",
        }
    }

    /// The pod in `object`; `None` where the object has no pod spec there.
    #[must_use]
    pub fn pod<'a>(self, object: &'a Object<'a>) -> Option<Pod<'a>> {
        let holder = match self {
            Self::Itself => object,
            Self::Spec => object.spec.as_ref()?.template.as_deref()?,
            Self::JobSpec => {
                let job = object.spec.as_ref()?.job_template.as_deref()?;
                job.spec.as_ref()?.template.as_deref()?
            }
        };
        Some(Pod {
            template: self,
            kind: object.kind.as_deref(),
            metadata: holder.metadata.as_ref(),
            spec: holder.spec.as_ref()?,
        })
    }
}

/// A pod, or the template of one, as its author and everybody before us left it.
#[derive(Clone, Copy, Debug)]
pub struct Pod<'a> {
    /// Where in its object it is.
    pub template: Template,
    /// The object's kind.
    kind: Option<&'a str>,
    /// Its metadata.
    pub metadata: Option<&'a Metadata<'a>>,
    /// Its spec.
    pub spec: &'a Spec<'a>,
}

impl<'a> Pod<'a> {
    /// The kind that makes the pod: its controller's, or that of the object whose template it is.
    #[must_use]
    pub fn owner_kind(&self) -> Option<&'a str> {
        match self.template {
            Template::Itself => Some(self.metadata?.controller()?.kind.as_str()),
            Template::Spec | Template::JobSpec => self.kind,
        }
    }

    /// The annotations, if there are any.
    #[must_use]
    pub fn annotations(&self) -> Option<&'a Pairs<'a>> {
        self.metadata?.annotations.as_ref()
    }

    /// The value of the annotation `key`.
    #[must_use]
    pub fn annotation(&self, key: &str) -> Option<&'a str> {
        self.annotations()?.get(key)
    }

    /// The pod's security context, if it has one.
    #[must_use]
    pub fn security_context(&self) -> Option<&'a PodSecurityContext<'a>> {
        self.spec.security_context.as_ref()
    }

    /// The volumes.
    #[must_use]
    pub fn volumes(&self) -> &'a [Volume<'a>] {
        self.spec.volumes.as_deref().unwrap_or_default()
    }

    /// Whether the pod lives in the node's network namespace.
    #[must_use]
    pub fn is_on_host_network(&self) -> bool {
        self.spec.host_network == Some(true)
    }

    /// Whether the object at `path` below the pod is there, so that something can be put into it.
    pub(crate) fn has(&self, path: &[&str]) -> bool {
        let context = self.security_context();
        match path {
            ["spec"] => true,
            ["spec", "securityContext"] => context.is_some(),
            ["spec", "securityContext", "sysctls"] => context.is_some_and(|c| c.sysctls.is_some()),
            ["spec", "volumes"] => self.spec.volumes.is_some(),
            ["metadata"] => self.metadata.is_some(),
            ["metadata", "annotations"] => self.annotations().is_some(),
            _ => false,
        }
    }

    /// Whether this is the API's picture of a static pod, on which nothing can be changed (X17).
    #[must_use]
    pub fn is_mirror(&self) -> bool {
        self.annotation("kubernetes.io/config.mirror").is_some()
    }

    /// Whether the pod may run on a Windows node, by any of the signs of W3.
    #[must_use]
    pub fn is_windows(&self) -> bool {
        windows::is_windows(self.spec)
    }

    /// Whether a container is a process of its Windows node (W5).
    #[must_use]
    pub fn is_host_process(&self) -> bool {
        windows::is_host_process(self.spec)
    }

    /// The service account's name (section 1.2 of the rules).
    #[must_use]
    pub fn service_account(&self) -> &'a str {
        let named = [&self.spec.service_account_name, &self.spec.service_account];
        let mut named = named.into_iter().flatten().map(Text::as_str);
        named.find(|name| !name.is_empty()).unwrap_or("default")
    }

    /// Init containers, sidecars and regular containers, in the order of the spec.
    pub fn containers(&self) -> impl Iterator<Item = Container<'a>> + use<'a> {
        let init = self.spec.init_containers.iter().flatten();
        let regular = self.spec.containers.iter().flatten();
        let init = init.enumerate().map(|(index, spec)| Container {
            kind: spec.init_kind(),
            index,
            spec,
        });
        init.chain(regular.enumerate().map(|(index, spec)| Container {
            kind: ContainerKind::Regular,
            index,
            spec,
        }))
    }

    /// The container at `index` of its list.
    pub(crate) fn container(
        &self,
        kind: ContainerKind,
        index: usize,
    ) -> Option<&'a ContainerSpec<'a>> {
        let containers = match kind {
            ContainerKind::Init | ContainerKind::Sidecar => &self.spec.init_containers,
            ContainerKind::Regular => &self.spec.containers,
            ContainerKind::Ephemeral => &self.spec.ephemeral_containers,
        };
        containers.as_ref()?.get(index)
    }

    /// The ephemeral containers that are not among `existing` (U5: those that are may not change).
    pub fn new_ephemeral_containers<'n>(
        &self,
        existing: &'n [Text<'n>],
    ) -> impl Iterator<Item = Container<'a>> + use<'a, 'n> {
        let ephemeral = self.spec.ephemeral_containers.iter().flatten().enumerate();
        ephemeral
            .filter(|(_, spec)| !existing.iter().any(|name| name.as_str() == spec.name()))
            .map(|(index, spec)| Container {
                kind: ContainerKind::Ephemeral,
                index,
                spec,
            })
    }
}
