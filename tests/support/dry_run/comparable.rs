//! Two creations of one pod, made comparable.

use serde_json::{Value, json};

use crate::token::has_made_up_name;

/// The pod without what differs between any two creations: name, namespace, times, and the token volume's random name.
pub(crate) fn comparable(pod: &Value) -> Value {
    let mut pod = pod.clone();
    for key in [
        "name",
        "namespace",
        "uid",
        "creationTimestamp",
        "managedFields",
    ] {
        if let Some(metadata) = pod["metadata"].as_object_mut() {
            metadata.remove(key);
        }
    }
    if let Some(status) = pod["status"].as_object_mut() {
        status.remove("qosClass");
    }
    let token = |value: &mut Value| {
        if value["name"].as_str().is_some_and(has_made_up_name) {
            value["name"] = json!("kube-api-access-xxxxx");
        }
    };
    let spec = &mut pod["spec"];
    for_each(&mut spec["volumes"], token);
    for list in ["containers", "initContainers"] {
        for_each(&mut spec[list], |container| {
            for_each(&mut container["volumeMounts"], token);
            without_if_empty(container, "volumeMounts");
            probe_with_defaults(container);
        });
    }
    without_if_empty(spec, "volumes");
    // Asking for what is not there makes a null of it.
    for list in ["volumes", "containers", "initContainers"] {
        if spec[list].is_null()
            && let Some(spec) = spec.as_object_mut()
        {
            spec.remove(list);
        }
    }
    pod
}

fn for_each(list: &mut Value, change: impl FnMut(&mut Value)) {
    list.as_array_mut().into_iter().flatten().for_each(change);
}

/// What is empty is not stored.
fn without_if_empty(object: &mut Value, list: &str) {
    if let Some(object) = object.as_object_mut()
        && object
            .get(list)
            .is_some_and(|list| list.is_null() || *list == json!([]))
    {
        object.remove(list);
    }
}

/// The API server fills in the numbers of a probe (A3).
fn probe_with_defaults(container: &mut Value) {
    let Some(Value::Object(probe)) = container.get_mut("readinessProbe") else {
        return;
    };
    for (field, number) in [
        ("failureThreshold", 3),
        ("periodSeconds", 10),
        ("successThreshold", 1),
        ("timeoutSeconds", 1),
    ] {
        probe.entry(field).or_insert(json!(number));
    }
}
