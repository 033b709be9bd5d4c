//! What only the cluster knows, as a closed list: where a file that was hardened without a look at the cluster becomes another pod than
//! the webhook makes, and that it becomes the same one with what `facts export` says.

use std::collections::BTreeSet;

use libtest_mimic::Failed;
use pod_hardener::cluster::{Cluster, Pace};
use pod_hardener::config::{EMBEDDED, Settings};
use pod_hardener::plan::Facts;
use serde_json::{Value, json};

use super::export::{export, export_in_part};
use super::knowledge::{ACCEPTED, Knowledge, PROFILES, knowledge};
use super::{harden, in_full, in_order};
use crate::cluster::{Registered, kubectl, wait};
use crate::control_plane::ControlPlane;
use crate::corpus;
use crate::dry_run;
use crate::webhook::Webhook;
use crate::yaml;

pub(crate) fn only_the_cluster(plane: &ControlPlane) -> Result<(), Failed> {
    let settings = Settings::parse(&format!("{EMBEDDED}{PROFILES}"), "test.toml");
    let settings = settings.map_err(|error| error.to_string())?;
    let knowledge = knowledge();
    make(plane, &knowledge)?;
    let config = plane.admin_config()?;
    let watched = Cluster::follow(config.clone(), Pace::default())?;
    let webhook = Webhook::start_in(settings.clone(), Cluster::follow(config, Pace::default())?);
    let _registered = Registered::new(plane, &webhook.registration())?;
    // By then, both of those who watch know what was made before; and nothing is made any more.
    let facts = wait(|| {
        let facts = export(plane)?;
        Ok((facts == **watched.facts()).then_some(facts))
    })?;
    export_in_part(plane)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let done = runtime.block_on(async {
        let client = plane.client()?;
        let mut wrong = Vec::new();
        for one in &knowledge {
            wrong.extend(compare(&client, &settings, one, &facts).await?);
        }
        Ok::<_, Failed>(wrong)
    });
    kubectl(plane, &["delete", "node", "files"])?;
    match done? {
        wrong if wrong.is_empty() => Ok(()),
        wrong => Err(wrong.join("\n").into()),
    }
}

/// Makes all that is to be known.
fn make(plane: &ControlPlane, knowledge: &[Knowledge]) -> Result<(), Failed> {
    let mut objects: Vec<Value> = knowledge.iter().flat_map(Knowledge::all_objects).collect();
    objects.push(json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "files"}}));
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("objects.json");
    let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
    std::fs::write(&file, list.to_string())?;
    kubectl(plane, &["create", "-f", &file.display().to_string()])?;
    let node = json!({"status": {
        "nodeInfo": {"operatingSystem": "linux", "kernelVersion": "6.8.0", "architecture": "amd64", "bootID": "",
            "containerRuntimeVersion": "", "kubeProxyVersion": "", "kubeletVersion": "v1.37.2", "machineID": "", "osImage": "",
            "systemUUID": ""},
        "runtimeHandlers": [{"name": "", "features": {"userNamespaces": true}}],
    }});
    let patch = |what: &[&str], patch: &Value| {
        let patch = patch.to_string();
        let arguments = [&["patch", "--type=merge", "-p", &patch], what].concat();
        kubectl(plane, &arguments)
    };
    patch(&["node", "files", "--subresource=status"], &node)?;
    let automount = json!({"automountServiceAccountToken": true});
    for namespace in ["known-spoken-for", "plain-spoken-for"] {
        wait(|| Ok(patch(&["serviceaccount", "default", "-n", namespace], &automount).ok()))?;
    }
    // A pod is refused where its account is not there yet.
    for one in knowledge {
        for namespace in [one.labelled(), one.unlabelled()] {
            let get = ["get", "serviceaccount", "default", "-n", &namespace];
            wait(|| Ok(plane.kubectl(&get)?.status.success().then_some(())))?;
        }
    }
    Ok(())
}

/// What is said wrongly of one entry of the list.
async fn compare(
    client: &kube::Client,
    settings: &Settings,
    one: &Knowledge,
    facts: &Facts,
) -> Result<Vec<String>, Failed> {
    let (mut blind, mut knowing) = (BTreeSet::new(), BTreeSet::new());
    let labelled = one.labelled();
    for pod in pods()? {
        let by_webhook = dry_run::dry_run(client, &labelled, &pod).await;
        for (facts, differences) in [(&Facts::default(), &mut blind), (facts, &mut knowing)] {
            let text = harden(&pod.to_string(), settings, one.profile, &labelled, facts)?;
            let hardened: Value = serde_json::from_str(&text)?;
            let by_file = dry_run::dry_run(client, &one.unlabelled(), &hardened).await;
            match (&by_webhook, by_file) {
                (Ok(by_webhook), Ok(by_file)) => {
                    difference(
                        "",
                        &annotated(by_webhook),
                        &annotated(&by_file),
                        differences,
                    );
                }
                (Err(_), Err(_)) => {}
                _ => {
                    differences.insert(ACCEPTED.to_owned());
                }
            }
        }
    }
    let expected =
        |list: &[&str]| -> BTreeSet<String> { list.iter().map(ToString::to_string).collect() };
    let mut wrong = Vec::new();
    for (what, found, list) in [
        ("without facts", blind, one.differs),
        ("with facts", knowing, one.still),
    ] {
        let expected = expected(list);
        // The pods that are made here do not have all that real ones have.
        let is_right = match corpus::root() {
            Some(_) => found == expected,
            None => found.is_subset(&expected),
        };
        if !is_right {
            wrong.push(format!("{}, {what}: {found:?} and not {list:?}", one.name));
        }
    }
    Ok(wrong)
}

/// A pod that says nothing, one with a container that asks for all there is, and some of real files.
fn pods() -> Result<Vec<Value>, String> {
    let resources =
        json!({"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "1", "memory": "1Gi"}});
    let pod = |containers: Value| {
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "sample-"},
            "spec": {"containers": containers}})
    };
    let image = "registry.example/web:1";
    let mut pods = vec![
        pod(json!([{"name": "web", "image": image}])),
        pod(
            json!([{"name": "web", "image": image, "resources": resources}, {"name": "other", "image": image}]),
        ),
    ];
    let needs_more = [
        "serviceAccountName",
        "serviceAccount",
        "priorityClassName",
        "runtimeClassName",
    ];
    let files = corpus::root().map_or_else(Vec::new, |root| {
        corpus::files(&root.join("manifests"), &["yaml", "yml", "json"])
    });
    for path in files.iter().step_by(if in_full() { 4 } else { 50 }) {
        let samples = corpus::samples_of("", &yaml::read(path)?)?;
        let pods_of_file = samples.into_iter().map(|sample| sample.pod);
        pods.extend(pods_of_file.filter(|pod| {
            needs_more
                .iter()
                .all(|name| pod["spec"].get(name).is_none())
        }));
    }
    Ok(pods)
}

/// A stored pod, comparable; with annotations, be they none.
fn annotated(pod: &Value) -> Value {
    let mut pod = in_order(pod);
    if pod["metadata"]["annotations"].is_null() {
        pod["metadata"]["annotations"] = json!({});
    }
    pod
}

/// The names on the way to what differs, without positions in lists.
fn difference(way: &str, a: &Value, b: &Value, found: &mut BTreeSet<String>) {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            for name in a.keys().chain(b.keys()).collect::<BTreeSet<_>>() {
                let (a, b) = (a.get(name), b.get(name));
                let way = format!("{way}.{name}");
                match (a, b) {
                    (Some(a), Some(b)) => difference(&way, a, b, found),
                    _ => drop(found.insert(way.trim_start_matches('.').to_owned())),
                }
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            a.iter()
                .zip(b)
                .for_each(|(a, b)| difference(way, a, b, found));
        }
        _ if a == b => {}
        _ => drop(found.insert(way.trim_start_matches('.').to_owned())),
    }
}
