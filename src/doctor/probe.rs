//! Whether each node gives a pod a user namespace: by a pod on each that looks.

use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::{Node, Pod};
use kube::api::{DeleteParams, ListParams, PostParams};
use kube::{Api, Client, ResourceExt};
use serde_json::{Value, json};

use super::{Finding, Findings};

/// How long a pod may take, its image included.
const PATIENCE: Duration = Duration::from_secs(90);

/// The map of users of a process that is in no user namespace of its own (user_namespaces(7)): all of them, to themselves.
const INITIAL: &str = "0 0 4294967295";

/// Whether the map of users in `text`, the content of `/proc/self/uid_map`, is that of a user namespace of one's own.
#[must_use]
pub fn is_own_namespace(text: &str) -> bool {
    text.split_whitespace().collect::<Vec<_>>().join(" ") != INITIAL
}

/// Runs a pod with `hostUsers: false` on each Linux node, of an image that is this program, and takes it away again.
///
/// # Errors
///
/// When nodes cannot be listed or pods cannot be made.
pub async fn probe(client: &Client, namespace: &str, image: &str) -> kube::Result<Vec<Finding>> {
    let nodes = Api::<Node>::all(client.clone())
        .list(&ListParams::default().labels("kubernetes.io/os=linux"))
        .await?;
    let pods = Api::<Pod>::namespaced(client.clone(), namespace);
    let mut findings = Findings::of("user-namespaces");
    let mut able = 0;
    for node in &nodes.items {
        let name = node.name_any();
        let made: Pod =
            serde_json::from_value(pod(&name, image)).map_err(kube::Error::SerdeError)?;
        let made = pods.create(&PostParams::default(), &made).await?.name_any();
        let outcome = outcome(&pods, &made).await;
        // The kubelet ends it at once: nothing in it has to be put in order.
        let _ = pods
            .delete(&made, &DeleteParams::default().grace_period(0))
            .await;
        let object = format!("node {name}");
        match outcome? {
            Outcome::Able => able += 1,
            Outcome::Ignored => findings.warning(object, "runs a pod with hostUsers: false without a user namespace", "leave userNamespaces off, or update the node's container runtime (containerd 2.0, CRI-O 1.25)"),
            Outcome::Failed(why) => findings.warning(object, format!("does not run a pod with hostUsers: false: {why}"), "leave userNamespaces off: pods would hang on this node"),
        }
    }
    if able == nodes.items.len() && able > 0 {
        findings.note(
            format!("{able} nodes"),
            "each gives a pod a user namespace",
            "switch them on: helm upgrade --reuse-values --set userNamespaces=true",
        );
    }
    Ok(findings.all)
}

enum Outcome {
    Able,
    Ignored,
    Failed(String),
}

async fn outcome(pods: &Api<Pod>, name: &str) -> kube::Result<Outcome> {
    let start = Instant::now();
    loop {
        let pod = pods.get(name).await?;
        let status = pod.status.unwrap_or_default();
        match status.phase.as_deref() {
            Some("Succeeded") => return Ok(Outcome::Able),
            Some("Failed") => {
                let ended = status
                    .container_statuses
                    .iter()
                    .flatten()
                    .find_map(|status| status.state.as_ref()?.terminated.clone());
                return Ok(match ended {
                    Some(ended) if ended.exit_code == 1 => Outcome::Ignored,
                    Some(ended) => Outcome::Failed(format!("exit code {}", ended.exit_code)),
                    None => Outcome::Failed(status.message.or(status.reason).unwrap_or_default()),
                });
            }
            _ if start.elapsed() > PATIENCE => {
                let waiting = status
                    .container_statuses
                    .iter()
                    .flatten()
                    .find_map(|status| status.state.as_ref()?.waiting.clone());
                let why = waiting.and_then(|waiting| waiting.message.or(waiting.reason));
                return Ok(Outcome::Failed(why.unwrap_or_else(|| {
                    format!("it does not start within {} s", PATIENCE.as_secs())
                })));
            }
            _ => tokio::time::sleep(Duration::from_millis(500)).await,
        }
    }
}

fn pod(node: &str, image: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"generateName": "pod-hardener-probe-", "labels": {"app.kubernetes.io/name": "pod-hardener-probe"}},
        "spec": {
            "nodeName": node,
            "hostUsers": false,
            "restartPolicy": "Never",
            "automountServiceAccountToken": false,
            "tolerations": [{"operator": "Exists"}],
            "securityContext": {"runAsNonRoot": true, "runAsUser": 65532, "runAsGroup": 65532, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [{
                "name": "probe",
                "image": image,
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
