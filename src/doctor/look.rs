//! Reads what there is to be judged. Whatever cannot be read is noted, and the rest is read all the same.

use std::time::Duration;

use hyper::Request;
use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhookConfiguration, ServiceReference, ValidatingAdmissionPolicy,
    ValidatingWebhookConfiguration,
};
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Node, Pod, Secret, Service};
use kube::api::ListParams;
use kube::{Api, Client, Config, ResourceExt};

use super::labels::{HARDEN, entry_of};
use super::{Entry, Mode, Seen, Server, Unhardened, Unseen};
use crate::cluster::{Cluster, Pace, pages};
use crate::config::{Effective, Settings};
use crate::object::{Object, Template};
use crate::plan::{Facts, Plan, Scope};

/// How many pods are named.
const NAMED: usize = 3;

/// How long facts about the cluster are waited for.
const PATIENCE: Duration = Duration::from_secs(15);

/// Pods that have ended are as they were.
const RUNS: &str = "fieldSelector=status.phase!=Succeeded,status.phase!=Failed&";

/// Looks at the cluster that `config` leads to. `names`: those of the registration that hardens, and of the one that looks.
///
/// # Errors
///
/// When the API server cannot be reached at all.
pub async fn look(config: Config, names: [String; 2]) -> kube::Result<Seen> {
    let client = Client::try_from(config.clone())?;
    let version = client.apiserver_version().await?;
    let number = |text: &str| {
        text.trim_end_matches(|c: char| !c.is_ascii_digit())
            .parse()
            .ok()
    };
    let mut seen = Seen {
        names,
        version: number(&version.major).zip(number(&version.minor)),
        ..Seen::default()
    };
    let mut unseen = Vec::new();
    seen.mutating = all(
        &Api::<MutatingWebhookConfiguration>::all(client.clone()),
        &mut unseen,
    )
    .await;
    seen.validating = all(
        &Api::<ValidatingWebhookConfiguration>::all(client.clone()),
        &mut unseen,
    )
    .await;
    let policies = all(
        &Api::<ValidatingAdmissionPolicy>::all(client.clone()),
        &mut unseen,
    )
    .await;
    seen.policies = policies.iter().map(ResourceExt::name_any).collect();
    seen.nodes = all(&Api::<Node>::all(client.clone()), &mut unseen)
        .await
        .len();
    seen.namespaces = all(&Api::<Namespace>::all(client.clone()), &mut unseen).await;
    if let Some((namespace, pod)) = servers(&client, &mut seen, &mut unseen).await {
        certificate(&client, &namespace, &pod, &mut seen, &mut unseen).await;
    }
    pods(&client, config, &mut seen, &mut unseen).await;
    seen.unseen.extend(unseen);
    Ok(seen)
}

/// What is registered under a name, and the configuration of the servers behind it: less than [`look`] does.
pub async fn installed(client: &Client, hardens: &str) -> Seen {
    let mut seen = Seen {
        names: [hardens.to_owned(), String::new()],
        ..Seen::default()
    };
    let mut unseen = Vec::new();
    let registrations = Api::<MutatingWebhookConfiguration>::all(client.clone());
    seen.mutating = all(&registrations, &mut unseen).await;
    servers(client, &mut seen, &mut unseen).await;
    seen.unseen.extend(unseen);
    seen
}

/// All objects of a kind; none where they cannot be read, which is noted.
async fn all<K>(api: &Api<K>, unseen: &mut Vec<Unseen>) -> Vec<K>
where
    K: kube::Resource<DynamicType = ()> + Clone + serde::de::DeserializeOwned + std::fmt::Debug,
{
    note(
        api.list(&ListParams::default()).await,
        &K::plural(&()),
        unseen,
    )
    .map(|list| list.items)
    .unwrap_or_default()
}

/// What was read, or nothing, which is noted.
fn note<T>(read: kube::Result<T>, what: &str, unseen: &mut Vec<Unseen>) -> Option<T> {
    match read {
        Ok(read) => Some(read),
        Err(error) => {
            let why = match error {
                kube::Error::Api(status) => status.message.clone(),
                other => other.to_string(),
            };
            unseen.push(Unseen {
                what: what.to_owned(),
                why,
            });
            None
        }
    }
}

/// The servers behind the Service that the registration names, and their configuration. Gives one of them, and its namespace.
async fn servers(
    client: &Client,
    seen: &mut Seen,
    unseen: &mut Vec<Unseen>,
) -> Option<(String, Pod)> {
    let entries = seen.entries();
    let service = entries
        .iter()
        .find_map(|entry| entry.client.service.as_ref());
    let ServiceReference {
        name, namespace, ..
    } = service.cloned()?;
    let called = format!("service {namespace}/{name}");
    let found = Api::<Service>::namespaced(client.clone(), &namespace)
        .get_opt(&name)
        .await;
    let found = note(found, &called, unseen)?;
    seen.service = Some((called, found.is_some()));
    let selector = found
        .and_then(|service| service.spec?.selector)
        .unwrap_or_default();
    if selector.is_empty() {
        return None;
    }
    let labels: Vec<String> = selector
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    let pods = Api::<Pod>::namespaced(client.clone(), &namespace);
    let pods = pods
        .list(&ListParams::default().labels(&labels.join(",")))
        .await;
    let mut pods = note(pods, "the servers' pods", unseen)?.items;
    pods.retain(|pod| pod.metadata.deletion_timestamp.is_none());
    seen.servers = pods.iter().map(server).collect();
    let pod = pods.into_iter().next()?;
    match flag_file(&pod, "--config=", |volume| {
        volume.config_map.as_ref().map(|source| source.name.clone())
    }) {
        None => {
            seen.settings = Some((
                "the embedded configuration".to_owned(),
                Ok(Settings::embedded()),
            ))
        }
        Some((name, key)) => {
            let maps = Api::<ConfigMap>::namespaced(client.clone(), &namespace);
            if let Some(map) = note(maps.get(&name).await, &format!("configmap {name}"), unseen) {
                let text = map.data.and_then(|mut data| data.remove(&key));
                let from = format!("configmap {namespace}/{name}");
                let read = match text {
                    Some(text) => Settings::parse(&text, &key).map_err(|error| error.to_string()),
                    None => Err(format!("it has no key {key}")),
                };
                seen.settings = Some((from, read));
            }
        }
    }
    Some((namespace, pod))
}

/// The certificate of a server.
async fn certificate(
    client: &Client,
    namespace: &str,
    pod: &Pod,
    seen: &mut Seen,
    unseen: &mut Vec<Unseen>,
) {
    let secret = flag_file(pod, "--tls-cert=", |volume| {
        volume.secret.as_ref()?.secret_name.clone()
    });
    if let Some((name, key)) = secret {
        let secrets = Api::<Secret>::namespaced(client.clone(), namespace);
        let from = format!("secret {namespace}/{name}");
        if let Some(secret) = note(secrets.get_opt(&name).await, &from, unseen) {
            let pem = secret.and_then(|secret| secret.data?.remove(&key));
            seen.certificate = Some((from, pem.map(|bytes| bytes.0).unwrap_or_default()));
        }
    }
}

fn server(pod: &Pod) -> Server {
    let spec = pod.spec.as_ref();
    let container = spec.and_then(|spec| spec.containers.first());
    let conditions = pod
        .status
        .as_ref()
        .and_then(|status| status.conditions.as_ref());
    let ready = conditions
        .into_iter()
        .flatten()
        .any(|condition| condition.type_ == "Ready" && condition.status == "True");
    Server {
        pod: pod.name_any(),
        image: container
            .and_then(|container| container.image.clone())
            .unwrap_or_default(),
        ready,
        node: spec.and_then(|spec| spec.node_name.clone()),
    }
}

/// The object and the key that the file of a flag comes from, by the volume that is mounted at its folder.
fn flag_file(
    pod: &Pod,
    flag: &str,
    source: impl Fn(&k8s_openapi::api::core::v1::Volume) -> Option<String>,
) -> Option<(String, String)> {
    let spec = pod.spec.as_ref()?;
    let container = spec.containers.first()?;
    let path = container
        .args
        .as_ref()?
        .iter()
        .find_map(|arg| arg.strip_prefix(flag))?;
    let (folder, key) = path.rsplit_once('/')?;
    let mounts = container.volume_mounts.as_ref()?;
    let mount = mounts
        .iter()
        .find(|mount| mount.mount_path.trim_end_matches('/') == folder)?;
    let volume = spec
        .volumes
        .as_ref()?
        .iter()
        .find(|volume| volume.name == mount.name)?;
    Some((source(volume)?, key.to_owned()))
}

/// What became of pods, and becomes of one that is tried, in the namespaces that a webhook takes.
async fn pods(client: &Client, config: Config, seen: &mut Seen, unseen: &mut Vec<Unseen>) {
    let Some(settings) = seen.settings().cloned() else {
        return;
    };
    let facts = facts(config).await;
    let entries = seen.entries();
    let (mut unhardened, mut reached) = (Vec::new(), Vec::new());
    for namespace in &seen.namespaces {
        let Some(Entry { profile, .. }) = entry_of(&entries, Mode::Harden, namespace) else {
            continue;
        };
        let name = namespace.name_any();
        let judge = |text: &str| is_open(text, &settings, profile, &name, &facts);
        let mut found = Unhardened {
            namespace: name.clone(),
            profile: (*profile).to_owned(),
            pods: 0,
            open: 0,
            first: Vec::new(),
        };
        let path = format!("/api/v1/namespaces/{name}/pods");
        let listed = pages::each(client, &path, RUNS, |text| {
            found.pods += 1;
            if judge(text) == Some(true) {
                found.open += 1;
                if found.first.len() < NAMED {
                    found.first.extend(called(text));
                }
            }
        });
        if note(
            listed.await,
            &format!("the pods of namespace {name}"),
            unseen,
        )
        .is_some()
        {
            unhardened.push(found);
        }
        if namespace.labels().contains_key(HARDEN) && judge(TRIED) == Some(true) {
            let tried = try_one(client, &name).await;
            if let Some(tried) = note(tried, &format!("a dry run in namespace {name}"), unseen) {
                let outcome = tried.map(|text| judge(&text) == Some(false));
                reached.push((name, outcome));
            }
        }
    }
    (seen.unhardened, seen.reached) = (unhardened, reached);
}

/// A pod whose author left everything out.
const TRIED: &str = r#"{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "pod-hardener-doctor"},
    "spec": {"containers": [{"name": "tried", "image": "registry.k8s.io/pause:3.10"}]}}"#;

/// The pod as the API server would store it, or why it would not.
async fn try_one(client: &Client, namespace: &str) -> kube::Result<Result<String, String>> {
    let request = Request::post(format!("/api/v1/namespaces/{namespace}/pods?dryRun=All"))
        .header("content-type", "application/json")
        .body(TRIED.as_bytes().to_vec())
        .map_err(kube::Error::HttpError)?;
    match client.request_text(request).await {
        Ok(text) => Ok(Ok(text)),
        // Who may not make pods at all learns nothing by it.
        Err(kube::Error::Api(status))
            if status.code == 403
                && !status.message.contains("admission webhook")
                && !status.message.contains("violates") =>
        {
            Err(kube::Error::Api(status))
        }
        Err(kube::Error::Api(status)) => Ok(Err(status.message.clone())),
        Err(other) => Err(other),
    }
}

/// Whether the profile would change the pod; nothing where it cannot be read.
fn is_open(
    text: &str,
    settings: &Settings,
    profile: &str,
    namespace: &str,
    facts: &Facts,
) -> Option<bool> {
    let object: Object<'_> = serde_json::from_str(text).ok()?;
    let pod = Template::Itself.pod(&object)?;
    let effective = Effective::new(settings, settings.profile(profile)?, pod, namespace);
    let plan = Plan::new(pod, namespace, Scope::Creation, &effective, facts);
    Some(settings.enabled() && plan.changes_anything())
}

fn called(text: &str) -> Option<String> {
    let object: Object<'_> = serde_json::from_str(text).ok()?;
    Some(object.metadata?.name?.to_string())
}

/// What the servers know of the cluster, as far as it can be read within a while.
async fn facts(config: Config) -> Facts {
    let Ok(cluster) = Cluster::follow(config, Pace::default()) else {
        return Facts::default();
    };
    let settled = async {
        while !cluster.is_settled() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    // What is not known by then makes rules careful.
    let _ = tokio::time::timeout(PATIENCE, settled).await;
    Facts::clone(&cluster.facts())
}
