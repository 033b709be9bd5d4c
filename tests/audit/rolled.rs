//! Real Deployments in a namespace without a label: what the report says of each under a profile is what its next pod has once
//! the namespace has the label and everything in it is restarted.

use std::collections::BTreeMap;

use libtest_mimic::Failed;
use serde_json::{Value, json};

use crate::cluster::{kubectl, wait};
use crate::control_plane::ControlPlane;
use crate::corpus::{self, Sample};
use crate::dry_run::Trial;
use crate::foretold::{all_right, carry_out, clear, comparable, served};
use crate::webhook::LABEL;
use crate::{command, token};

/// Every how many-th pod is tried, where not all are asked for.
const STEP: usize = 25;

/// What a rollout of everything writes into each template, with the time of it.
const RESTARTED: &str = "kubectl.kubernetes.io/restartedAt";

pub(super) fn all(plane: &ControlPlane) -> Result<(), Failed> {
    let Some(root) = corpus::root() else {
        eprintln!("CORPUS names no folder of real inputs: the test on them is skipped");
        return Ok(());
    };
    // Fewer than by pods alone: a rollout takes seconds.
    let samples = corpus::some_samples(&root, STEP);
    let trial = Trial {
        name: "rolled",
        ..Trial::shipped()
    };
    let (_webhook, ..) = served(plane, &trial, &samples)?;
    let namespace = trial.namespace(None);
    deploy(plane, &namespace, &samples)?;
    let written = pods(plane, &namespace, |pod| {
        pod["metadata"]["annotations"][RESTARTED].is_null()
    })?;

    let mut broken = Vec::new();
    let mut changed = 0;
    let mut last = String::new();
    for profile in trial.settings.profile_names() {
        let report = command::json(plane, &["--profile", profile, "-n", &namespace])?;
        let label = format!("{LABEL}={profile}");
        kubectl(
            plane,
            &["label", "namespace", &namespace, &label, "--overwrite"],
        )?;
        // The time of a restart has seconds, and the API server learns of a label by a watch.
        std::thread::sleep(std::time::Duration::from_millis(1_200));
        kubectl(
            plane,
            &["rollout", "restart", "deployment", "-n", &namespace],
        )?;
        let restarted = || {
            let found = pods(plane, &namespace, |pod| {
                pod["metadata"]["annotations"][RESTARTED]
                    .as_str()
                    .is_some_and(|time| time > last.as_str())
            })?;
            Ok((found.len() == written.len()).then_some(found))
        };
        // The controllers of all Deployments share twenty requests a second.
        let restarted = (0..10)
            .find_map(|_| wait(restarted).ok())
            .ok_or_else(|| format!("not every Deployment has a pod again under {profile}"))?;
        let times = restarted.values().filter_map(|pod| {
            let time = pod["metadata"]["annotations"][RESTARTED].as_str();
            time.map(str::to_owned)
        });
        last = times.max().unwrap_or_default();
        for (name, before) in &written {
            let mut workloads = report["workloads"].as_array().unwrap().iter();
            let found = workloads.find(|one| one["kind"] == "Deployment" && one["name"] == *name);
            let found = found.ok_or_else(|| format!("{name} is not in the report"))?;
            let foretold = carry_out(&token::without(before), &found["fields"]);
            let hardened = comparable(&token::without(&restarted[name]));
            changed += usize::from(foretold != comparable(&token::without(before)));
            if foretold != hardened {
                let other = json_patch::diff(&foretold, &hardened);
                broken.push(format!("{name} under {profile}: {other}"));
            }
        }
        // By the namespace's own label nothing is open any more, and it is known whose doing that is.
        let report = command::json(plane, &["-n", &namespace])?;
        for one in report["workloads"].as_array().unwrap() {
            let by = one["hardenedBy"].as_str().unwrap_or_default();
            if one["open"] != 0 || !["author", "admission"].contains(&by) {
                broken.push(format!("{} is open under {profile}: {one}", one["name"]));
            }
        }
    }
    clear(plane, &namespace)?;
    eprintln!(
        "{} Deployments, {changed} rollouts that change something, as foretold but for {}",
        written.len(),
        broken.len()
    );
    assert!(
        written.len() > 15 && changed > written.len(),
        "too few to tell anything"
    );
    all_right(&broken)
}

/// Makes a Deployment of each sample, and waits for the pods of those that are accepted.
fn deploy(plane: &ControlPlane, namespace: &str, samples: &[Sample]) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let mut files = String::new();
    for (at, sample) in samples.iter().enumerate() {
        let mut spec = sample.pod["spec"].clone();
        spec.as_object_mut().unwrap().remove("restartPolicy");
        let labels = json!({"app": format!("sample-{at}")});
        let mut metadata = json!({"labels": labels});
        if let Some(annotations) = sample.pod["metadata"].get("annotations") {
            metadata["annotations"] = annotations.clone();
        }
        let deployment = json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": format!("sample-{at}")},
            "spec": {
                // No pod runs here: a rollout that waited for one would never end.
                "strategy": {"type": "Recreate"}, "selector": {"matchLabels": labels},
                "template": {"metadata": metadata, "spec": spec},
            },
        });
        files += &format!("---\n{deployment}\n");
    }
    let file = folder.path().join("deployments.yaml");
    std::fs::write(&file, files)?;
    // Some are refused, as they are meant to be.
    plane.kubectl(&["create", "-n", namespace, "-f", &file.display().to_string()])?;
    // Of some the pods are refused.
    let mut count = 0;
    for _ in 0..20 {
        std::thread::sleep(std::time::Duration::from_secs(1));
        let now = pods(plane, namespace, |_| true)?.len();
        if now == count && now > 0 {
            break;
        }
        count = now;
    }
    Ok(())
}

/// The pods by the name of their Deployment.
fn pods(
    plane: &ControlPlane,
    namespace: &str,
    which: impl Fn(&Value) -> bool,
) -> Result<BTreeMap<String, Value>, Failed> {
    let list = kubectl(plane, &["get", "pods", "-n", namespace, "-o", "json"])?;
    let list: Value = serde_json::from_str(&list)?;
    let pods = list["items"].as_array().unwrap().iter();
    let pods = pods.filter(|pod| pod["metadata"]["deletionTimestamp"].is_null() && which(pod));
    Ok(pods
        .filter_map(|pod| {
            let name = pod["metadata"]["labels"]["app"].as_str()?;
            Some((name.to_owned(), pod.clone()))
        })
        .collect())
}
