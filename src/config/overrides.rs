//! Overrides: other values for some containers, with a reason.

use wildmatch::WildMatch;

use super::image::{Image, ImagePattern, is_everything};
use super::profile::Change;
use crate::object::{Container, Pod};

/// Other values for the containers that it selects.
#[derive(Clone, Debug)]
pub struct Override {
    pub(super) reason: String,
    /// Where it begins, from 1.
    pub(super) line: usize,
    pub(super) selects: Selectors,
    pub(super) changes: Vec<Change>,
}

impl Override {
    /// Why it is there, in its author's words.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// The line in which it begins, from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }

    /// What it changes, in the order of the file.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }
}

/// What an override is for: all that are given must match, and of each list one is enough.
#[derive(Clone, Debug, Default)]
pub(super) struct Selectors {
    pub(super) namespaces: Option<Vec<WildMatch>>,
    pub(super) images: Option<Vec<ImagePattern>>,
    pub(super) containers: Option<Vec<WildMatch>>,
    pub(super) pod_labels: Option<Vec<(String, WildMatch)>>,
    pub(super) owner_kinds: Option<Vec<String>>,
}

impl Selectors {
    /// Whether the pod is selected, as far as that does not depend on the container.
    pub(super) fn match_pod(&self, pod: Pod<'_>, namespace: &str) -> bool {
        let labels = || pod.metadata?.labels.as_ref();
        let has = |(key, pattern): &(String, WildMatch)| {
            let value = labels().and_then(|labels| labels.get(key));
            value.is_some_and(|value| pattern.matches(value))
        };
        let owner = || pod.owner_kind().map(maker);
        any(&self.namespaces, |pattern| pattern.matches(namespace))
            && self
                .pod_labels
                .as_ref()
                .is_none_or(|all| all.iter().all(has))
            && any(&self.owner_kinds, |kind| owner() == Some(maker(kind)))
    }

    /// Whether the container of a selected pod, which runs `image`, is selected.
    pub(super) fn match_container(&self, container: Container<'_>, image: &Image<'_>) -> bool {
        let name = container.spec.name();
        // First what most overrides are told apart by.
        any(&self.images, |pattern| pattern.matches(image))
            && any(&self.containers, |pattern| pattern.matches(name))
    }

    /// Whether images are named, by more than what stands for all of them.
    pub(super) fn name_images(&self) -> bool {
        self.images.is_some() && !any(&self.images, ImagePattern::is_everything)
    }

    /// Whether no selector is given, or none that leaves anything out.
    pub(super) fn select_everything(&self) -> bool {
        any(&self.namespaces, is_everything)
            && any(&self.containers, is_everything)
            && any(&self.images, ImagePattern::is_everything)
            && self.pod_labels.as_ref().is_none_or(Vec::is_empty)
            && self.owner_kinds.is_none()
    }
}

fn any<T>(given: &Option<Vec<T>>, matches: impl Fn(&T) -> bool) -> bool {
    given.as_ref().is_none_or(|list| list.iter().any(matches))
}

/// The kind that makes the pods of a workload: a pod knows its ReplicaSet, and its author wrote a Deployment.
fn maker(kind: &str) -> &str {
    match kind {
        "Deployment" => "ReplicaSet",
        "CronJob" => "Job",
        other => other,
    }
}
