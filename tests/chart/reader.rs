//! What the server knows with the account and the role that the chart gives it.

use std::time::Duration;

use libtest_mimic::Failed;
use pod_hardener::cluster::{Cluster, Pace};
use pod_hardener::config::Settings;
use serde_json::{Value, json};

use crate::cluster::{kubectl, wait};
use crate::control_plane::ControlPlane;
use crate::helm::{Helm, Installed, NAME, title};
use crate::outside;
use crate::webhook::Webhook;

/// Faster than in production.
const PACE: Pace = Pace {
    trust: Duration::from_secs(6),
    quiet: Duration::from_secs(3),
    watch: Duration::from_secs(5),
};

/// How many kinds are followed.
const KINDS: usize = 8;

/// A server with one of the chart's permissions taken away.
struct Without {
    /// What is taken: a verb, and a resource, which is the name of a kind that is followed.
    taken: (String, String),
    webhook: Webhook,
}

pub(super) fn each_permission(plane: &ControlPlane) -> Result<(), Failed> {
    let _installed = Installed::new(plane, Helm::of("HELM4")?, &[])?;
    let token = kubectl(plane, &["create", "token", NAME, "-n", NAME])?;
    let all = server(plane.config(plane.url(), token.trim().to_owned())?)?;
    let lines = || outside::get(&all.admin, "/readyz?verbose");
    wait(|| Ok((lines()?.matches(": known, ").count() == KINDS).then_some(())))
        .map_err(|_| format!("not all is known:\n{}", lines().unwrap_or_default()))?;

    let objects = Helm::of("HELM4")?.render(&[])?;
    let mut roles = objects.iter();
    let rules = roles.find(|object| title(object) == "ClusterRole  pod-hardener");
    let rules = &rules.unwrap()["rules"];
    let permissions = permissions(rules);
    assert_eq!(permissions.len(), 2 * KINDS);
    let name = |verb: &str, resource: &str| format!("without-{verb}-{resource}");
    let roles = permissions
        .iter()
        .flat_map(|(verb, resource)| role(&name(verb, resource), &taken(rules, verb, resource)));
    let roles = json!({"apiVersion": "v1", "kind": "List", "items": roles.collect::<Vec<_>>()});
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("roles.json");
    std::fs::write(&file, roles.to_string())?;
    kubectl(plane, &["create", "-f", &file.display().to_string()])?;
    let mut without = Vec::new();
    for (verb, resource) in permissions {
        let mut config = plane.admin_config()?;
        config.auth_info.impersonate = Some(name(&verb, &resource));
        without.push(Without {
            webhook: server(config)?,
            taken: (verb, resource),
        });
    }
    let state = |webhook: &Webhook, kind: &str| -> Result<String, Failed> {
        let lines = outside::get(&webhook.admin, "/readyz?verbose")?;
        let begin = format!("] {kind}: ");
        let line = lines.lines().find_map(|line| line.split_once(&begin));
        let (_, state) = line.ok_or_else(|| format!("no line of {kind}: {lines}"))?;
        Ok(state
            .split([',', ' '])
            .next()
            .unwrap_or_default()
            .to_owned())
    };
    let kinds: Vec<&str> = without.iter().map(|one| one.taken.1.as_str()).collect();
    for Without { webhook, taken } in &without {
        for kind in &kinds {
            let expected = if *kind == taken.1 {
                "forbidden"
            } else {
                "known"
            };
            wait(|| Ok((state(webhook, kind)? == expected).then_some(()))).map_err(|_| {
                format!(
                    "without {taken:?}, {kind} is {:?}, not {expected}",
                    state(webhook, kind)
                )
            })?;
        }
    }
    kubectl(
        plane,
        &[
            "delete",
            "clusterrole,clusterrolebinding",
            "-l",
            "test=readers",
        ],
    )
    .map(drop)
}

/// Each verb with each resource.
fn permissions(rules: &Value) -> Vec<(String, String)> {
    let list = |rule: &Value, key: &str| -> Vec<String> {
        let entries = rule[key].as_array().unwrap();
        entries
            .iter()
            .map(|entry| entry.as_str().unwrap().to_owned())
            .collect()
    };
    let mut all = Vec::new();
    for rule in rules.as_array().unwrap() {
        for resource in list(rule, "resources") {
            all.extend(
                list(rule, "verbs")
                    .into_iter()
                    .map(|verb| (verb, resource.clone())),
            );
        }
    }
    all
}

/// The rules but for one permission.
fn taken(rules: &Value, verb: &str, resource: &str) -> Value {
    let mut kept = Vec::new();
    for rule in rules.as_array().unwrap() {
        let (mut others, mut same) = (rule.clone(), rule.clone());
        let resources = others["resources"].as_array_mut().unwrap();
        resources.retain(|entry| entry != resource);
        if resources.len() != rule["resources"].as_array().unwrap().len() {
            same["resources"] = json!([resource]);
            same["verbs"]
                .as_array_mut()
                .unwrap()
                .retain(|entry| entry != verb);
            kept.push(same);
        }
        kept.push(others);
    }
    // A rule of no resource is none.
    kept.retain(|rule| rule["resources"] != json!([]));
    Value::Array(kept)
}

/// A role of these rules, and its binding to a user.
fn role(name: &str, rules: &Value) -> [Value; 2] {
    let metadata = json!({"name": name, "labels": {"test": "readers"}});
    let rbac = "rbac.authorization.k8s.io";
    let version = format!("{rbac}/v1");
    [
        json!({"apiVersion": version, "kind": "ClusterRole", "metadata": metadata, "rules": rules}),
        json!({
            "apiVersion": version, "kind": "ClusterRoleBinding", "metadata": metadata,
            "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": name},
            "subjects": [{"apiGroup": rbac, "kind": "User", "name": name}],
        }),
    ]
}

/// A server that reads the cluster so.
fn server(config: kube::Config) -> Result<Webhook, Failed> {
    Ok(Webhook::start_in(
        Settings::embedded(),
        Cluster::follow(config, PACE)?,
    ))
}
