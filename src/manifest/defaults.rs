//! What the API server fills in before a webhook sees a pod, as far as rules read it.

use serde_json::{Map, Value};

use crate::object::Template;

/// The object as a webhook would see it: who says a limit and no request asks for as much as the limit (A2).
pub(super) fn filled_in(object: &Value, template: Template) -> Value {
    let mut object = object.clone();
    let pointer = format!("{}/spec", template.pointer());
    if let Some(spec) = object.pointer_mut(&pointer).and_then(Value::as_object_mut) {
        requests(spec);
        for list in ["initContainers", "containers"] {
            let containers = spec.get_mut(list).and_then(Value::as_array_mut);
            for container in containers.into_iter().flatten() {
                container.as_object_mut().into_iter().for_each(requests);
            }
        }
    }
    object
}

/// The requests that the limits of a container or a pod stand for.
fn requests(holder: &mut Map<String, Value>) {
    let Some(resources) = holder.get_mut("resources").and_then(Value::as_object_mut) else {
        return;
    };
    let Some(Value::Object(limits)) = resources.get("limits").cloned() else {
        return;
    };
    let requests = resources.entry("requests").or_insert(Value::Null);
    if requests.is_null() {
        *requests = Value::Object(Map::new());
    }
    let Some(requests) = requests.as_object_mut() else {
        return;
    };
    for (resource, limit) in limits {
        let requested = requests
            .get(&resource)
            .is_some_and(|amount| !amount.is_null());
        if !requested && !limit.is_null() {
            requests.insert(resource, limit);
        }
    }
}
