//! Whether each node gives a pod a user namespace: by a pod on each that looks.

mod objects;

use std::time::{Duration, Instant};

use kube::api::{DeleteParams, ListParams, PostParams, Request};
use kube::{Api, Client, Resource, ResourceExt};
use serde_json::{Value, json};

use super::conditions::are_ready;
use super::{Finding, Findings};
use objects::{Node, Pod, PodStatus};

/// How long a pod may take, its image included.
const PATIENCE: Duration = Duration::from_secs(90);

/// The map of users of a process that is in no user namespace of its own (user_namespaces(7)): all of them, to themselves.
const INITIAL: &str = "0 0 4294967295";

/// What a container waits for that has nothing to do with user namespaces.
const IMAGE: [&str; 4] = [
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "ErrImageNeverPull",
];

/// The pods of a probe.
#[derive(Clone, Debug)]
pub struct Probe {
    /// Their namespace.
    pub namespace: String,
    /// Their image, which is this program.
    pub image: String,
    /// The Secrets by which it is pulled.
    pub pull_secrets: Vec<String>,
}

/// Whether the map of users in `text`, the content of `/proc/self/uid_map`, is that of a user namespace of one's own.
#[must_use]
pub fn is_own_namespace(text: &str) -> bool {
    text.split_whitespace().collect::<Vec<_>>().join(" ") != INITIAL
}

/// Runs a pod with `hostUsers: false` on each Linux node, and takes it away again.
///
/// # Errors
///
/// When nodes cannot be listed or pods cannot be made.
pub async fn probe(client: &Client, probe: &Probe) -> kube::Result<Vec<Finding>> {
    let linux = ListParams::default().labels("kubernetes.io/os=linux");
    let nodes = Api::<Node>::all(client.clone()).list(&linux).await?;
    let pods = Api::<Pod>::namespaced(client.clone(), &probe.namespace);
    let mut findings = Findings::of("user-namespaces");
    let mut able = 0;
    for node in &nodes.items {
        let name = node.name_any();
        let object = format!("node {name}");
        if !are_ready(node.status.conditions.as_deref()) {
            findings.note(
                object,
                "is not ready, and was not tried",
                "try again when it is",
            );
            continue;
        }
        let made = made(client, &pod(&name, probe), &probe.namespace)
            .await?
            .name_any();
        let outcome = outcome(&pods, &made).await;
        // The kubelet ends it at once: nothing in it has to be put in order.
        let _ = pods
            .delete(&made, &DeleteParams::default().grace_period(0))
            .await;
        match outcome? {
            Outcome::Able => able += 1,
            Outcome::Ignored => findings.warning(
                object,
                "runs a pod with hostUsers: false without a user namespace",
                "leave userNamespaces off, or update the node's container runtime (containerd 2.0, CRI-O 1.25)",
            ),
            Outcome::Failed(why) => findings.warning(
                object,
                format!("does not run a pod with hostUsers: false: {why}"),
                "leave userNamespaces off: pods would hang on this node",
            ),
            Outcome::Untried(why) => findings.note(
                object,
                format!("could not be tried: {why}"),
                "name an image of this program that the node can pull by --probe-image",
            ),
        }
    }
    if able == nodes.items.len() && able > 0 {
        findings.note(
            format!("{able} nodes"),
            "each gives a pod a user namespace",
            "switch them on: helm upgrade --reset-then-reuse-values --set userNamespaces=true",
        );
    }
    Ok(findings.all)
}

/// What became of the pod on a node.
enum Outcome {
    /// It ran in a user namespace.
    Able,
    /// It ran in none.
    Ignored,
    /// It did not run.
    Failed(String),
    /// It did not run for another reason.
    Untried(String),
}

async fn made(client: &Client, pod: &Value, namespace: &str) -> kube::Result<Pod> {
    let request = Request::new(Pod::url_path(&(), Some(namespace)))
        .create(&PostParams::default(), pod.to_string().into_bytes())
        .map_err(kube::Error::BuildRequest)?;
    client.request(request).await
}

async fn outcome(pods: &Api<Pod>, name: &str) -> kube::Result<Outcome> {
    let start = Instant::now();
    loop {
        let status = pods.get(name).await?.status;
        if let Some(outcome) = judge(&status) {
            return Ok(outcome);
        }
        if start.elapsed() > PATIENCE {
            let why = waits(&status).map(|(reason, message)| format!("{reason}: {message}"));
            let late = || format!("it does not start within {} s", PATIENCE.as_secs());
            return Ok(Outcome::Failed(why.unwrap_or_else(late)));
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// What a status says for good; nothing while it may still change.
fn judge(status: &PodStatus) -> Option<Outcome> {
    match status.phase.as_deref() {
        Some("Succeeded") => return Some(Outcome::Able),
        Some("Failed") => {
            let mut statuses = status.container_statuses.iter().flatten();
            let ended = statuses.find_map(|status| status.state.as_ref()?.terminated.as_ref());
            let said = status.message.as_ref().or(status.reason.as_ref());
            return Some(match (ended, said) {
                (Some(ended), _) if ended.exit_code == 1 => Outcome::Ignored,
                (Some(ended), _) => Outcome::Failed(format!("exit code {}", ended.exit_code)),
                (None, said) => Outcome::Failed(said.cloned().unwrap_or_default()),
            });
        }
        _ => {}
    }
    let (reason, message) = waits(status)?;
    IMAGE
        .contains(&reason)
        .then(|| Outcome::Untried(format!("{reason}: {message}")))
}

/// What the container waits for.
fn waits(status: &PodStatus) -> Option<(&str, &str)> {
    let mut statuses = status.container_statuses.iter().flatten();
    let waiting = statuses.find_map(|status| status.state.as_ref()?.waiting.as_ref())?;
    Some((
        waiting.reason.as_deref()?,
        waiting.message.as_deref().unwrap_or_default(),
    ))
}

fn pod(node: &str, probe: &Probe) -> Value {
    let secrets = probe
        .pull_secrets
        .iter()
        .map(|name| json!({ "name": name }));
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "generateName": "pod-hardener-probe-",
            "labels": {"app.kubernetes.io/name": "pod-hardener-probe"},
        },
        "spec": {
            "nodeName": node,
            "hostUsers": false,
            "restartPolicy": "Never",
            // Should nobody be left to take it away.
            "activeDeadlineSeconds": 2 * PATIENCE.as_secs(),
            "automountServiceAccountToken": false,
            "imagePullSecrets": secrets.collect::<Vec<_>>(),
            "tolerations": [{"operator": "Exists"}],
            "securityContext": {
                "runAsNonRoot": true,
                "runAsUser": 65532,
                "runAsGroup": 65532,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [{
                "name": "probe",
                "image": probe.image,
                "args": ["doctor", "--in-user-namespace"],
                "resources": {"requests": {"cpu": "1m", "memory": "8Mi"}, "limits": {"memory": "64Mi"}},
                "securityContext": {
                    "allowPrivilegeEscalation": false,
                    "readOnlyRootFilesystem": true,
                    "capabilities": {"drop": ["ALL"]},
                },
            }],
        },
    })
}
