//! Real pods are made in a namespace without a label and looked at by a profile. What the report says is carried out on each, and
//! must be what the API server stores of the same pod in a namespace with the label.

use kube::Client;
use libtest_mimic::Failed;
use pod_hardener::cluster::{Cluster, Pace};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::cluster::{kubectl, wait};
use crate::command;
use crate::control_plane::ControlPlane;
use crate::corpus::{self, Sample};
use crate::dry_run::{Trial, dry_run, prepare};
use crate::webhook::Webhook;

/// Every how many-th pod is tried, where not all are asked for.
const STEP: usize = 5;

/// How many pods are shown.
const SHOWN: usize = 5;

pub(super) fn all(plane: &ControlPlane) -> Result<(), Failed> {
    let Some(root) = corpus::root() else {
        eprintln!("CORPUS names no folder of real inputs: the test on them is skipped");
        return Ok(());
    };
    let samples: Vec<Sample> = corpus::some_samples(&root, STEP);
    let trial = Trial::shipped();
    let (_webhook, runtime, client) = served(plane, &trial, &samples)?;
    let plain = trial.namespace(None);
    let made = make(plane, &plain, &samples)?;
    // The webhook knows what was made by a watch.
    std::thread::sleep(std::time::Duration::from_secs(1));

    let mut broken = Vec::new();
    let mut changed = 0;
    for profile in trial.settings.profile_names() {
        let report = command::json(plane, &["--profile", profile, "-n", &plain])?;
        for (name, sample, stored) in &made {
            let mut workloads = report["workloads"].as_array().unwrap().iter();
            let found = workloads.find(|one| one["kind"] == "Pod" && one["name"] == name.as_str());
            let Some(found) = found else {
                broken.push(format!("{}: it is not in the report", sample.name));
                continue;
            };
            let labelled = trial.namespace(Some(profile));
            let hardened = runtime.block_on(dry_run(&client, &labelled, &sample.pod));
            let hardened = hardened.map_err(|error| format!("{}: {error}", sample.name))?;
            let foretold = carry_out(stored, &found["fields"]);
            changed += usize::from(foretold != comparable(stored));
            if foretold != comparable(&hardened) {
                let other = json_patch::diff(&foretold, &comparable(&hardened));
                broken.push(format!("{} under {profile}: {other}", sample.name));
            }
        }
    }
    clear(plane, &plain)?;
    eprintln!(
        "{} pods, {changed} changes, as foretold but for {}",
        made.len(),
        broken.len()
    );
    assert!(
        made.len() > 20 && changed > made.len(),
        "too few to tell anything"
    );
    all_right(&broken)
}

/// A webhook that follows the cluster, with all that [`prepare`] makes for it, and how the API server is asked.
pub(super) fn served(
    plane: &ControlPlane,
    trial: &Trial,
    samples: &[Sample],
) -> Result<(Webhook, Runtime, Client), Failed> {
    let follow = Cluster::follow(plane.admin_config()?, Pace::default())?;
    let webhook = Webhook::start_in(trial.settings.clone(), follow);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let client = runtime.block_on(async { plane.client() })?;
    runtime.block_on(prepare(&client, trial, samples, &webhook))?;
    Ok((webhook, runtime, client))
}

/// Takes the registration and the namespace away.
pub(super) fn clear(plane: &ControlPlane, namespace: &str) -> Result<(), Failed> {
    kubectl(
        plane,
        &["delete", "mutatingwebhookconfiguration", "zz-pod-hardener"],
    )?;
    kubectl(plane, &["delete", "namespace", namespace, "--wait=false"]).map(drop)
}

/// Fails with the first of what is broken.
pub(super) fn all_right(broken: &[String]) -> Result<(), Failed> {
    match broken.is_empty() {
        true => Ok(()),
        false => Err(broken[..broken.len().min(SHOWN)].join("\n").into()),
    }
}

/// Makes all pods that are accepted: their names, and how they are stored.
fn make<'s>(
    plane: &ControlPlane,
    namespace: &str,
    samples: &'s [Sample],
) -> Result<Vec<(String, &'s Sample, Value)>, Failed> {
    let folder = tempfile::tempdir()?;
    let mut files = String::new();
    for (at, sample) in samples.iter().enumerate() {
        let mut pod = sample.pod.clone();
        pod["metadata"]["generateName"] = Value::Null;
        pod["metadata"]["name"] = json!(format!("sample-{at}"));
        files += &format!("---\n{pod}\n");
    }
    let file = folder.path().join("pods.yaml");
    std::fs::write(&file, files)?;
    // Some are refused, as they are meant to be.
    plane.kubectl(&["create", "-n", namespace, "-f", &file.display().to_string()])?;
    let list = wait(|| {
        let list = kubectl(plane, &["get", "pods", "-n", namespace, "-o", "json"])?;
        let list: Value = serde_json::from_str(&list)?;
        Ok(Some(list).filter(|list| !list["items"].as_array().unwrap().is_empty()))
    })?;
    let items = list["items"].as_array().unwrap().iter();
    Ok(items
        .filter_map(|pod| {
            let name = pod["metadata"]["name"].as_str()?;
            let at: usize = name.strip_prefix("sample-")?.parse().ok()?;
            Some((name.to_owned(), samples.get(at)?, pod.clone()))
        })
        .collect())
}

/// The pod with what the report says would be set and taken out.
pub(super) fn carry_out(pod: &Value, fields: &Value) -> Value {
    let mut pod = pod.clone();
    let mut out = Vec::new();
    for entry in fields.as_array().unwrap() {
        let (state, field, value) = (
            entry["state"].as_str().unwrap(),
            entry["field"].as_str().unwrap(),
            entry["value"].as_str().unwrap(),
        );
        if !["missing", "superfluous"].contains(&state) {
            continue;
        }
        let mut holder = holder(&mut pod, entry["container"].as_str().unwrap());
        let path = field.strip_suffix("[+]").unwrap_or(field);
        for part in path.split('.') {
            if holder.is_null() {
                *holder = json!({});
            }
            holder = holder
                .as_object_mut()
                .unwrap()
                .entry(part)
                .or_insert(Value::Null);
        }
        match state {
            "missing" if field.ends_with("[+]") => {
                if holder.is_null() {
                    *holder = json!([]);
                }
                holder
                    .as_array_mut()
                    .unwrap()
                    .push(serde_json::from_str(value).unwrap());
            }
            "missing" => *holder = serde_json::from_str(value).unwrap(),
            "superfluous" => out.push((
                entry["container"].clone(),
                path.to_owned(),
                value.parse::<usize>().unwrap(),
            )),
            _ => {}
        }
    }
    out.sort_by_key(|(_, _, at)| std::cmp::Reverse(*at));
    for (container, path, at) in out {
        let mut holder = holder(&mut pod, container.as_str().unwrap());
        for part in path.split('.') {
            holder = &mut holder[part];
        }
        holder.as_array_mut().unwrap().remove(at);
    }
    comparable(&pod)
}

fn holder<'p>(pod: &'p mut Value, container: &str) -> &'p mut Value {
    if container.is_empty() {
        return pod;
    }
    let spec = &pod["spec"];
    let place = ["initContainers", "containers"]
        .into_iter()
        .find_map(|list| {
            let mut all = spec[list].as_array().into_iter().flatten();
            Some((list, all.position(|one| one["name"] == container)?))
        });
    let (list, at) = place.unwrap();
    &mut pod["spec"][list][at]
}

/// The spec, without what is another in every pod, and without what is there and empty.
pub(super) fn comparable(pod: &Value) -> Value {
    fn tidy(value: &Value) -> Value {
        match value {
            Value::String(text) if text.starts_with("kube-api-access-") => json!("kube-api-access"),
            Value::Array(all) => Value::Array(all.iter().map(tidy).collect()),
            Value::Object(all) => {
                let kept = all.iter().map(|(key, value)| (key.clone(), tidy(value)));
                let empty =
                    |value: &Value| value.is_null() || value == &json!({}) || value == &json!([]);
                kept.filter(|(key, value)| {
                    !(empty(value)
                        && ["volumes", "volumeMounts", "securityContext", "resources"]
                            .contains(&key.as_str()))
                })
                .collect()
            }
            other => other.clone(),
        }
    }
    tidy(&pod["spec"])
}
