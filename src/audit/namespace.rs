//! A namespace: whether it opted in, and what all that is in it comes to.

use std::sync::Arc;

use k8s_openapi::api::core::v1::Namespace as Object;
use kube::ResourceExt;

use super::cost::{Added, Quota};
use super::entry::{Cell, PRACTICES};
use super::{Workload, clean};
use crate::config::Settings;
use crate::doctor::{HARDEN, Mode, OFF, Seen, entry_of};

/// Whether the pods of a namespace are hardened as they are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// By the profile that its label names.
    Labelled(String),
    /// By this profile, without a label that names it.
    ByDefault(String),
    /// Its label says no.
    Off,
    /// It has no label.
    Unlabelled,
    /// Its label names no profile.
    NoSuchProfile(String),
    /// The registration keeps away from it, whatever its label: here is the one that it has, if it names a profile.
    Excluded(Option<String>),
    /// Its labels could not be read.
    Unknown,
}

impl Standing {
    /// What the registration makes of a namespace's labels; without a registration, what they say.
    #[must_use]
    pub fn of(seen: &Seen, settings: &Settings, namespace: &Object) -> Self {
        let entries = seen.entries();
        let label = namespace.labels().get(HARDEN);
        if let Some(entry) = entry_of(&entries, Mode::Harden, namespace) {
            let profile = entry.profile.to_owned();
            return match label == Some(&profile) {
                true => Self::Labelled(profile),
                false => Self::ByDefault(profile),
            };
        }
        let mut hardening = entries.iter().filter(|entry| entry.mode == Mode::Harden);
        let Some(label) = label else {
            let mut labelled = namespace.clone();
            let would_take = hardening.clone().any(|entry| {
                labelled
                    .labels_mut()
                    .insert(HARDEN.to_owned(), entry.profile.to_owned());
                entry_of(&entries, Mode::Harden, &labelled).is_some()
            });
            return match would_take || hardening.next().is_none() {
                true => Self::Unlabelled,
                false => Self::Excluded(None),
            };
        };
        let is_registered = hardening.clone().any(|entry| entry.profile == label);
        match (label.as_str(), hardening.next()) {
            (OFF, _) => Self::Off,
            (_, None) if settings.profile(label).is_some() => Self::Labelled(label.clone()),
            (_, Some(_)) if is_registered => Self::Excluded(Some(clean(label))),
            _ => Self::NoSuchProfile(clean(label)),
        }
    }

    /// The profile by which new pods are hardened, if they are.
    #[must_use]
    pub fn profile(&self) -> Option<&str> {
        match self {
            Self::Labelled(profile) | Self::ByDefault(profile) => Some(profile),
            _ => None,
        }
    }

    /// In a word.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Labelled(_) => "labelled",
            Self::ByDefault(_) => "by-default",
            Self::Off => "off",
            Self::Unlabelled => "unlabelled",
            Self::NoSuchProfile(_) => "no-such-profile",
            Self::Excluded(_) => "excluded",
            Self::Unknown => "unknown",
        }
    }

    /// For a person.
    #[must_use]
    pub fn said(&self) -> String {
        match self {
            Self::Labelled(profile) => profile.clone(),
            Self::ByDefault(profile) => format!("{profile} (by default)"),
            Self::Off => "off".to_owned(),
            Self::Unlabelled => "no label".to_owned(),
            Self::NoSuchProfile(label) => format!("{label}: no such profile"),
            Self::Excluded(Some(label)) => format!("{label}: excluded"),
            Self::Excluded(None) => "excluded".to_owned(),
            Self::Unknown => "not known".to_owned(),
        }
    }
}

/// What is in a namespace.
#[derive(Clone, Debug)]
pub struct Namespace {
    /// Its name.
    pub name: Arc<str>,
    /// Whether its pods are hardened.
    pub standing: Standing,
    /// The profile that it was looked at by.
    pub profile: Arc<str>,
    /// How many workloads and pods of nobody's it has.
    pub workloads: usize,
    /// How many pods that have not ended.
    pub pods: usize,
    /// How many of them the profile would still change.
    pub open: usize,
    /// For each practice, how many workloads stand with it in which way, in the order of [`Cell::ALL`].
    pub practices: [[usize; Cell::ALL.len()]; PRACTICES],
    /// How many workloads choose something unsafe.
    pub unsafe_choices: usize,
    /// From how many workloads a rule steps back.
    pub steps_back: usize,
    /// How many workloads have an exception that is of no use.
    pub idle_exceptions: usize,
    /// What its pods would request beyond what they do, once they are made anew.
    pub added: Added,
    /// The quotas that count requests.
    pub quotas: Vec<Quota>,
}

impl Namespace {
    pub(super) fn new(name: Arc<str>, standing: Standing, profile: Arc<str>) -> Self {
        Self {
            name,
            standing,
            profile,
            workloads: 0,
            pods: 0,
            open: 0,
            practices: [[0; Cell::ALL.len()]; PRACTICES],
            unsafe_choices: 0,
            steps_back: 0,
            idle_exceptions: 0,
            added: Added::default(),
            quotas: Vec::new(),
        }
    }

    /// Counts a workload of it.
    pub(super) fn count(&mut self, workload: &Workload) {
        self.workloads += 1;
        self.unsafe_choices += usize::from(workload.said.is_unsafe);
        self.steps_back += usize::from(workload.said.steps_back);
        self.idle_exceptions += usize::from(workload.said.has_idle);
        for (counts, cell) in self.practices.iter_mut().zip(workload.practices) {
            let at = Cell::ALL.iter().position(|other| *other == cell);
            if let Some(count) = at.and_then(|at| counts.get_mut(at)) {
                *count += 1;
            }
        }
    }

    /// How it stands with a practice: the counts of [`Cell::ALL`]; `practice` is from 1.
    #[must_use]
    pub fn practice(&self, practice: usize) -> [usize; Cell::ALL.len()] {
        let found = self.practices.get(practice.saturating_sub(1));
        found.copied().unwrap_or_default()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use serde_json::json;

    use super::*;

    fn standing(name: &str, labels: &serde_json::Value) -> &'static str {
        let registration = json!({
            "metadata": {"name": "zz-pod-hardener"},
            "webhooks": [{
                "name": "strict.pod-hardener.io", "sideEffects": "None", "admissionReviewVersions": ["v1"],
                "clientConfig": {"url": "https://localhost/harden/strict"},
                "namespaceSelector": {
                    "matchLabels": {HARDEN: "strict"},
                    "matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["kube-system"]}],
                },
            }],
        });
        let seen = Seen {
            names: ["zz-pod-hardener".to_owned(), String::new()],
            mutating: vec![serde_json::from_value(registration).unwrap()],
            ..Seen::default()
        };
        let mut object = json!({"metadata": {"name": name, "labels": labels}});
        object["metadata"]["labels"]["kubernetes.io/metadata.name"] = json!(name);
        let namespace = serde_json::from_value(object).unwrap();
        Standing::of(&seen, &Settings::embedded(), &namespace).as_str()
    }

    #[test]
    fn who_could_not_opt_in_is_not_told_to() {
        let strict = json!({HARDEN: "strict"});
        assert_eq!(standing("shop", &strict), "labelled");
        assert_eq!(standing("shop", &json!({})), "unlabelled");
        assert_eq!(standing("kube-system", &strict), "excluded");
        assert_eq!(standing("kube-system", &json!({})), "excluded");
    }
}
