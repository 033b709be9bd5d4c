//! The API token as the ServiceAccount plugin of a real API server mounts it (section 1.2 of its rules), on JSON values and
//! independent of the program's own recognition.

#![allow(dead_code, reason = "each test program uses its part of this")]

use serde_json::{Map, Value, json};

/// The token's volume under `name`, as the webhook sees it in the second round.
pub(crate) fn volume(name: &str) -> Value {
    json!({"name": name, "projected": {"defaultMode": 420, "sources": [
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {"configMap": {"items": [{"key": "ca.crt", "path": "ca.crt"}], "name": "kube-root-ca.crt"}},
        {"downwardAPI": {"items": [{"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}, "path": "namespace"}]}},
    ]}})
}

/// The mount of the token's volume called `name`.
pub(crate) fn mount(name: &str) -> Value {
    json!({"name": name, "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "readOnly": true})
}

/// The pod as its author wrote it, without the volume and the mounts of the plugin.
pub(crate) fn without(pod: &Value) -> Value {
    let mut pod = pod.clone();
    let is_tokens = |volume: &Value| {
        let name = volume["name"].as_str().unwrap_or_default();
        let plain = self::volume(name);
        let sources = volume["projected"]["sources"].as_array();
        let first_three = sources.and_then(|sources| sources.get(..3));
        has_made_up_name(name)
            && first_three == plain["projected"]["sources"].as_array().map(Vec::as_slice)
    };
    let volumes = pod["spec"]["volumes"].as_array().into_iter().flatten();
    let names: Vec<String> = volumes
        .filter(|volume| is_tokens(volume))
        .filter_map(|volume| volume["name"].as_str().map(str::to_owned))
        .collect();
    // A volume that is mounted in another way too is somebody's own (T5).
    let lists = ["containers", "initContainers"].map(|list| pod["spec"][list].as_array());
    let containers = lists.into_iter().flatten().flatten();
    let mounts = containers.flat_map(|container| container["volumeMounts"].as_array());
    let is_strange = |entry: &&Value| {
        let name = entry["name"].as_str().unwrap_or_default();
        names.iter().any(|other| other == name) && **entry != mount(name)
    };
    if mounts.flatten().find(is_strange).is_some() {
        return pod;
    }
    let without = |object: &mut Map<String, Value>, list: &str| {
        let Some(Value::Array(entries)) = object.get_mut(list) else {
            return;
        };
        let before = entries.len();
        entries.retain(|entry| !names.iter().any(|name| entry["name"] == name.as_str()));
        // A list that held nothing else is not stored at all.
        if entries.is_empty() && before > 0 {
            object.remove(list);
        }
    };
    let Some(spec) = pod["spec"].as_object_mut() else {
        return pod;
    };
    without(spec, "volumes");
    for list in ["containers", "initContainers"] {
        let containers = spec.get_mut(list).and_then(Value::as_array_mut);
        for container in containers.into_iter().flatten() {
            container
                .as_object_mut()
                .into_iter()
                .for_each(|c| without(c, "volumeMounts"));
        }
    }
    pod
}

/// Whether the plugin could have made the name up (T5).
pub(crate) fn has_made_up_name(name: &str) -> bool {
    let end = name.strip_prefix("kube-api-access-");
    end.is_some_and(|end| {
        end.len() == 5
            && end
                .chars()
                .all(|c| "bcdfghjklmnpqrstvwxz2456789".contains(c))
    })
}
