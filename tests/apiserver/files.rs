//! File and cluster agree: a pod of a real file is stored the same, whether the webhook hardened it or the file was hardened.
//!
//! Both know nothing of the cluster here. What a webhook learns of it beyond the files at hand (bindings, autoscalers, LimitRanges, quotas,
//! accounts, namespaces, nodes) is all that may make a difference: see [`Facts`].

use std::collections::BTreeMap;
use std::path::Path;

use libtest_mimic::Failed;
use pod_hardener::config::Settings;
use pod_hardener::manifest::{By, Manifest};
use pod_hardener::plan::Facts;
use serde_json::Value;

use crate::control_plane::ControlPlane;
use crate::corpus::{self, Sample};
use crate::dry_run::{self, Trial, comparable};
use crate::records::ANNOTATION;
use crate::webhook::Webhook;
use crate::yaml;

pub(super) fn agree(plane: &ControlPlane) -> Result<(), Failed> {
    let Some(root) = corpus::root() else {
        eprintln!("CORPUS names no folder of real inputs: there is nothing to compare");
        return Ok(());
    };
    let trial = Trial {
        name: "files",
        ..Trial::shipped()
    };
    let folder = root.join("manifests");
    let written = corpus::samples_in(&root, &[&folder]);
    let mut hardened = BTreeMap::new();
    for profile in trial.settings.profile_names() {
        let copy = tempfile::tempdir()?;
        for path in corpus::files(&folder, &["yaml", "yml", "json"]) {
            let text = yaml::read(&path)?;
            let file = copy.path().join(path.strip_prefix(&root)?);
            std::fs::create_dir_all(file.parent().ok_or("a file is in a folder")?)?;
            std::fs::write(file, harden(&text, &trial.settings, profile, &path)?)?;
        }
        let samples = corpus::samples_in(copy.path(), &[&copy.path().join("manifests")]);
        hardened.insert(profile.to_owned(), samples);
    }
    let webhook = Webhook::start();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(compare(plane, &trial, &written, &hardened, &webhook))
}

/// The text of a file as `harden` makes it.
fn harden(text: &str, settings: &Settings, profile: &str, path: &Path) -> Result<String, Failed> {
    let by = By {
        settings,
        profile: settings
            .profile(profile)
            .ok_or("there is no such profile")?,
        namespace: "default",
        facts: &Facts::default(),
    };
    let failed = |why: String| format!("{}: {why}", path.display());
    let manifest = Manifest::read(text).map_err(|flaw| failed(flaw.to_string()))?;
    let (judged, _) = manifest.judge(by);
    let hardened = manifest
        .harden(&judged)
        .map_err(|refusal| failed(refusal.to_string()))?;
    Ok(hardened.map_or_else(|| text.to_owned(), |hardened| hardened.text))
}

async fn compare(
    plane: &ControlPlane,
    trial: &Trial,
    written: &[Sample],
    hardened: &BTreeMap<String, Vec<Sample>>,
    webhook: &Webhook,
) -> Result<(), Failed> {
    let client = plane.client()?;
    dry_run::prepare(&client, trial, written, webhook).await?;
    let (mut same, mut refused) = (0, 0);
    let mut broken: Vec<String> = Vec::new();
    for (profile, samples) in hardened {
        assert_eq!(written.len(), samples.len());
        for (before, after) in written.iter().zip(samples) {
            assert_eq!(before.name, after.name);
            let by_webhook =
                dry_run::dry_run(&client, &trial.namespace(Some(profile)), &before.pod).await;
            let by_file = dry_run::dry_run(&client, &trial.namespace(None), &after.pod).await;
            let (by_webhook, by_file): (Value, Value) = match (by_webhook, by_file) {
                (Ok(by_webhook), Ok(by_file)) => (in_order(&by_webhook), in_order(&by_file)),
                (Err(_), Err(_)) => {
                    refused += 1;
                    continue;
                }
                (by_webhook, by_file) => {
                    let (webhook, file) = (by_webhook.err(), by_file.err());
                    broken.push(format!("{} {profile}: {webhook:?}, {file:?}", before.name));
                    continue;
                }
            };
            if by_webhook == by_file {
                same += 1;
                continue;
            }
            let difference = json_patch::diff(&by_webhook, &by_file).to_string();
            broken.push(format!("{} {profile}: {difference}", before.name));
        }
    }
    eprintln!("{same} pods are stored the same, {refused} are refused both ways");
    if !broken.is_empty() || same < 1_000 {
        let shown: Vec<&str> = broken.iter().take(10).map(String::as_str).collect();
        return Err(format!("{} differ:\n{}", broken.len(), shown.join("\n")).into());
    }
    Ok(())
}

/// A stored pod with its volumes and mounts by name: in the cluster, the token's come before those that are added, and from a file
/// after them. The record of what the webhook set is the webhook's alone.
fn in_order(pod: &Value) -> Value {
    let mut pod = comparable(pod);
    if let Some(metadata) = pod.pointer_mut("/metadata").and_then(Value::as_object_mut) {
        let annotations = metadata
            .get_mut("annotations")
            .and_then(Value::as_object_mut);
        let is_left = annotations.is_some_and(|annotations| {
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
