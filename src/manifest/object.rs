//! The objects of a document: itself, or the items of a list.

use std::borrow::Cow;
use std::collections::HashSet;

use serde_json::{Value, json};

use crate::config::{EVERY, Settings};
use crate::object::Template;

/// The API group that workloads were in before `apps`.
const FORMER_GROUP: &str = "extensions";

/// An object that holds a pod, and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The document that it is in, from 0.
    pub document: usize,
    /// The names and positions on the way to it in its document: none, or those of a list's item.
    pub path: Vec<String>,
    /// Where it keeps its pod, as rules see it: a custom resource is seen as a workload of Kubernetes.
    pub template: Template,
    /// The names and positions on the way from it to that pod.
    pub pod: Vec<String>,
    /// Its kind.
    pub kind: String,
    /// The namespace that it names, if it names one.
    pub namespace: Option<String>,
    /// Its name, or what its name will begin with.
    pub name: String,
}

impl Subject {
    /// The way in the document to something in the pod, by the way from there.
    pub(super) fn in_document(&self, in_pod: &[String]) -> Vec<String> {
        [&self.path, &self.pod, in_pod].concat()
    }

    /// The way in the document to something in the object as rules see it.
    pub(super) fn translated(&self, seen: Vec<String>) -> Vec<String> {
        let names: Vec<&str> = self.template.pointer().split('/').skip(1).collect();
        match seen.get(..names.len()) {
            Some(first) if first == names => {
                self.in_document(seen.get(names.len()..).unwrap_or_default())
            }
            _ => [self.path.clone(), seen].concat(),
        }
    }
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

impl<'v> Found<'v> {
    /// The API group and its version; `None` where the object does not say.
    fn api(&self) -> Option<(&'v str, &'v str)> {
        let (group, version) = match self.api_version.split_once('/') {
            Some((FORMER_GROUP, version)) => ("apps", version),
            Some((group, version)) => (group, version),
            None => ("", self.api_version),
        };
        (!version.is_empty()).then_some((group, version))
    }

    /// Where it keeps its pod, if it is of one of Kubernetes' own kinds.
    pub(super) fn template(&self) -> Option<Template> {
        Template::of(self.api()?.0, self.kind)
    }

    /// The object as a subject of rules, once for each pod that it holds.
    pub(super) fn subjects(&self, document: usize, settings: &Settings) -> Vec<Subject> {
        if let Some(template) = self.template() {
            let names = template.pointer().split('/').skip(1);
            let pod = names.map(ToOwned::to_owned).collect();
            return vec![self.subject(document, template, pod)];
        }
        let Some((group, version)) = self.api() else {
            return Vec::new();
        };
        let mut pods = Vec::new();
        for way in settings.templates(group, version, self.kind) {
            expand(self.value, way, &[], &mut pods);
        }
        // Ways may meet.
        let mut known = HashSet::new();
        pods.retain(|pod| known.insert(pod.clone()));
        let subjects = pods.into_iter();
        let subjects = subjects.map(|pod| self.subject(document, Template::Spec, pod));
        subjects.collect()
    }

    /// The object as rules see it: a custom resource, whose pod is elsewhere, as a workload of Kubernetes with that pod.
    pub(super) fn seen(&self, subject: &Subject) -> Cow<'v, Value> {
        if self.template().is_some() {
            return Cow::Borrowed(self.value);
        }
        let mut way = subject.pod.iter();
        let pod = way.try_fold(self.value, |at, step| match at {
            Value::Array(items) => items.get(step.parse::<usize>().ok()?),
            _ => at.get(step),
        });
        Cow::Owned(json!({"kind": self.kind, "spec": {"template": pod}}))
    }

    fn subject(&self, document: usize, template: Template, pod: Vec<String>) -> Subject {
        let metadata = |name: &str| {
            let text = self.value.get("metadata")?.get(name)?.as_str();
            text.filter(|text| !text.is_empty()).map(ToOwned::to_owned)
        };
        Subject {
            document,
            path: self.path.clone(),
            template,
            pod,
            kind: self.kind.to_owned(),
            namespace: metadata("namespace"),
            name: metadata("name")
                .or_else(|| metadata("generateName"))
                .unwrap_or_default(),
        }
    }
}

/// Every place that a way leads to in `value`; what is not there, or `null`, is none.
fn expand(value: &Value, way: &[String], done: &[String], found: &mut Vec<Vec<String>>) {
    let Some((step, rest)) = way.split_first() else {
        if !value.is_null() {
            found.push(done.to_vec());
        }
        return;
    };
    let below: Vec<(String, &Value)> = match (value, step.as_str()) {
        (Value::Array(items), EVERY) => {
            let items = items.iter().enumerate();
            items.map(|(at, item)| (at.to_string(), item)).collect()
        }
        (Value::Object(members), EVERY) => {
            let members = members.iter();
            members.map(|(name, value)| (name.clone(), value)).collect()
        }
        (Value::Object(members), name) => {
            let member = members.get(name).into_iter();
            member.map(|value| (name.to_owned(), value)).collect()
        }
        _ => Vec::new(),
    };
    for (step, value) in below {
        let done = [done, &[step]].concat();
        expand(value, rest, &done, found);
    }
}
