//! Pods created by server-side dry run, in a namespace without a label and in one with each profile's, and compared as
//! stored.

#[path = "dry_run/comparable.rs"]
mod comparable;
#[path = "dry_run/report.rs"]
mod report;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use kube::Client;
use kube::api::{Api, ApiResource, DynamicObject, PostParams};
use libtest_mimic::Failed;
use pod_hardener::cluster::{Cluster, Known, Pace};
use pod_hardener::config::Settings;
use pod_hardener::object::Template;
use pod_hardener::plan::Facts;
use serde_json::{Value, json};

use crate::careless;
use crate::control_plane::ControlPlane;
use crate::corpus::Sample;
use crate::harden::{harden_by, keeps};
use crate::records::{ANNOTATION, planned_set, set_by_annotation};
use crate::webhook::{LABEL, Webhook};
pub(crate) use comparable::comparable;
use report::{Report, count};

/// What is tried.
pub(crate) struct Trial {
    /// The configuration: every profile of it is tried.
    pub(crate) settings: Settings,
    /// What its namespaces are called before the profile's name.
    pub(crate) name: &'static str,
    /// The Pod Security level that all namespaces enforce, if any.
    pub(crate) enforce: Option<&'static str>,
    /// What there is in each of the namespaces.
    pub(crate) objects: Vec<Value>,
    /// Whether a careless fill-in of every gap is tried too.
    pub(crate) careless: bool,
}

impl Trial {
    /// The shipped profiles, in namespaces that enforce nothing.
    pub(crate) fn shipped() -> Self {
        Self {
            settings: Settings::embedded(),
            name: "any",
            enforce: None,
            objects: Vec::new(),
            careless: false,
        }
    }

    /// The namespace of a profile; without one, the namespace that no label opts in.
    pub(crate) fn namespace(&self, profile: Option<&str>) -> String {
        format!("{}-{}", self.name, profile.unwrap_or("unlabelled"))
    }
}

/// How many broken pods are shown.
const SHOWN: usize = 10;

/// How many requests are under way at once.
const WORKERS: usize = 4;

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
    let (webhook, known) = follow(plane, &trial)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let client = plane.client()?;
        let trial = Arc::new(trial);
        prepare(&client, &trial, &samples, &webhook).await?;
        let facts = facts(&known, &trial).await?;
        let samples = Arc::new(samples);
        let workers: Vec<_> = (0..WORKERS)
            .map(|worker| {
                let (client, samples, trial, facts) = (
                    client.clone(),
                    Arc::clone(&samples),
                    Arc::clone(&trial),
                    Arc::clone(&facts),
                );
                tokio::spawn(async move {
                    let mut report = Report::default();
                    for sample in samples.iter().skip(worker).step_by(WORKERS) {
                        one(&client, &trial, &facts, sample, &mut report).await;
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

/// A webhook that follows the cluster, and a second look at what it knows.
fn follow(plane: &ControlPlane, trial: &Trial) -> Result<(Webhook, Cluster), Failed> {
    let config = plane.admin_config()?;
    let cluster = || Cluster::follow(config.clone(), Pace::default());
    let webhook = Webhook::start_in(trial.settings.clone(), cluster()?);
    Ok((webhook, cluster()?))
}

/// What is known once all that was prepared is: the same as the webhook knows, since nothing changes from then on.
async fn facts(known: &Cluster, trial: &Trial) -> Result<Arc<Facts>, Failed> {
    let names = trial.settings.profile_names();
    let namespaces: Vec<String> = names.map(|name| trial.namespace(Some(name))).collect();
    for _ in 0..100 {
        let facts = known.facts();
        let has_account =
            |namespace: &String| facts.service_account(namespace, "default").is_some();
        let statuses = known.statuses();
        let all_known = statuses.iter().all(|status| status.known == Known::Yes);
        drop(statuses);
        if all_known && namespaces.iter().all(has_account) {
            // The last of what was prepared is known a tenth of a second after it was made.
            tokio::time::sleep(Duration::from_secs(1)).await;
            return Ok(Arc::clone(&known.facts()));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Err(format!("not all is known: {:?}", known.statuses()).into())
}

/// Everything about one pod, as it is stored without and with each label.
async fn one(client: &Client, trial: &Trial, facts: &Facts, sample: &Sample, report: &mut Report) {
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
            let template = Template::Itself;
            harden_by(Some(settings), &namespace, facts, profile, template, pod)
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
        let mut stored_as = comparable(&stored);
        let told = without_annotation(&mut stored_as);
        let (before, expected) = (comparable(&plain), comparable(&planned.object));
        // Where the author's annotations leave no room, the pod is not told (J11).
        let is_full = plain["metadata"]["annotations"].to_string().len() > 240 * 1024;
        let (is_told, told) = (told.is_some(), told.map(|text| set_by_annotation(&text).1));
        let told = told.unwrap_or_default();
        if told != planned_set(&planned) && (is_told || !is_full) {
            broken("told another thing than was set", format!("{told:?}"));
        }
        if !keeps(&stored_as, &before) {
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

/// Takes our annotation out of a stored pod: what it says.
pub(crate) fn without_annotation(pod: &mut Value) -> Option<String> {
    let metadata = pod["metadata"].as_object_mut()?;
    let annotations = metadata.get_mut("annotations")?.as_object_mut()?;
    let told = annotations.remove(ANNOTATION)?;
    if annotations.is_empty() {
        metadata.remove("annotations");
    }
    told.as_str().map(str::to_owned)
}

/// What has to be done to one pod to get the other.
fn difference(from: &Value, to: &Value) -> String {
    json_patch::diff(from, to).to_string()
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
    for (namespace, _) in &namespaces {
        for object in &trial.objects {
            create(client, Some(namespace), object.clone()).await?;
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
    dry_run_as(client, namespace, pod, None).await
}

/// The same by a field manager of a name, which is in the API server's audit log.
pub(crate) async fn dry_run_as(
    client: &Client,
    namespace: &str,
    pod: &Value,
    manager: Option<&str>,
) -> Result<Value, String> {
    let params = PostParams {
        dry_run: true,
        field_manager: manager.map(str::to_owned),
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
