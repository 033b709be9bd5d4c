//! Pods created by server-side dry run, in a namespace without a label and in one with each profile's, and compared as
//! stored.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use kube::Client;
use kube::api::{Api, ApiResource, DynamicObject, PostParams};
use libtest_mimic::Failed;
use pod_hardener::config::Settings;
use pod_hardener::object::Template;
use pod_hardener::plan::Facts;
use serde_json::{Value, json};

use crate::careless;
use crate::control_plane::ControlPlane;
use crate::corpus::Sample;
use crate::harden::{contains, harden_in};
use crate::webhook::{LABEL, Webhook};

/// What is tried.
pub(crate) struct Trial {
    /// The configuration: every profile of it is tried.
    pub(crate) settings: Settings,
    /// The Pod Security level that all namespaces enforce, if any.
    pub(crate) enforce: Option<&'static str>,
    /// Whether a careless fill-in of every gap is tried too.
    pub(crate) careless: bool,
}

impl Trial {
    /// The shipped profiles, in namespaces that enforce nothing.
    pub(crate) fn shipped() -> Self {
        Self {
            settings: Settings::embedded(),
            enforce: None,
            careless: false,
        }
    }

    /// The namespace of a profile; without one, the namespace that no label opts in.
    pub(crate) fn namespace(&self, profile: Option<&str>) -> String {
        format!(
            "{}-{}",
            self.enforce.unwrap_or("any"),
            profile.unwrap_or("unlabelled")
        )
    }
}

/// How many broken pods are shown.
const SHOWN: usize = 10;

/// How many requests are under way at once.
const WORKERS: usize = 4;

/// What became of all pods.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// Pods that the API server takes as written.
    pub(crate) accepted: usize,
    refused: Vec<String>,
    broken: Vec<String>,
    /// Ids of rules of the API, and how many pods of the careless fill-in were refused by them.
    pub(crate) careless: BTreeMap<&'static str, usize>,
    /// By profile, rule and verdict: how many containers.
    counts: BTreeMap<(String, String, String), usize>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} accepted as written, {} refused as written",
            self.accepted,
            self.refused.len()
        )?;
        self.refused
            .iter()
            .try_for_each(|refusal| writeln!(f, "  refused as written: {refusal}"))?;
        let rules: BTreeSet<(&String, &String)> = self
            .counts
            .keys()
            .map(|(profile, rule, _)| (profile, rule))
            .collect();
        for (profile, rule) in rules {
            let of = |wanted: &dyn Fn(&str) -> bool| -> usize {
                let entries = self
                    .counts
                    .iter()
                    .filter(|((p, r, verdict), _)| p == profile && r == rule && wanted(verdict));
                entries.map(|(_, count)| count).sum()
            };
            let filled = of(&|verdict| verdict == "set");
            let chosen = of(&|verdict| verdict.starts_with("kept"));
            let silent = filled + of(&|verdict| verdict.starts_with("stepped back"));
            writeln!(
                f,
                "{profile} {rule}: {silent} silent containers, {filled} filled; {chosen} chosen by their author"
            )?;
            for ((p, r, verdict), count) in &self.counts {
                if p == profile && r == rule && verdict.starts_with("stepped back") {
                    writeln!(f, "  {count} {verdict}")?;
                }
            }
        }
        for (id, count) in &self.careless {
            writeln!(f, "careless: {count} refused by {id}")?;
        }
        Ok(())
    }
}

/// Tries every sample with every profile of the embedded configuration.
///
/// # Errors
///
/// When a pod that is accepted as written is refused, changed in what its author wrote, stored in another way than the plan says, or patched
/// again when it is fed in again.
pub(crate) fn all(
    plane: &ControlPlane,
    trial: Trial,
    samples: Vec<Sample>,
) -> Result<Report, Failed> {
    let webhook = Webhook::start_with(trial.settings.clone());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let client = plane.client()?;
        let trial = Arc::new(trial);
        prepare(&client, &trial, &samples, &webhook).await?;
        let samples = Arc::new(samples);
        let workers: Vec<_> = (0..WORKERS)
            .map(|worker| {
                let (client, samples, trial) =
                    (client.clone(), Arc::clone(&samples), Arc::clone(&trial));
                tokio::spawn(async move {
                    let mut report = Report::default();
                    for sample in samples.iter().skip(worker).step_by(WORKERS) {
                        one(&client, &trial, sample, &mut report).await;
                    }
                    report
                })
            })
            .collect();
        let mut report = Report::default();
        for worker in workers {
            let part = worker.await?;
            report.accepted += part.accepted;
            report.refused.extend(part.refused);
            report.broken.extend(part.broken);
            for (id, count) in part.careless {
                *report.careless.entry(id).or_default() += count;
            }
            for (key, count) in part.counts {
                *report.counts.entry(key).or_default() += count;
            }
        }
        delete(&client, "MutatingWebhookConfiguration", "zz-pod-hardener").await?;
        if report.broken.is_empty() {
            Ok(report)
        } else {
            Err(format!(
                "{report}{}",
                report
                    .broken
                    .iter()
                    .take(SHOWN)
                    .cloned()
                    .collect::<Vec<_>>()
                    .join("\n")
            )
            .into())
        }
    })
}

/// Everything about one pod, as it is stored without and with each label.
async fn one(client: &Client, trial: &Trial, sample: &Sample, report: &mut Report) {
    let (settings, unlabelled) = (&trial.settings, trial.namespace(None));
    let plain = match dry_run(client, &unlabelled, &sample.pod).await {
        Ok(plain) => plain,
        Err(error) => return report.refused.push(format!("{}: {error}", sample.name)),
    };
    report.accepted += 1;
    if trial.careless
        && let Err(error) = dry_run(client, &unlabelled, &careless::fill_in(&sample.pod)).await
    {
        for id in careless::ids(&error) {
            *report.careless.entry(id).or_default() += 1;
        }
    }
    for name in settings.profile_names() {
        let profile = settings
            .profile(name)
            .unwrap_or_else(|| panic!("{name} is a profile"));
        let mut broken = |what: &str, detail: String| {
            report
                .broken
                .push(format!("{} under {name}: {what}: {detail}", sample.name));
        };
        let namespace = trial.namespace(Some(name));
        let harden = |pod: &Value| {
            harden_in(
                &namespace,
                &Facts::default(),
                profile,
                Template::Itself,
                pod,
            )
        };
        let stored = match dry_run(client, &namespace, &sample.pod).await {
            Ok(stored) => stored,
            Err(error) => {
                broken("refused", error);
                continue;
            }
        };
        let planned = match harden(&plain) {
            Ok(planned) => planned,
            Err(error) => {
                broken("not planned", error);
                continue;
            }
        };
        let (before, expected, stored_as) = (
            comparable(&plain),
            comparable(&planned.object),
            comparable(&stored),
        );
        if !contains(&stored_as, &before) {
            broken(
                "changed in what its author wrote",
                difference(&before, &stored_as),
            );
        }
        if expected != stored_as {
            broken(
                "stored in another way than planned",
                difference(&expected, &stored_as),
            );
        }
        match harden(&stored) {
            Ok(again) if again.patch.is_none() => {}
            Ok(again) => broken("patched again", format!("{:?}", again.patch)),
            Err(error) => broken("not planned again", error),
        }
        count(name, &planned.said, report);
    }
}

/// What has to be done to one pod to get the other.
fn difference(from: &Value, to: &Value) -> String {
    json_patch::diff(from, to).to_string()
}

/// Counts each rule's verdicts on each container: `set` where it set anything, else why not.
fn count(profile: &str, said: &[String], report: &mut Report) {
    let mut verdicts: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for line in said {
        let Some((who, verdict)) = line.split_once(": ") else {
            continue;
        };
        let (rule, container) = who.split_once(" of ").unwrap_or((who, ""));
        if container == "the pod" && rule != "user-namespace" {
            continue;
        }
        let verdict = match verdict.split(' ').next() {
            Some(short @ ("set" | "kept")) => short.to_owned(),
            _ => verdict.to_owned(),
        };
        verdicts
            .entry((rule.to_owned(), container.to_owned()))
            .or_default()
            .insert(verdict);
    }
    for ((rule, _), verdicts) in verdicts {
        let verdict = ["set", "kept"]
            .into_iter()
            .find(|v| verdicts.contains(*v))
            .map(str::to_owned);
        let Some(verdict) = verdict.or_else(|| verdicts.into_iter().next()) else {
            continue;
        };
        *report
            .counts
            .entry((profile.to_owned(), rule, verdict))
            .or_default() += 1;
    }
}

/// The pod without what differs between any two creations: name, namespace, times, and the token volume's random name.
fn comparable(pod: &Value) -> Value {
    let mut pod = pod.clone();
    for key in [
        "name",
        "namespace",
        "uid",
        "creationTimestamp",
        "managedFields",
    ] {
        if let Some(metadata) = pod["metadata"].as_object_mut() {
            metadata.remove(key);
        }
    }
    let token = |value: &mut Value| {
        if let Some(name) = value["name"].as_str().filter(|name| is_token_volume(name)) {
            let kept = name.split_at("kube-api-access-".len()).0.to_owned();
            value["name"] = json!(kept);
        }
    };
    let spec = &mut pod["spec"];
    spec["volumes"]
        .as_array_mut()
        .into_iter()
        .flatten()
        .for_each(token);
    for list in ["containers", "initContainers"] {
        for container in spec[list].as_array_mut().into_iter().flatten() {
            container["volumeMounts"]
                .as_array_mut()
                .into_iter()
                .flatten()
                .for_each(token);
        }
    }
    // Asking for what is not there makes a null of it.
    for list in ["volumes", "containers", "initContainers"] {
        if spec[list].is_null()
            && let Some(spec) = spec.as_object_mut()
        {
            spec.remove(list);
        }
    }
    pod
}

/// Whether the ServiceAccount plugin made the volume up (T5).
fn is_token_volume(name: &str) -> bool {
    let made_up = name
        .strip_prefix("kube-api-access-")
        .filter(|end| end.len() == 5);
    made_up.is_some_and(|end| {
        end.chars()
            .all(|c| "bcdfghjklmnpqrstvwxz2456789".contains(c))
    })
}

/// Namespaces, what the pods name in them, and the registration: made once, used by every call.
pub(crate) async fn prepare(
    client: &Client,
    trial: &Trial,
    samples: &[Sample],
    webhook: &Webhook,
) -> Result<(), Failed> {
    let enforce = trial.enforce.unwrap_or("privileged");
    let labels = |profile: Option<&str>| {
        let mut labels = json!({"pod-security.kubernetes.io/enforce": enforce});
        if let Some(profile) = profile {
            labels[LABEL] = json!(profile);
        }
        (trial.namespace(profile), labels)
    };
    let mut namespaces = vec![labels(None)];
    namespaces.extend(
        trial
            .settings
            .profile_names()
            .map(|profile| labels(Some(profile))),
    );
    let named = |field: &str| -> BTreeSet<&str> {
        samples
            .iter()
            .filter_map(|sample| sample.pod["spec"][field].as_str())
            .filter(|name| !name.is_empty())
            .collect()
    };
    for class in named("priorityClassName")
        .into_iter()
        .filter(|name| !name.starts_with("system-"))
    {
        let class = json!({"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": class}, "value": 1000});
        create(client, None, class).await?;
    }
    for class in named("runtimeClassName") {
        let class = json!({"apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "metadata": {"name": class}, "handler": "any"});
        create(client, None, class).await?;
    }
    for (namespace, labels) in &namespaces {
        let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": labels}});
        create(client, None, object).await?;
        for account in named("serviceAccountName")
            .into_iter()
            .chain(named("serviceAccount"))
            .chain(["default"])
        {
            let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": account}});
            create(client, Some(namespace), account).await?;
        }
    }
    delete(client, "MutatingWebhookConfiguration", "zz-pod-hardener").await?;
    create(client, None, webhook.registration()).await?;
    // The API server learns of the registration by a watch of its own.
    tokio::time::sleep(Duration::from_secs(2)).await;
    Ok(())
}

pub(crate) async fn dry_run(
    client: &Client,
    namespace: &str,
    pod: &Value,
) -> Result<Value, String> {
    let params = PostParams {
        dry_run: true,
        field_manager: None,
    };
    post(client, Some(namespace), pod.clone(), &params)
        .await
        .map_err(|error| match error {
            kube::Error::Api(status) => status.message.clone(),
            other => other.to_string(),
        })
}

/// Creates an object; one that is there already is as good.
async fn create(client: &Client, namespace: Option<&str>, object: Value) -> Result<(), Failed> {
    match post(client, namespace, object, &PostParams::default()).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.code == 409 => Ok(()),
        Err(error) => Err(error.into()),
    }
}

async fn delete(client: &Client, kind: &str, name: &str) -> Result<(), Failed> {
    let resource =
        resource(&json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": kind}));
    match Api::<DynamicObject>::all_with(client.clone(), &resource)
        .delete(name, &Default::default())
        .await
    {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        Err(error) => Err(error.into()),
    }
}

async fn post(
    client: &Client,
    namespace: Option<&str>,
    object: Value,
    params: &PostParams,
) -> Result<Value, kube::Error> {
    let resource = resource(&object);
    let api: Api<DynamicObject> = match namespace {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
        None => Api::all_with(client.clone(), &resource),
    };
    let object = serde_json::from_value(object).map_err(kube::Error::SerdeError)?;
    let stored = api.create(params, &object).await?;
    serde_json::to_value(stored).map_err(kube::Error::SerdeError)
}

fn resource(object: &Value) -> ApiResource {
    let api = object["apiVersion"].as_str().unwrap_or_default();
    let (group, version) = api.split_once('/').unwrap_or(("", api));
    let kind = object["kind"].as_str().unwrap_or_default();
    ApiResource::from_gvk(&kube::api::GroupVersionKind::gvk(group, version, kind))
}
