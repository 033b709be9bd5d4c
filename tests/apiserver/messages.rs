//! Where the last message of a container comes from: what the API server fills in, and what the rule makes of it.

use libtest_mimic::Failed;
use pod_hardener::config::Settings;
use serde_json::{Value, json};

use crate::cluster::{Registered, kubectl, namespace};
use crate::control_plane::ControlPlane;
use crate::mutator::Mutator;
use crate::webhook::{LABEL, Webhook, rule};

/// A profile of this rule alone.
const TEXT: &str = "version = 1\n[profiles.messages]\nfailure-messages.enabled = true\nauthors-may-except = [\"all\"]\n";

/// A pod of an init container, a sidecar and two containers, one of which has a file of its own.
fn pod() -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web"},
        "spec": {
            "initContainers": [
                {"name": "setup", "image": "x:1"},
                {"name": "mesh", "image": "x:1", "restartPolicy": "Always"},
            ],
            "containers": [
                {"name": "web", "image": "x:1"},
                {"name": "own", "image": "x:1", "terminationMessagePath": "/run/last-words"},
            ],
        },
    })
}

/// Creates an object, and gives what is stored, or what is said against it.
fn create(plane: &ControlPlane, namespace: &str, object: &Value) -> Result<Value, Failed> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("object.json");
    std::fs::write(&file, object.to_string())?;
    let file = file.display().to_string();
    let said = kubectl(
        plane,
        &["create", "-n", namespace, "-f", &file, "-o", "json"],
    )?;
    Ok(serde_json::from_str(&said)?)
}

/// Another webhook's patch is nothing but `test` operations: a pod on which one does not hold is refused (J3).
pub(super) fn filled_in(plane: &ControlPlane) -> Result<(), Failed> {
    namespace(plane, "seen", &[])?;
    let test = |list: &str, at: usize, field: &str, value: &str| json!({"op": "test", "path": format!("/spec/{list}/{at}/{field}"), "value": value});
    let of = |list, at, path| {
        [
            test(list, at, "terminationMessagePolicy", "File"),
            test(list, at, "terminationMessagePath", path),
        ]
    };
    let default = "/dev/termination-log";
    let mut seen: Vec<Value> = [
        of("initContainers", 0, default),
        of("initContainers", 1, default),
        of("containers", 0, default),
        of("containers", 1, "/run/last-words"),
    ]
    .concat();
    let sees = |tests: &[Value], name: &str| {
        let other = Mutator::start(json!(tests));
        let registration = other.registration("aaa", "seen", rule("CREATE", "pods"));
        let _registered = Registered::new(plane, &registration)?;
        let mut pod = pod();
        pod["metadata"]["name"] = json!(name);
        create(plane, "seen", &pod)
    };
    sees(&seen, "as-filled-in")?;
    // Who owns which field does not tell an author's word from what was filled in.
    let args = ["get", "pod", "as-filled-in", "-n", "seen"];
    let managed = kubectl(
        plane,
        &[&args[..], &["--show-managed-fields", "-o", "json"]].concat(),
    )?;
    assert!(managed.contains("f:terminationMessagePolicy"), "{managed}");
    // The test can fail.
    seen.push(test(
        "containers",
        0,
        "terminationMessagePolicy",
        "FallbackToLogsOnError",
    ));
    match sees(&seen, "otherwise") {
        Err(refused) if refused.message().is_some_and(|said| said.contains("test")) => Ok(()),
        other => Err(format!("a webhook sees another policy than `File`: {other:?}").into()),
    }
}

pub(super) fn set(plane: &ControlPlane) -> Result<(), Failed> {
    let settings = Settings::parse(TEXT, "messages.toml").map_err(|error| error.to_string())?;
    let webhook = Webhook::start_with(settings);
    let _registered = Registered::new(plane, &webhook.registration())?;
    namespace(plane, "messages", &[(LABEL, "messages")])?;
    let with_logs = json!("FallbackToLogsOnError");
    let policies = |pod: &Value, list: &str| -> Vec<Value> {
        let containers = pod["spec"][list].as_array().into_iter().flatten();
        containers
            .map(|container| container["terminationMessagePolicy"].clone())
            .collect()
    };
    let stored = create(plane, "messages", &pod())?;
    assert_eq!(
        policies(&stored, "initContainers"),
        [with_logs.clone(), with_logs.clone()]
    );
    assert_eq!(
        policies(&stored, "containers"),
        [with_logs.clone(), json!("File")],
        "a file of the author's own stays alone"
    );
    let debug = ["debug", "web", "-n", "messages", "--image=x:1", "-c", "by"];
    kubectl(plane, &debug)?;
    let args = ["get", "pod", "web", "-n", "messages", "-o", "json"];
    let debugged: Value = serde_json::from_str(&kubectl(plane, &args)?)?;
    assert_eq!(policies(&debugged, "ephemeralContainers"), [with_logs]);
    // Whoever means `File` says so by an exception.
    let mut meant = pod();
    meant["metadata"] = json!({"name": "meant", "annotations": {"except.pod-hardener.io/failure-messages": "it logs tokens"}});
    let stored = create(plane, "messages", &meant)?;
    assert_eq!(
        policies(&stored, "containers"),
        [json!("File"), json!("File")]
    );
    Ok(())
}
