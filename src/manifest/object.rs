//! The objects of a document: itself, or the items of a list.

use serde_json::Value;

use crate::object::Template;

/// Kinds of others that hold a pod's template where Kubernetes' own workloads do.
const OTHERS: [(&str, &str); 2] = [
    ("argoproj.io", "Rollout"),
    ("serving.knative.dev", "Service"),
];

/// The API group that workloads were in before `apps`.
const FORMER_GROUP: &str = "extensions";

/// An object that holds a pod, and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The document that it is in, from 0.
    pub document: usize,
    /// The names and positions on the way to it in its document: none, or those of a list's item.
    pub path: Vec<String>,
    /// Where it keeps its pod.
    pub template: Template,
    /// Its kind.
    pub kind: String,
    /// The namespace that it names, if it names one.
    pub namespace: Option<String>,
    /// Its name, or what its name will begin with.
    pub name: String,
}

/// One object, with the way to it, and the kind that its list says it is of where it says nothing itself.
pub(super) struct Found<'v> {
    pub(super) path: Vec<String>,
    pub(super) value: &'v Value,
    pub(super) api_version: &'v str,
    pub(super) kind: &'v str,
}

/// The objects in the value of a document: lists are opened, as `kubectl` does.
pub(super) fn objects(document: &Value) -> Vec<Found<'_>> {
    let mut found = Vec::new();
    collect(document, Vec::new(), ("", ""), &mut found);
    found
}

fn collect<'v>(
    value: &'v Value,
    path: Vec<String>,
    of_list: (&'v str, &'v str),
    found: &mut Vec<Found<'v>>,
) {
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    let api_version = text("apiVersion").unwrap_or(of_list.0);
    let kind = text("kind").unwrap_or(of_list.1);
    match (
        kind.strip_suffix("List"),
        value.get("items").and_then(Value::as_array),
    ) {
        (Some(item_kind), Some(items)) => {
            for (index, item) in items.iter().enumerate() {
                let mut path = path.clone();
                path.extend(["items".to_owned(), index.to_string()]);
                let of_list = match item_kind {
                    "" => ("", ""),
                    kind => (api_version, kind),
                };
                collect(item, path, of_list, found);
            }
        }
        _ if value.is_object() => found.push(Found {
            path,
            value,
            api_version,
            kind,
        }),
        _ => {}
    }
}

impl Found<'_> {
    /// Where the object keeps its pod, if it holds one.
    pub(super) fn template(&self) -> Option<Template> {
        let (group, version) = match self.api_version.split_once('/') {
            Some((group, version)) => (group, version),
            None => ("", self.api_version),
        };
        if version.is_empty() {
            return None;
        }
        let group = if group == FORMER_GROUP { "apps" } else { group };
        let other = OTHERS
            .contains(&(group, self.kind))
            .then_some(Template::Spec);
        Template::of(group, self.kind).or(other)
    }

    /// The object as a subject of rules, if it holds a pod.
    pub(super) fn subject(&self, document: usize) -> Option<Subject> {
        let metadata = |name: &str| {
            let text = self.value.get("metadata")?.get(name)?.as_str();
            text.filter(|text| !text.is_empty()).map(ToOwned::to_owned)
        };
        Some(Subject {
            document,
            path: self.path.clone(),
            template: self.template()?,
            kind: self.kind.to_owned(),
            namespace: metadata("namespace"),
            name: metadata("name")
                .or_else(|| metadata("generateName"))
                .unwrap_or_default(),
        })
    }
}
