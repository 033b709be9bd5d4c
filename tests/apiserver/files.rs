//! File and cluster agree: a pod of a real file is stored the same, whether the webhook hardened it or the file was hardened.
//!
//! The webhook follows its cluster, in namespaces that nothing is known of which makes a difference. What makes one is the closed list of
//! [`known`].

#[path = "files/export.rs"]
mod export;
#[path = "files/knowledge.rs"]
mod knowledge;
#[path = "files/known.rs"]
mod known;

use std::path::Path;
use std::sync::Arc;

use libtest_mimic::Failed;
use pod_hardener::cluster::{Cluster, Pace};
use pod_hardener::config::Settings;
use pod_hardener::manifest::{By, Manifest};
use pod_hardener::plan::Facts;
use serde_json::{Map, Value};

use crate::control_plane::ControlPlane;
use crate::corpus::{self, Sample};
use crate::dry_run::{self, Trial, comparable};
use crate::records::ANNOTATION;
use crate::webhook::Webhook;
use crate::yaml;

pub(super) use known::only_the_cluster;

/// How many requests are under way at once.
const WORKERS: usize = 8;

/// A pod as its author wrote it, and as it comes out of the hardened file.
struct Pair {
    profile: String,
    written: Sample,
    hardened: Sample,
}

/// Each file by one profile, in turn; by all of them with `FILES=full`.
pub(super) fn agree(plane: &ControlPlane) -> Result<(), Failed> {
    let Some(root) = corpus::root() else {
        eprintln!("CORPUS names no folder of real inputs: there is nothing to compare");
        return Ok(());
    };
    let trial = Trial {
        name: "files",
        ..Trial::shipped()
    };
    let pairs = pairs(&root, &trial.settings)?;
    let written: Vec<Sample> = pairs.iter().map(|pair| pair.written.clone()).collect();
    let cluster = Cluster::follow(plane.admin_config()?, Pace::default())?;
    let webhook = Webhook::start_in(trial.settings.clone(), cluster);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let outcomes = runtime.block_on(async {
        let client = plane.client()?;
        dry_run::prepare(&client, &trial, &written, &webhook).await?;
        compare(&client, &Arc::new(trial), pairs).await
    })?;
    let (mut same, mut refused) = (0, 0);
    let mut broken: Vec<String> = Vec::new();
    for outcome in outcomes {
        match outcome {
            Outcome::Same => same += 1,
            Outcome::Refused => refused += 1,
            Outcome::Other(how) => broken.push(how),
        }
    }
    eprintln!("{same} pods are stored the same, {refused} are refused both ways");
    if !broken.is_empty() || same < 400 {
        let shown: Vec<&str> = broken.iter().take(10).map(String::as_str).collect();
        return Err(format!("{} differ:\n{}", broken.len(), shown.join("\n")).into());
    }
    Ok(())
}

/// Whether all is tried, or as much as every run has time for.
fn in_full() -> bool {
    std::env::var_os("FILES").is_some_and(|value| value == "full")
}

fn pairs(root: &Path, settings: &Settings) -> Result<Vec<Pair>, Failed> {
    let profiles: Vec<&str> = settings.profile_names().collect();
    let mut pairs = Vec::new();
    let files = corpus::files(&root.join("manifests"), &["yaml", "yml", "json"]);
    for (at, path) in files.iter().enumerate() {
        let text = yaml::read(path)?;
        let name = path.strip_prefix(root)?.display().to_string();
        let written = corpus::samples_of(&name, &text)?;
        let turn = at % profiles.len();
        for (_, profile) in profiles
            .iter()
            .enumerate()
            .filter(|(index, _)| in_full() || *index == turn)
        {
            let hardened = harden(&text, settings, profile, "default", &Facts::default())
                .map_err(|why| format!("{name}: {why}"))?;
            let hardened = corpus::samples_of(&name, &hardened)?;
            assert_eq!(written.len(), hardened.len(), "{name}");
            for (written, hardened) in written.iter().zip(hardened) {
                assert_eq!(written.name, hardened.name);
                pairs.push(Pair {
                    profile: (*profile).to_owned(),
                    written: written.clone(),
                    hardened,
                });
            }
        }
    }
    Ok(pairs)
}

/// A text as `harden` makes it.
fn harden(
    text: &str,
    settings: &Settings,
    profile: &str,
    namespace: &str,
    facts: &Facts,
) -> Result<String, String> {
    let by = By {
        settings,
        profile: settings.profile(profile).ok_or("no such profile")?,
        namespace,
        facts,
    };
    let manifest = Manifest::read(text).map_err(|flaw| flaw.to_string())?;
    let (judged, _) = manifest.judge(by);
    let hardened = manifest
        .harden(&judged)
        .map_err(|refusal| refusal.to_string())?;
    Ok(hardened.map_or_else(|| text.to_owned(), |hardened| hardened.text))
}

enum Outcome {
    Same,
    Refused,
    Other(String),
}

async fn compare(
    client: &kube::Client,
    trial: &Arc<Trial>,
    pairs: Vec<Pair>,
) -> Result<Vec<Outcome>, Failed> {
    let pairs = Arc::new(pairs);
    let workers = (0..WORKERS).map(|worker| {
        let (client, trial, pairs) = (client.clone(), Arc::clone(trial), Arc::clone(&pairs));
        tokio::spawn(async move {
            let mut outcomes = Vec::new();
            for pair in pairs.iter().skip(worker).step_by(WORKERS) {
                let labelled = trial.namespace(Some(&pair.profile));
                let by_webhook = dry_run::dry_run(&client, &labelled, &pair.written.pod).await;
                let plain = trial.namespace(None);
                let by_file = dry_run::dry_run(&client, &plain, &pair.hardened.pod).await;
                outcomes.push(outcome(pair, by_webhook, by_file));
            }
            outcomes
        })
    });
    let mut outcomes = Vec::new();
    for worker in workers.collect::<Vec<_>>() {
        outcomes.extend(worker.await?);
    }
    Ok(outcomes)
}

fn outcome(
    pair: &Pair,
    by_webhook: Result<Value, String>,
    by_file: Result<Value, String>,
) -> Outcome {
    let (name, profile) = (&pair.written.name, &pair.profile);
    match (by_webhook, by_file) {
        (Ok(by_webhook), Ok(by_file)) => {
            let (by_webhook, by_file) = (in_order(&by_webhook), in_order(&by_file));
            if by_webhook == by_file {
                return Outcome::Same;
            }
            let difference = json_patch::diff(&by_webhook, &by_file);
            Outcome::Other(format!("{name} {profile}: {difference}"))
        }
        (Err(_), Err(_)) => Outcome::Refused,
        (by_webhook, by_file) => {
            let (webhook, file) = (by_webhook.err(), by_file.err());
            Outcome::Other(format!("{name} {profile}: {webhook:?}, {file:?}"))
        }
    }
}

/// A stored pod with its volumes and mounts by name: in the cluster, the token's come before those that are added, and from a file
/// after them. The record of what the webhook set is the webhook's alone.
fn in_order(pod: &Value) -> Value {
    let mut pod = comparable(pod);
    if let Some(metadata) = pod.pointer_mut("/metadata").and_then(Value::as_object_mut) {
        let annotations = metadata
            .get_mut("annotations")
            .and_then(Value::as_object_mut);
        let is_left = annotations.is_some_and(|annotations: &mut Map<String, Value>| {
            annotations.remove(ANNOTATION);
            !annotations.is_empty()
        });
        if !is_left {
            metadata.remove("annotations");
        }
    }
    let by_name = |list: Option<&mut Value>| {
        if let Some(list) = list.and_then(Value::as_array_mut) {
            list.sort_by_key(|entry| (entry["name"].to_string(), entry["mountPath"].to_string()));
        }
    };
    by_name(pod.pointer_mut("/spec/volumes"));
    for list in ["/spec/containers", "/spec/initContainers"] {
        let containers = pod.pointer_mut(list).and_then(Value::as_array_mut);
        for container in containers.into_iter().flatten() {
            by_name(container.get_mut("volumeMounts"));
        }
    }
    pod
}
