//! The servers behind the Service that the registration names, their configuration and their certificate.

use k8s_openapi::api::admissionregistration::v1::ServiceReference;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::api::ListParams;
use kube::{Api, Client};

use super::note;
use super::objects::{Container, Pod, Service, Volume};
use crate::config::Settings;
use crate::doctor::conditions::are_ready;
use crate::doctor::{Program, Seen, Server, Unseen};

/// The name that the chart gives the servers' container.
const CONTAINER: &str = "serve";

/// Gives one of the servers, and its namespace.
pub(super) async fn look(
    client: &Client,
    seen: &mut Seen,
    unseen: &mut Vec<Unseen>,
) -> Option<(String, Pod)> {
    let entries = seen.entries();
    let entry = entries.first()?;
    let Some(ServiceReference {
        name, namespace, ..
    }) = entry.client.service.clone()
    else {
        let why = "the registrations lead to a URL".to_owned();
        unseen.push(Unseen {
            what: "the servers and their certificate".to_owned(),
            why: why.clone(),
        });
        unseen.push(Unseen {
            what: "the servers' configuration".to_owned(),
            why: format!("{why}: unless --config gives it, the embedded one is taken for it"),
        });
        seen.settings = Some(embedded());
        return None;
    };
    let called = format!("service {namespace}/{name}");
    let found = Api::<Service>::namespaced(client.clone(), &namespace)
        .get_opt(&name)
        .await;
    let found = note(found, &called, unseen)?;
    seen.service = Some((called, found.is_some()));
    let selector = found
        .and_then(|service| service.spec.selector)
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
    let pods = note(pods, "pods of the servers", unseen).map(|list| list.items);
    let pods: Vec<Pod> = pods.unwrap_or_default().into_iter().filter(stays).collect();
    seen.program = Program {
        namespace: namespace.clone(),
        servers: pods.iter().map(server).collect(),
        pull_secrets: pods.first().map(pull_secrets).unwrap_or_default(),
    };
    let pod = pods.into_iter().next()?;
    configuration(client, &namespace, &pod, seen, unseen).await;
    Some((namespace, pod))
}

fn embedded() -> (String, Result<Settings, String>) {
    (
        "the embedded configuration".to_owned(),
        Ok(Settings::embedded()),
    )
}

async fn configuration(
    client: &Client,
    namespace: &str,
    pod: &Pod,
    seen: &mut Seen,
    unseen: &mut Vec<Unseen>,
) {
    let source = |volume: &Volume| volume.config_map.as_ref().map(|source| source.name.clone());
    match file(pod, "--config", source) {
        File::None => seen.settings = Some(embedded()),
        File::Unknown => unseen.push(Unseen {
            what: "the servers' configuration".to_owned(),
            why: "it is not from a ConfigMap: give it by --config".to_owned(),
        }),
        File::Key { object, key } => {
            let from = format!("configmap {namespace}/{object}");
            let map = Api::<ConfigMap>::namespaced(client.clone(), namespace)
                .get(&object)
                .await;
            if let Some(map) = note(map, &from, unseen) {
                let text = map.data.and_then(|mut data| data.remove(&key));
                let read = match text {
                    Some(text) => Settings::parse(&text, &key).map_err(|error| error.to_string()),
                    None => Err(format!("it has no key {key}")),
                };
                seen.settings = Some((from, read));
            }
        }
    }
}

/// The certificate of a server.
pub(super) async fn certificate(
    client: &Client,
    namespace: &str,
    pod: &Pod,
    seen: &mut Seen,
    unseen: &mut Vec<Unseen>,
) {
    let source = |volume: &Volume| volume.secret.as_ref()?.secret_name.clone();
    let File::Key { object, key } = file(pod, "--tls-cert", source) else {
        unseen.push(Unseen {
            what: "the servers' certificate".to_owned(),
            why: "it is not from a Secret".to_owned(),
        });
        return;
    };
    let from = format!("secret {namespace}/{object}");
    let secret = Api::<Secret>::namespaced(client.clone(), namespace)
        .get_opt(&object)
        .await;
    if let Some(secret) = note(secret, &from, unseen) {
        let pem = secret.and_then(|secret| secret.data?.remove(&key));
        seen.certificate = Some((from, pem.map(|bytes| bytes.0).unwrap_or_default()));
    }
}

/// Whether a pod is one that serves, or will.
fn stays(pod: &Pod) -> bool {
    let phase = pod.status.phase.as_deref();
    pod.metadata.deletion_timestamp.is_none() && !matches!(phase, Some("Failed" | "Succeeded"))
}

/// The container of ours: sidecars may stand before it.
fn container(pod: &Pod) -> Option<&Container> {
    let containers = &pod.spec.containers;
    let ours = containers
        .iter()
        .find(|container| container.name == CONTAINER);
    ours.or_else(|| containers.first())
}

fn server(pod: &Pod) -> Server {
    Server {
        image: container(pod)
            .and_then(|container| container.image.clone())
            .unwrap_or_default(),
        ready: are_ready(pod.status.conditions.as_deref()),
        node: pod.spec.node_name.clone(),
    }
}

fn pull_secrets(pod: &Pod) -> Vec<String> {
    let secrets = pod.spec.image_pull_secrets.iter().flatten();
    secrets.map(|secret| secret.name.clone()).collect()
}

/// Where the file of a flag is from.
enum File {
    /// The flag is not given.
    None,
    /// It cannot be told.
    Unknown,
    /// The key of an object that is mounted at the file's folder.
    Key { object: String, key: String },
}

fn file(pod: &Pod, flag: &str, source: impl Fn(&Volume) -> Option<String>) -> File {
    let Some(container) = container(pod) else {
        return File::Unknown;
    };
    let args = container.command.iter().chain(&container.args).flatten();
    let mut values = args.filter_map(|arg| arg.strip_prefix(flag));
    let Some(value) = values.next() else {
        return File::None;
    };
    let mounted = || {
        let (folder, key) = value.strip_prefix('=')?.rsplit_once('/')?;
        let mut mounts = container.volume_mounts.iter().flatten();
        let mount = mounts.find(|mount| mount.mount_path.trim_end_matches('/') == folder)?;
        let volumes = pod.spec.volumes.as_ref()?;
        let volume = volumes.iter().find(|volume| volume.name == mount.name)?;
        Some(File::Key {
            object: source(volume)?,
            key: key.to_owned(),
        })
    };
    mounted().unwrap_or(File::Unknown)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

    use serde_json::json;

    use super::*;

    #[test]
    fn a_pod_as_the_api_server_writes_it_is_read() {
        let pod = json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "pod-hardener-1", "namespace": "pod-hardener"},
            "spec": {
                "nodeName": "a",
                "imagePullSecrets": [{"name": "registry"}],
                "containers": [
                    {"name": "sidecar", "image": "mesh:1", "resources": {}},
                    {
                        "name": "serve",
                        "image": "pod-hardener:1",
                        "args": ["serve", "--config=/etc/config/config.toml", "--tls-cert=/etc/tls/tls.crt"],
                        "volumeMounts": [{"name": "config", "mountPath": "/etc/config/"}, {"name": "tls", "mountPath": "/etc/tls"}],
                    },
                ],
                "volumes": [
                    {"name": "config", "configMap": {"name": "settings", "defaultMode": 420}},
                    {"name": "tls", "secret": {"secretName": "pair"}},
                ],
            },
            "status": {"phase": "Running", "conditions": [
                {"type": "Initialized", "status": "True", "lastProbeTime": null},
                {"type": "Ready", "status": "True", "lastProbeTime": null},
            ]},
        });
        let pod: Pod = serde_json::from_value(pod).unwrap();
        let Server { image, ready, node } = server(&pod);
        assert_eq!((image.as_str(), ready), ("pod-hardener:1", true));
        assert_eq!(node.as_deref(), Some("a"));
        assert_eq!(pull_secrets(&pod), ["registry"]);
        assert!(stays(&pod));
        let config = |v: &Volume| v.config_map.as_ref().map(|source| source.name.clone());
        let secret = |v: &Volume| v.secret.as_ref()?.secret_name.clone();
        let of = |file| match file {
            File::Key { object, key } => (object, key),
            File::None | File::Unknown => panic!("it is mounted"),
        };
        let expected = ("settings".to_owned(), "config.toml".to_owned());
        assert_eq!(of(file(&pod, "--config", config)), expected);
        let expected = ("pair".to_owned(), "tls.crt".to_owned());
        assert_eq!(of(file(&pod, "--tls-cert", secret)), expected);
    }
}
