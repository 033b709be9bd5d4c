//! What is stored, field by field, against what the records say was set.

use libtest_mimic::Failed;
use serde_json::Value;

use crate::dry_run::{comparable, without_annotation};
use crate::records::{Set, hash};

/// Holds the pod that is stored hardened against the one that is stored plain, and against what is said to be set: each field has the
/// value of its hash, and nothing else differs.
pub(super) fn fields(what: &str, plain: &Value, stored: &Value, set: &Set) -> Result<(), Failed> {
    for (rule, place, field, hash) in set {
        if hash != "removed" && !has(stored, place, field, hash) {
            return Err(format!("{what}: {rule} says that it set {field} of {place}").into());
        }
    }
    let (mut plain, mut stored) = (comparable(plain), comparable(stored));
    without_annotation(&mut stored);
    without_annotation(&mut plain);
    let said: Vec<String> = set
        .iter()
        .flat_map(|(_, place, field, _)| pointers(&stored, place, field))
        .chain(
            set.iter()
                .flat_map(|(_, place, field, _)| pointers(&plain, place, field)),
        )
        .collect();
    for operation in json_patch::diff(&plain, &stored).0 {
        let path = format!("{}/", operation.path());
        let is_said = |said: &String| {
            let said = format!("{said}/");
            path.starts_with(&said) || said.starts_with(&path)
        };
        if !said.iter().any(is_said) {
            return Err(format!("{what}: nobody says that it changed {path}").into());
        }
    }
    Ok(())
}

/// Whether the pod has a value of the hash there, or an entry of it.
fn has(pod: &Value, place: &str, field: &str, hash_of_it: &str) -> bool {
    let is_it = |value: &Value| {
        let mut value = value.clone();
        // What the API server adds to it (A3).
        if let Some(probe) = value
            .as_object_mut()
            .filter(|value| value.contains_key("tcpSocket"))
        {
            probe.retain(|key, _| key == "tcpSocket");
        }
        hash(&value) == hash_of_it
    };
    pointers(pod, place, field).iter().any(|pointer| {
        let value = pod.pointer(pointer);
        match field.ends_with("[]") {
            true => value
                .and_then(Value::as_array)
                .is_some_and(|list| list.iter().any(is_it)),
            false => value.is_some_and(is_it),
        }
    })
}

/// The pointers that a place and a field may mean: what a container is told of may be a field of its pod.
fn pointers(pod: &Value, place: &str, field: &str) -> Vec<String> {
    let field = field.trim_end_matches("[]");
    let path = match field.strip_prefix("metadata.annotations.") {
        Some(key) => format!("metadata/annotations/{}", key.replace('/', "~1")),
        None => field.replace('.', "/"),
    };
    if field.starts_with("spec.") || field.starts_with("metadata.") {
        return vec![format!("/{path}")];
    }
    let mut found = Vec::new();
    for list in ["containers", "initContainers"] {
        for (i, container) in pod["spec"][list]
            .as_array()
            .into_iter()
            .flatten()
            .enumerate()
        {
            if container["name"] == place {
                found.push(format!("/spec/{list}/{i}/{path}"));
            }
        }
    }
    found
}
