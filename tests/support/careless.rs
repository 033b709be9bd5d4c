//! What a webhook without any care does: fill in every gap of every container. It is the measure of the cares.

use serde_json::{Value, json};

/// Ids of rules of the API, and what the API server says when one is broken.
const REFUSALS: [(&str, &str); 9] = [
    (
        "V1",
        "cannot set `allowPrivilegeEscalation` to false and `privileged` to true",
    ),
    (
        "V2",
        "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN",
    ),
    ("V7", "seccomp type in annotation and field must match"),
    ("V10", "when `hostUsers` is false"),
    ("V12", "may not be specified when 'hostNetwork' is true"),
    ("W1", "cannot be set for a windows pod"),
    ("M1", "].name: Duplicate value"),
    ("M2", "mountPath: Invalid value: \"/tmp\": must be unique"),
    ("J11", "metadata.annotations: Too long"),
];

/// The rules that a refusal names.
pub(crate) fn ids(refusal: &str) -> Vec<&'static str> {
    let named = REFUSALS.iter().filter(|(_, text)| refusal.contains(text));
    let ids: Vec<&str> = named.map(|(id, _)| *id).collect();
    if ids.is_empty() {
        vec!["another rule"]
    } else {
        ids
    }
}

/// All ids that there are.
pub(crate) fn all_ids() -> impl Iterator<Item = &'static str> {
    REFUSALS.iter().map(|(id, _)| *id)
}

/// The pod with every gap filled.
pub(crate) fn fill_in(pod: &Value) -> Value {
    let mut pod = pod.clone();
    gap(&mut pod["metadata"], "annotations", json!({}));
    pod["metadata"]["annotations"]["hardened.example/by"] = json!("x".repeat(400));
    let spec = &mut pod["spec"];
    gap(spec, "hostUsers", json!(false));
    gap(spec, "securityContext", json!({}));
    gap(
        &mut spec["securityContext"],
        "seccompProfile",
        json!({"type": "RuntimeDefault"}),
    );
    let port = json!({"name": "net.ipv4.ip_unprivileged_port_start", "value": "0"});
    append(&mut spec["securityContext"], "sysctls", port);
    append(spec, "volumes", json!({"name": "tmp", "emptyDir": {}}));
    for list in ["initContainers", "containers"] {
        for container in spec
            .get_mut(list)
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
            gap(container, "securityContext", json!({}));
            let context = &mut container["securityContext"];
            gap(context, "allowPrivilegeEscalation", json!(false));
            gap(context, "seccompProfile", json!({"type": "RuntimeDefault"}));
            gap(context, "runAsUser", json!(10_001));
            gap(context, "runAsNonRoot", json!(true));
            gap(context, "readOnlyRootFilesystem", json!(true));
            gap(context, "capabilities", json!({}));
            append(&mut context["capabilities"], "drop", json!("ALL"));
            append(
                container,
                "volumeMounts",
                json!({"name": "tmp", "mountPath": "/tmp"}),
            );
        }
    }
    pod
}

fn gap(object: &mut Value, field: &str, value: Value) {
    if object[field].is_null() {
        object[field] = value;
    }
}

fn append(object: &mut Value, field: &str, value: Value) {
    gap(object, field, json!([]));
    if let Some(list) = object[field].as_array_mut() {
        list.push(value);
    }
}
