//! Two creations of one pod, made comparable.

use serde_json::{Value, json};

/// The pod without what differs between any two creations: name, namespace, times, and the token volume's random name.
pub(super) fn comparable(pod: &Value) -> Value {
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
    let token = |value: &mut Value| {
        if let Some(name) = value["name"].as_str().filter(|name| is_token_volume(name)) {
            let kept = name.split_at("kube-api-access-".len()).0.to_owned();
            value["name"] = json!(kept);
        }
    };
    let spec = &mut pod["spec"];
    spec["volumes"]
        .as_array_mut()
        .into_iter()
        .flatten()
        .for_each(token);
    for list in ["containers", "initContainers"] {
        for container in spec[list].as_array_mut().into_iter().flatten() {
            container["volumeMounts"]
                .as_array_mut()
                .into_iter()
                .flatten()
                .for_each(token);
        }
    }
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

/// Whether the ServiceAccount plugin made the volume up (T5).
fn is_token_volume(name: &str) -> bool {
    let made_up = name
        .strip_prefix("kube-api-access-")
        .filter(|end| end.len() == 5);
    made_up.is_some_and(|end| {
        end.chars()
            .all(|c| "bcdfghjklmnpqrstvwxz2456789".contains(c))
    })
}
