//! What the controller may do: what it needs, by name, and nothing else.

use std::collections::BTreeSet;

use libtest_mimic::Failed;
use serde_json::Value;

use crate::control_plane::ControlPlane;
use crate::helm::{Helm, Installed, NAME, title};

/// The controller's account, and the name of its roles and its Deployment.
pub(super) const ACCOUNT: &str = "pod-hardener-controller";

/// What the controller does: each permission of its roles stands here with its use, and each of these is asked of a real API
/// server. (verb, resource, name, what for)
const NEEDS: &[(&str, &str, &str, &str)] = &[
    (
        "create",
        "secrets",
        "",
        "the Secret of the certificate, the first time",
    ),
    (
        "get",
        "secrets",
        "pod-hardener-tls",
        "the certificate that there is",
    ),
    (
        "list",
        "secrets",
        "pod-hardener-tls",
        "the same, at the start of a watch",
    ),
    (
        "watch",
        "secrets",
        "pod-hardener-tls",
        "somebody deletes or changes it",
    ),
    ("patch", "secrets", "pod-hardener-tls", "renewal"),
    (
        "get",
        "deployments.apps",
        "pod-hardener-controller",
        "the owner of the Secret",
    ),
    (
        "get",
        "mutatingwebhookconfigurations.admissionregistration.k8s.io",
        "zz-pod-hardener",
        "which CA it trusts",
    ),
    (
        "list",
        "mutatingwebhookconfigurations.admissionregistration.k8s.io",
        "zz-pod-hardener",
        "at the start of a watch",
    ),
    (
        "watch",
        "mutatingwebhookconfigurations.admissionregistration.k8s.io",
        "zz-pod-hardener",
        "somebody changes that",
    ),
    (
        "patch",
        "mutatingwebhookconfigurations.admissionregistration.k8s.io",
        "zz-pod-hardener",
        "the right CA",
    ),
    (
        "get",
        "validatingwebhookconfigurations.admissionregistration.k8s.io",
        "pod-hardener",
        "which CA it trusts",
    ),
    (
        "list",
        "validatingwebhookconfigurations.admissionregistration.k8s.io",
        "pod-hardener",
        "at the start of a watch",
    ),
    (
        "watch",
        "validatingwebhookconfigurations.admissionregistration.k8s.io",
        "pod-hardener",
        "somebody changes that",
    ),
    (
        "patch",
        "validatingwebhookconfigurations.admissionregistration.k8s.io",
        "pod-hardener",
        "the right CA",
    ),
];

/// What must not be.
const NEVER: &[(&str, &str, &str)] = &[
    ("get", "secrets", ""),
    ("get", "secrets", "another"),
    ("list", "secrets", ""),
    ("patch", "secrets", "another"),
    ("delete", "secrets", "pod-hardener-tls"),
    ("patch", "deployments.apps", "pod-hardener-controller"),
    (
        "patch",
        "mutatingwebhookconfigurations.admissionregistration.k8s.io",
        "another",
    ),
    (
        "create",
        "mutatingwebhookconfigurations.admissionregistration.k8s.io",
        "",
    ),
    ("create", "pods", ""),
];

pub(super) fn each_permission(plane: &ControlPlane) -> Result<(), Failed> {
    let helm = Helm::of("HELM4")?;
    let objects = helm.render(&[])?;
    let _installed = Installed::new(plane, helm, &[])?;

    let mut granted = BTreeSet::new();
    for object in &objects {
        let is_its = title(object).ends_with(&format!(" {ACCOUNT}"));
        if is_its && matches!(object["kind"].as_str(), Some("Role" | "ClusterRole")) {
            granted.extend(permissions(&object["rules"]));
        }
    }
    assert_eq!(granted, needed());

    let account = format!("--as=system:serviceaccount:{NAME}:{ACCOUNT}");
    let may = |verb: &str, resource: &str, name: &str, namespace: &str| -> Result<bool, Failed> {
        let object = match name {
            "" => resource.to_owned(),
            name => format!("{resource}/{name}"),
        };
        let args = [
            "auth", "can-i", verb, &object, &account, "-n", namespace, "--quiet",
        ];
        Ok(plane.kubectl(&args)?.status.success())
    };
    for (verb, resource, name, use_) in NEEDS {
        assert!(
            may(verb, resource, name, NAME)?,
            "{verb} {resource} {name}: {use_}"
        );
    }
    for (verb, resource, name) in NEVER {
        assert!(
            !may(verb, resource, name, NAME)?,
            "{verb} {resource} {name}"
        );
    }
    assert!(!may("create", "secrets", "", "default")?);
    Ok(())
}

/// The permissions that are used.
pub(super) fn needed() -> BTreeSet<(String, String, String)> {
    let needed = NEEDS.iter();
    needed
        .map(|(verb, resource, name, _)| {
            (
                (*verb).to_owned(),
                (*resource).to_owned(),
                (*name).to_owned(),
            )
        })
        .collect()
}

/// Each verb with each resource and each name.
fn permissions(rules: &Value) -> Vec<(String, String, String)> {
    let list = |rule: &Value, key: &str| -> Vec<String> {
        let entries = rule[key].as_array().into_iter().flatten();
        entries
            .map(|entry| entry.as_str().unwrap().to_owned())
            .collect()
    };
    let mut all = Vec::new();
    for rule in rules.as_array().unwrap() {
        let mut names = list(rule, "resourceNames");
        if names.is_empty() {
            names.push(String::new());
        }
        let group = list(rule, "apiGroups").remove(0);
        for resource in list(rule, "resources") {
            let resource = match group.as_str() {
                "" => resource,
                group => format!("{resource}.{group}"),
            };
            for verb in list(rule, "verbs") {
                all.extend(
                    names
                        .iter()
                        .map(|name| (verb.clone(), resource.clone(), name.clone())),
                );
            }
        }
    }
    all
}
