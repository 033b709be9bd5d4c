//! Workloads: a person who makes one hears of its pods, once, and it is stored as it was sent.

use libtest_mimic::Failed;
use serde_json::{Value, json};

use crate::cluster::namespace;
use crate::control_plane::ControlPlane;
use crate::outside::{Outside, TRY, apply};
use crate::webhook::LABEL;

/// A Deployment with an unsafe choice.
pub(super) fn deployment() -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {
        "replicas": 1, "selector": {"matchLabels": {"app": "web"}},
        "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{
            "name": "web", "image": "registry.example/web:1", "securityContext": {"allowPrivilegeEscalation": true},
        }]}},
    }})
}

/// A workload of a kind that makes the pods of [`deployment`], and what to change of it without changing them.
fn workloads() -> Vec<(Value, &'static str, Value)> {
    let template = || deployment()["spec"]["template"].clone();
    let object = |api: &str, kind: &str, spec: Value| json!({"apiVersion": api, "kind": kind, "metadata": {"name": "web"}, "spec": spec});
    let selector = json!({"matchLabels": {"app": "web"}});
    let mut once = template();
    once["spec"]["restartPolicy"] = json!("Never");
    let set = json!({"selector": selector, "template": template(), "serviceName": "web"});
    let daemons = json!({"selector": selector, "template": template()});
    let job = json!({"suspend": true, "template": once});
    let cron_job = json!({"schedule": "0 4 * * *", "suspend": true, "jobTemplate": {"spec": {"template": once}}});
    vec![
        (deployment(), "/spec/replicas", json!(5)),
        (
            object("apps/v1", "StatefulSet", set),
            "/spec/replicas",
            json!(5),
        ),
        (
            object("apps/v1", "DaemonSet", daemons),
            "/spec/minReadySeconds",
            json!(5),
        ),
        (
            object("batch/v1", "Job", job),
            "/spec/parallelism",
            json!(5),
        ),
        (
            object("batch/v1", "CronJob", cron_job),
            "/spec/schedule",
            json!("0 5 * * *"),
        ),
    ]
}

pub(super) fn warned_of_once(plane: &ControlPlane) -> Result<(), Failed> {
    let outside = Outside::new(plane, &[])?;
    namespace(plane, "made-plain", &[])?;
    namespace(plane, "made-labelled", &[(LABEL, "compatible")])?;
    let warning = "Warning: pod-hardener compatible: container web: securityContext.allowPrivilegeEscalation: true is kept";
    for (object, field, value) in workloads() {
        let kind = object["kind"].clone();
        let (plain, said) = apply(plane, "made-plain", &object, &[])?;
        assert_eq!(said, "", "{kind}");
        let (stored, said) = apply(plane, "made-labelled", &object, &[])?;
        assert!(said.contains(warning), "{kind}: {said}");
        assert_eq!(own(&stored), own(&plain), "{kind}");

        // Nobody is warned twice of one thing, and nobody is asked.
        let asked = outside.requests("preview")?;
        let mut changed = object.clone();
        put(&mut changed, field, value);
        let (stored, said) = apply(plane, "made-labelled", &changed, &[])?;
        assert_eq!(said, "", "{kind}");
        assert_ne!(own(&stored), own(&plain), "{kind}");
        assert_eq!(outside.requests("preview")?, asked, "{kind}");

        // What a controller makes is not a person's.
        let mut owned = object.clone();
        owned["metadata"] = json!({"name": "owned", "ownerReferences": [{
            "apiVersion": "example.com/v1", "kind": "Shop", "name": "shop", "controller": true,
            "uid": "0b4e5d5c-6a0f-4c0a-9c56-1f3c9d1f7a10",
        }]});
        let (_, said) = apply(plane, "made-labelled", &owned, TRY)?;
        assert_eq!(
            (said.as_str(), outside.requests("preview")?),
            ("", asked),
            "{kind}"
        );

        // A Job's template is for ever.
        if kind != "Job" {
            let mut other = changed.clone();
            let template = match kind.as_str() {
                Some("CronJob") => &mut other["spec"]["jobTemplate"]["spec"]["template"],
                _ => &mut other["spec"]["template"],
            };
            template["spec"]["containers"][0]["image"] = json!("registry.example/web:2");
            let (_, said) = apply(plane, "made-labelled", &other, &[])?;
            assert!(said.contains(warning), "{kind}: {said}");
        }
    }

    // As large as people write them: the conditions have a budget, and beyond it nobody would be asked.
    let mut large = deployment();
    large["metadata"]["name"] = json!("large");
    let variable = |at: u32| json!({"name": format!("VARIABLE_{at}"), "value": "x".repeat(200)});
    let variables: Vec<Value> = (0..2_000).map(variable).collect();
    let container = "/spec/template/spec/containers/0";
    put(&mut large, &format!("{container}/env"), json!(variables));
    let create = |object: &Value| apply(plane, "made-labelled", object, &["--server-side"]);
    assert!(create(&large)?.1.contains(warning));
    put(&mut large, "/spec/replicas", json!(5));
    assert_eq!(create(&large)?.1, "");
    put(
        &mut large,
        &format!("{container}/image"),
        json!("registry.example/web:2"),
    );
    assert!(create(&large)?.1.contains(warning));
    Ok(())
}

/// What an object's author decides.
fn own(object: &Value) -> Value {
    let mut spec = object["spec"].clone();
    // A Job's selector is made of its uid.
    if let Some(selector) = spec.get_mut("selector").filter(|_| object["kind"] == "Job") {
        *selector = Value::Null;
        spec["template"]["metadata"] = Value::Null;
    }
    spec
}

/// Sets a field that may not be there.
fn put(object: &mut Value, pointer: &str, value: Value) {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    object.pointer_mut(parent).unwrap()[name] = value;
}
