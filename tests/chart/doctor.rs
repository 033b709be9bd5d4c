//! `doctor` by an account that may no more than examples/doctor-role.yaml says.

use std::path::Path;
use std::process::Command;

use libtest_mimic::Failed;
use serde_json::Value;

use crate::account;
use crate::cluster::{kubectl, namespace, wait};
use crate::control_plane::ControlPlane;
use crate::helm::{Helm, Installed, NAME, root};

/// What a new account may see of a cluster: what every account may.
const UNSEEN: [&str; 6] = [
    "mutatingwebhookconfigurations",
    "validatingwebhookconfigurations",
    "validatingadmissionpolicies",
    "mutatingadmissionpolicies",
    "nodes",
    "namespaces",
];

pub(super) fn needs_no_more_than_its_role(plane: &ControlPlane) -> Result<(), Failed> {
    let helm = Helm::both()?.into_iter().next().ok_or("no Helm")?;
    let installed = Installed::new(plane, helm, &[])?;
    // Its pods tell of the configuration and of the certificate, also where nothing runs.
    wait(|| {
        let pods = kubectl(plane, &["get", "pods", "-n", NAME, "-o", "name"])?;
        Ok((pods.lines().count() == 3).then_some(()))
    })?;
    let home = "doctor-home";
    namespace(plane, home, &[("pod-hardener.io/harden", "strict")])?;
    kubectl(
        plane,
        &["run", "old", "--image=registry.example/none", "-n", home],
    )?;
    let folder = tempfile::tempdir()?;
    let account = account::kubeconfig(plane, folder.path(), home, "doctor")?;

    let narrow = said(&account)?;
    for what in UNSEEN {
        assert!(
            narrow.iter().any(|one| one["object"] == what),
            "{what}: {narrow:#?}"
        );
    }
    let role = root().join("examples/doctor-role.yaml");
    kubectl(plane, &["apply", "-f", &role.display().to_string()])?;
    let subject = format!("--serviceaccount={home}:doctor");
    let bind = |args: &[&str]| kubectl(plane, &[args, &[&subject]].concat());
    let name = "pod-hardener-doctor";
    bind(&["create", "clusterrolebinding", name, "--clusterrole", name])?;
    bind(&["create", "rolebinding", name, "--role", name, "-n", NAME])?;

    let of_administrator = said(&plane.kubeconfig())?;
    assert!(
        of_administrator
            .iter()
            .all(|finding| finding["check"] != "unseen"),
        "{of_administrator:#?}"
    );
    for check in ["servers", "certificate", "reached", "unhardened"] {
        assert!(
            of_administrator
                .iter()
                .any(|finding| finding["check"] == check),
            "nothing of {check}: {of_administrator:#?}"
        );
    }
    // The API server takes a moment to know a new binding.
    let found = wait(|| Ok((said(&account)? == of_administrator).then_some(())));
    let last = said(&account)?;
    kubectl(plane, &["delete", "clusterrolebinding", name])?;
    kubectl(
        plane,
        &["delete", "-f", &role.display().to_string(), "--wait=false"],
    )?;
    kubectl(plane, &["delete", "namespace", home, "--wait=false"])?;
    drop(installed);
    found.map_err(|_| format!("{last:#?} beside {of_administrator:#?}").into())
}

/// What doctor finds.
fn said(kubeconfig: &Path) -> Result<Vec<Value>, Failed> {
    let output = Command::new(env!("CARGO_BIN_EXE_pod-hardener"))
        .args(["doctor", "-o", "json", "--kubeconfig"])
        .arg(kubeconfig)
        .output()?;
    let report: Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("{error}: {}", String::from_utf8_lossy(&output.stderr)))?;
    Ok(report["findings"].as_array().cloned().unwrap_or_default())
}
