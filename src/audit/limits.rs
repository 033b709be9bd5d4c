//! What a LimitRange gives to containers before a webhook sees their pod: known for pods, and not yet there in a template.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::object::Template;

/// What the LimitRanges of a namespace fill in, in the order in which they do.
#[derive(Clone, Debug, Default)]
pub struct Defaults(Vec<Limits>);

/// What one LimitRange fills in (L1): the API server has given `defaultRequest` what only `default` says.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Limits {
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    default: Map<String, Value>,
    #[serde(default)]
    default_request: Map<String, Value>,
}

impl Defaults {
    /// Takes the LimitRange in `text` into account; one that cannot be read says nothing.
    pub fn take(&mut self, text: &str) {
        #[derive(Default, Deserialize)]
        struct Range {
            #[serde(default)]
            spec: Spec,
        }
        #[derive(Default, Deserialize)]
        struct Spec {
            #[serde(default)]
            limits: Vec<Limits>,
        }
        let range: Range = serde_json::from_str(text).unwrap_or_default();
        let of_containers = range.spec.limits.into_iter();
        self.0.extend(of_containers.filter(|limits| {
            limits.kind == "Container"
                && !(limits.default.is_empty() && limits.default_request.is_empty())
        }));
    }

    /// The object in `text` with what its pods will be given; `None` where that is nothing.
    #[must_use]
    pub fn fill(&self, text: &str, template: Template) -> Option<String> {
        if self.0.is_empty() {
            return None;
        }
        let mut object: Value = serde_json::from_str(text).ok()?;
        let spec = object.pointer_mut(&format!("{}/spec", template.pointer()))?;
        for list in ["initContainers", "containers"] {
            let containers = spec.get_mut(list).and_then(Value::as_array_mut);
            for container in containers.into_iter().flatten() {
                if let Some(container) = container.as_object_mut() {
                    self.0.iter().for_each(|limits| limits.fill(container));
                }
            }
        }
        Some(object.to_string())
    }
}

impl Limits {
    fn fill(&self, container: &mut Map<String, Value>) {
        let Some(resources) = object(container, "resources") else {
            return;
        };
        // A limit of the author is a request too, and is so before a LimitRange is asked (Z3).
        let own = resources.get("limits").and_then(Value::as_object).cloned();
        if let Some(requests) = object(resources, "requests") {
            for (resource, amount) in own.iter().flatten().chain(&self.default_request) {
                requests
                    .entry(resource.clone())
                    .or_insert_with(|| amount.clone());
            }
        }
        if let Some(limits) = object(resources, "limits") {
            for (resource, amount) in &self.default {
                limits
                    .entry(resource.clone())
                    .or_insert_with(|| amount.clone());
            }
        }
    }
}

/// The object at `key`, made where it is missing.
fn object<'m>(map: &'m mut Map<String, Value>, key: &str) -> Option<&'m mut Map<String, Value>> {
    let value = map.entry(key.to_owned()).or_insert(Value::Null);
    if value.is_null() {
        *value = Value::Object(Map::new());
    }
    value.as_object_mut()
}
