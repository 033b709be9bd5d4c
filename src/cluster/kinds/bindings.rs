//! RoleBindings and ClusterRoleBindings: to which service accounts something is bound (B1 to B6).

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use k8s_openapi::api::rbac::v1;
use kube::api::ObjectMeta;
use serde::Deserialize;

use super::Kind;
use crate::cluster::object::objects;
use crate::plan::{Facts, Subjects};

objects! {
    RoleBinding: v1::RoleBinding,
    ClusterRoleBinding: v1::ClusterRoleBinding,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(in super::super) struct RoleBinding {
    metadata: ObjectMeta,
    role_ref: RoleRef,
    subjects: Option<Vec<Subject>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(in super::super) struct ClusterRoleBinding {
    metadata: ObjectMeta,
    role_ref: RoleRef,
    subjects: Option<Vec<Subject>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct RoleRef {
    kind: String,
    name: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Subject {
    kind: String,
    name: String,
    namespace: Option<String>,
}

/// What marks the bindings that every cluster is born with. Some bind every service account, each to the role of its own name,
/// to find out what the API offers: no reason to have a token (B4).
const BORN_WITH: (&str, &str) = ("kubernetes.io/bootstrapping", "rbac-defaults");

/// In every namespace, OpenShift binds the right to pull its images to all accounts of the namespace.
const OPENSHIFT_IMAGE_PULLERS: (&str, &str) = ("system:image-pullers", "system:image-puller");

/// To whom one subject of a binding binds (B2, B3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) enum Bound {
    Everyone,
    Namespace(Box<str>),
    Account(Box<str>, Box<str>),
}

pub(in super::super) struct RoleBindings;

impl Kind for RoleBindings {
    type Object = RoleBinding;
    type Part = Vec<Bound>;
    const NAME: &'static str = "rolebindings";

    fn part(binding: RoleBinding) -> Option<Vec<Bound>> {
        let name = binding.metadata.name.as_deref().unwrap_or_default();
        if (name, binding.role_ref.name.as_str()) == OPENSHIFT_IMAGE_PULLERS {
            return None;
        }
        bound(binding.subjects, binding.metadata.namespace.as_deref())
    }

    fn publish<'p>(
        facts: &mut Facts,
        parts: Option<impl Iterator<Item = &'p Vec<Bound>>>,
        _: SystemTime,
    ) -> Option<Duration> {
        facts.role_bindings = parts.map(subjects);
        None
    }
}

pub(in super::super) struct ClusterRoleBindings;

impl Kind for ClusterRoleBindings {
    type Object = ClusterRoleBinding;
    type Part = Vec<Bound>;
    const NAME: &'static str = "clusterrolebindings";

    fn part(binding: ClusterRoleBinding) -> Option<Vec<Bound>> {
        let was_born_with = is_born_with(&binding);
        let mut bound = bound(binding.subjects, None)?;
        bound.retain(|bound| !(was_born_with && *bound == Bound::Everyone));
        Some(bound).filter(|bound| !bound.is_empty())
    }

    fn publish<'p>(
        facts: &mut Facts,
        parts: Option<impl Iterator<Item = &'p Vec<Bound>>>,
        _: SystemTime,
    ) -> Option<Duration> {
        facts.cluster_role_bindings = parts.map(subjects);
        None
    }
}

/// Whether the binding is one of Kubernetes' own, and still binds to what it was made for.
fn is_born_with(binding: &ClusterRoleBinding) -> bool {
    let (metadata, role) = (&binding.metadata, &binding.role_ref);
    let (label, value) = BORN_WITH;
    let labels = metadata.labels.as_ref();
    let is_marked = labels
        .and_then(|labels| labels.get(label))
        .is_some_and(|v| v == value);
    let is_to_role_of_its_name =
        role.kind == "ClusterRole" && metadata.name.as_deref() == Some(&role.name);
    is_marked && is_to_role_of_its_name && role.name.starts_with("system:")
}

/// The service accounts among the subjects of a binding in `namespace`.
fn bound(subjects: Option<Vec<Subject>>, namespace: Option<&str>) -> Option<Vec<Bound>> {
    let bound: Vec<Bound> = subjects
        .into_iter()
        .flatten()
        .filter_map(|subject| of(&subject, namespace))
        .collect();
    Some(bound).filter(|bound| !bound.is_empty())
}

fn of(subject: &Subject, own_namespace: Option<&str>) -> Option<Bound> {
    let name = subject.name.as_str();
    match subject.kind.as_str() {
        "ServiceAccount" => {
            let given = subject
                .namespace
                .as_deref()
                .filter(|given| !given.is_empty());
            Some(Bound::Account(given.or(own_namespace)?.into(), name.into()))
        }
        "User" => {
            let (namespace, name) = name
                .strip_prefix("system:serviceaccount:")?
                .split_once(':')?;
            Some(Bound::Account(namespace.into(), name.into()))
        }
        "Group" => match name {
            "system:serviceaccounts" | "system:authenticated" => Some(Bound::Everyone),
            _ => {
                let namespace = name.strip_prefix("system:serviceaccounts:")?;
                Some(Bound::Namespace(namespace.into()))
            }
        },
        _ => None,
    }
}

fn subjects<'p>(parts: impl Iterator<Item = &'p Vec<Bound>>) -> Arc<Subjects> {
    let mut subjects = Subjects::default();
    for bound in parts.flatten() {
        match bound {
            Bound::Everyone => subjects.everyone = true,
            Bound::Namespace(namespace) => {
                subjects.namespaces.insert(namespace.clone());
            }
            Bound::Account(namespace, name) => match subjects.accounts.get_mut(namespace) {
                Some(names) => {
                    names.insert(name.clone());
                }
                None => {
                    let names = std::iter::once(name.clone()).collect();
                    subjects.accounts.insert(namespace.clone(), names);
                }
            },
        }
    }
    Arc::new(subjects)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(kind: &str, name: &str, namespace: Option<&str>) -> Subject {
        Subject {
            kind: kind.to_owned(),
            name: name.to_owned(),
            namespace: namespace.map(str::to_owned),
        }
    }

    /// Whether `default` of `shop` is bound by a subject of a binding in `namespace`.
    fn binds(subject: Subject, namespace: Option<&str>) -> bool {
        let parts = bound(Some(vec![subject]), namespace);
        let facts = Facts {
            role_bindings: Some(subjects(parts.iter())),
            ..Facts::default()
        };
        facts.is_bound("shop", "default") == Some(true)
    }

    #[test]
    fn every_form_of_a_subject_is_understood() {
        for (subject, namespace, expected) in [
            (
                subject("ServiceAccount", "default", Some("shop")),
                None,
                true,
            ),
            (
                subject("ServiceAccount", "default", Some("shop")),
                Some("other"),
                true,
            ),
            (
                subject("ServiceAccount", "default", None),
                Some("shop"),
                true,
            ),
            (
                subject("ServiceAccount", "default", Some("")),
                Some("shop"),
                true,
            ),
            (subject("ServiceAccount", "default", None), None, false),
            (
                subject("ServiceAccount", "default", Some("other")),
                Some("shop"),
                false,
            ),
            (
                subject("ServiceAccount", "other", Some("shop")),
                None,
                false,
            ),
            (
                subject("User", "system:serviceaccount:shop:default", None),
                None,
                true,
            ),
            (
                subject("User", "system:serviceaccount:shop:other", None),
                None,
                false,
            ),
            (subject("User", "default", Some("shop")), None, false),
            (subject("Group", "system:serviceaccounts", None), None, true),
            (
                subject("Group", "system:serviceaccounts:shop", None),
                None,
                true,
            ),
            (
                subject("Group", "system:serviceaccounts:other", None),
                None,
                false,
            ),
            (subject("Group", "system:authenticated", None), None, true),
            (subject("Group", "system:masters", None), None, false),
        ] {
            let text = format!("{subject:?} in {namespace:?}");
            assert_eq!(binds(subject, namespace), expected, "{text}");
        }
    }

    #[test]
    fn what_every_cluster_is_born_with_does_not_count_unless_it_was_changed() {
        let counts = |name: &str, role: &str, label: Option<&str>, subject: Subject| {
            let labels = label.map(|value| [(BORN_WITH.0.to_owned(), value.to_owned())].into());
            let binding = ClusterRoleBinding {
                metadata: ObjectMeta {
                    name: Some(name.to_owned()),
                    labels,
                    ..Default::default()
                },
                role_ref: RoleRef {
                    kind: "ClusterRole".to_owned(),
                    name: role.to_owned(),
                },
                subjects: Some(vec![subject]),
            };
            ClusterRoleBindings::part(binding).is_some()
        };
        let all = || subject("Group", "system:authenticated", None);
        let one = subject("ServiceAccount", "default", Some("shop"));
        let (marked, name) = (Some(BORN_WITH.1), "system:discovery");
        assert!(!counts(name, name, marked, all()));
        assert!(counts(name, name, None, all()), "not marked");
        assert!(
            counts(name, "cluster-admin", marked, all()),
            "to another role"
        );
        assert!(
            counts("cluster-admin", "cluster-admin", marked, all()),
            "to a strong role"
        );
        assert!(counts(name, name, marked, one), "to one account");
    }
}
