//! The life of a release: nothing that it brought is there afterwards.

use std::collections::BTreeSet;

use libtest_mimic::Failed;
use serde_json::{Value, json};

use crate::cluster::{kubectl, wait};
use crate::control_plane::ControlPlane;
use crate::helm::{Helm, Installed, NAME, root};

pub(super) fn nothing_is_left(plane: &ControlPlane) -> Result<(), Failed> {
    if !plane.kubectl(&["get", "namespace", NAME])?.status.success() {
        kubectl(plane, &["create", "namespace", NAME])?;
    }
    let kinds = kinds(plane)?;
    for helm in Helm::both()? {
        let name = helm.name();
        let before = objects(plane, &kinds)?;
        let installed = Installed::new(plane, helm, &[])?;
        assert!(objects(plane, &kinds)?.len() > before.len() + 15);
        let notes = installed
            .helm
            .say(Some(plane), &["get", "notes", NAME, "--namespace", NAME])?;
        for step in [
            "rollout status deployment/pod-hardener",
            "harden=compatible",
            "rollout restart",
        ] {
            assert!(notes.contains(step), "{notes}");
        }
        // Two servers and the controller, which nothing of this cluster keeps away.
        wait(|| {
            let pods = kubectl(plane, &["get", "pods", "-n", NAME, "-o", "name"])?;
            Ok((pods.lines().count() == 3).then_some(()))
        })
        .map_err(|_| "the Deployments have no pods")?;
        trusts(plane, "zz-pod-hardener", "mutating")?;
        trusts(plane, "pod-hardener", "validating")?;

        let values = root().join("tests/chart/values/a-configuration.yaml");
        installed.upgrade(&["--values", &values.display().to_string()])?;
        assert_eq!(replicas(plane)?, 3);
        // What the controller wrote into the registrations is not Helm's to take away: without it nothing is hardened.
        for (registration, kind) in [
            ("zz-pod-hardener", "mutating"),
            ("pod-hardener", "validating"),
        ] {
            let bundle = get(plane, &format!("{kind}webhookconfiguration"), registration)?;
            let first = &bundle["webhooks"][0];
            assert_eq!(first["clientConfig"]["caBundle"], CA, "{name}: {first:#}");
        }

        let args = ["rollback", NAME, "1", "--namespace", NAME];
        installed.helm.say(Some(plane), &args)?;
        assert_eq!(replicas(plane)?, 2);
        let restored = get(plane, "mutatingwebhookconfiguration", "zz-pod-hardener")?;
        assert_eq!(restored["webhooks"].as_array().unwrap().len(), 3);
        assert_eq!(
            restored["webhooks"][0]["clientConfig"]["caBundle"], CA,
            "{name}"
        );

        drop(installed);
        // What belonged to the Deployments goes a little later.
        wait(|| Ok((objects(plane, &kinds)? == before).then_some(()))).map_err(|_| {
            let now = objects(plane, &kinds).unwrap();
            format!("{name} leaves {:?}", now.difference(&before))
        })?;
    }
    Ok(())
}

/// Something that the API server takes for a CA, in base64.
const CA: &str = include_str!("ca.base64");

/// Writes a CA into a registration, as the controller will.
fn trusts(plane: &ControlPlane, name: &str, kind: &str) -> Result<(), Failed> {
    let kind = format!("{kind}webhookconfiguration");
    let registration = get(plane, &kind, name)?;
    let count = registration["webhooks"].as_array().unwrap().len();
    let patch = (0..count).map(|at| {
        assert_eq!(
            registration["webhooks"][at]["clientConfig"].get("caBundle"),
            None
        );
        json!({"op": "add", "path": format!("/webhooks/{at}/clientConfig/caBundle"), "value": CA})
    });
    let patch = Value::Array(patch.collect()).to_string();
    kubectl(plane, &["patch", &kind, name, "--type=json", "-p", &patch]).map(drop)
}

pub(super) fn get(plane: &ControlPlane, kind: &str, name: &str) -> Result<Value, Failed> {
    let text = kubectl(plane, &["get", kind, name, "-n", NAME, "-o", "json"])?;
    Ok(serde_json::from_str(&text)?)
}

fn replicas(plane: &ControlPlane) -> Result<u64, Failed> {
    let deployment = get(plane, "deployment", NAME)?;
    Ok(deployment["spec"]["replicas"].as_u64().unwrap())
}

/// Every kind that can be listed and deleted, but what is forgotten by itself.
pub(super) fn kinds(plane: &ControlPlane) -> Result<String, Failed> {
    let all = kubectl(
        plane,
        &["api-resources", "--verbs=list,delete", "-o", "name"],
    )?;
    let kept = all
        .lines()
        .filter(|kind| !kind.starts_with("events") && !kind.starts_with("leases"));
    let kinds: Vec<&str> = kept.collect();
    assert!(kinds.len() > 40, "{kinds:?}");
    Ok(kinds.join(","))
}

/// Every object of these kinds.
pub(super) fn objects(plane: &ControlPlane, kinds: &str) -> Result<BTreeSet<String>, Failed> {
    let line =
        r#"jsonpath={range .items[*]}{.kind} {.metadata.namespace} {.metadata.name}{"\n"}{end}"#;
    let text = kubectl(plane, &["get", kinds, "-A", "-o", line])?;
    Ok(text.lines().map(str::to_owned).collect())
}
