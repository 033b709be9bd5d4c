//! What a pod's settings come to, once pod and container have both spoken (E2).

use std::collections::BTreeSet;

use serde_json::{Value, json};

/// The effective settings of the ten practices, in a form in which equal settings are equal.
pub(crate) fn settings(pod: &Value) -> Value {
    let spec = &pod["spec"];
    let context = &spec["securityContext"];
    let containers = ["initContainers", "containers"].map(|list| {
        let containers = spec[list].as_array().into_iter().flatten();
        containers
            .map(|container| of_container(container, context))
            .collect::<Vec<_>>()
    });
    json!({
        "containers": containers,
        "hostUsers": spec["hostUsers"],
        "automountServiceAccountToken": spec["automountServiceAccountToken"],
        "fsGroup": context["fsGroup"],
        "sysctls": context["sysctls"],
        "volumes": spec["volumes"],
        "annotations": pod["metadata"]["annotations"],
    })
}

fn of_container(container: &Value, pod: &Value) -> Value {
    let own = &container["securityContext"];
    let inherited = |field: &str| {
        if own[field].is_null() {
            &pod[field]
        } else {
            &own[field]
        }
    };
    json!({
        "allowPrivilegeEscalation": own["allowPrivilegeEscalation"],
        "privileged": own["privileged"],
        "readOnlyRootFilesystem": own["readOnlyRootFilesystem"],
        "runAsUser": inherited("runAsUser"),
        "runAsNonRoot": inherited("runAsNonRoot"),
        "seccompProfile": inherited("seccompProfile"),
        "add": names(&own["capabilities"]["add"]),
        "drop": dropped(&own["capabilities"]["drop"]),
        "volumeMounts": container["volumeMounts"],
        "resources": container["resources"],
    })
}

/// Next to ALL, what else is dropped makes no difference.
fn dropped(list: &Value) -> BTreeSet<String> {
    let names = names(list);
    if names.contains("ALL") {
        BTreeSet::from(["ALL".to_owned()])
    } else {
        names
    }
}

fn names(list: &Value) -> BTreeSet<String> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(|name| name.as_str())
        .map(str::to_owned)
        .collect()
}
