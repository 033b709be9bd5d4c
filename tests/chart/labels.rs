//! Labels that name no profile: the API server itself warns of them, without any server of ours.

use libtest_mimic::Failed;
use serde_json::{Value, json};

use crate::cluster::{kubectl, namespace, wait};
use crate::control_plane::ControlPlane;
use crate::helm::{Helm, Installed};

/// What kubectl says beside what it prints.
fn said(plane: &ControlPlane, line: &str) -> Result<String, Failed> {
    let args: Vec<&str> = line.split(' ').collect();
    let output = plane.kubectl(&args)?;
    let said = String::from_utf8(output.stderr)?;
    match output.status.success() {
        true => Ok(said),
        false => Err(format!("{line}: {said}").into()),
    }
}

pub(super) fn warned(plane: &ControlPlane) -> Result<(), Failed> {
    let values = ["--set", "excludedNamespaces={storage-of-labels}"];
    let _installed = Installed::new(plane, Helm::of("HELM4")?, &values)?;
    for policy in ["pod-hardener-namespaces", "pod-hardener-pods"] {
        let args = ["get", "validatingadmissionpolicy", policy, "-o", "json"];
        let status = wait(|| {
            let policy: Value = serde_json::from_str(&kubectl(plane, &args)?)?;
            let is_checked = policy["status"]["observedGeneration"].is_number();
            Ok(is_checked.then(|| policy["status"].clone()))
        })?;
        assert_eq!(status["typeChecking"], json!({}), "{policy}: {status:#}");
    }
    namespace(plane, "labels", &[])?;
    namespace(plane, "storage-of-labels", &[])?;
    let label = |label: &str| {
        said(
            plane,
            &format!("label namespace labels --overwrite pod-hardener.io/{label}"),
        )
    };
    let run = || said(plane, "run web --image=web:1 --dry-run=server -n labels");
    let deploy = || {
        said(
            plane,
            "create deployment web --image=web:1 --dry-run=server -n labels",
        )
    };
    let profiles = "and there is compatible, restricted, strict";

    // (label, what is said of the namespace, what is said of everything made in it)
    let no = ("", "");
    let wrong = (
        format!("no pod is hardened: pod-hardener.io/harden is \"strct\", {profiles}, off"),
        format!(
            "not hardened: pod-hardener.io/harden of the namespace is \"strct\", {profiles}, off"
        ),
    );
    let empty = (
        format!("no pod is hardened: pod-hardener.io/harden is \"\", {profiles}, off"),
        format!("not hardened: pod-hardener.io/harden of the namespace is \"\", {profiles}, off"),
    );
    let unaudited = (
        format!("nothing is audited: pod-hardener.io/audit is \"off\", {profiles}"),
        format!("not audited: pod-hardener.io/audit of the namespace is \"off\", {profiles}"),
    );
    for (label_is, of_it, in_it) in [
        ("harden=strct", wrong.0.as_str(), wrong.1.as_str()),
        ("harden=", &empty.0, &empty.1),
        ("harden=off", no.0, no.1),
        ("harden=compatible", no.0, no.1),
        ("audit=off", &unaudited.0, &unaudited.1),
        ("audit=strict", no.0, no.1),
    ] {
        let told = label(label_is)?;
        is_told(label_is, &told, of_it);
        for told in [run()?, deploy()?] {
            is_told(label_is, &told, in_it);
        }
    }
    let told = said(
        plane,
        "label namespace storage-of-labels pod-hardener.io/harden=strict",
    )?;
    is_told(
        "excluded",
        &told,
        "its labels have no effect: the namespace \"storage-of-labels\" is excluded",
    );
    Ok(())
}

/// Whether one warning was given, which ends so; none where it is empty.
fn is_told(what: &str, told: &str, warning: &str) {
    match warning {
        "" => assert_eq!(told, "", "{what}"),
        warning => {
            assert_eq!(told.lines().count(), 1, "{what}: {told}");
            assert!(told.starts_with("Warning: "), "{what}: {told}");
            assert!(
                told.trim_end().ends_with(warning),
                "{what}: {told}\n{warning}"
            );
        }
    }
}
