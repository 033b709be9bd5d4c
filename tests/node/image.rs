//! Our own image as a pod.

use std::fs::File;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Context;
use k8s_openapi::api::core::v1::Pod;
use libtest_mimic::Failed;
use serde_json::{Value, json};

use crate::node::{Node, get};

use super::witness::create;
use super::{inside, promises};

/// How long it may take until it is ready.
const READY: Duration = Duration::from_secs(30);

/// The archive of the image, if there is one: `tests/image/build` makes it.
pub(super) fn archive() -> Option<PathBuf> {
    let archive = std::env::var_os("IMAGE").filter(|value| !value.is_empty());
    archive.map(PathBuf::from)
}

/// Gives the node the image.
pub(super) fn import(node: &Node) -> anyhow::Result<()> {
    let archive = archive().context("IMAGE names no archive")?;
    node.import(File::open(archive)?)
}

/// What the image is called in its archive.
pub(super) const REPOSITORY: &str = "localhost/pod-hardener/pod-hardener";

pub(super) fn runs(node: &Node) -> Result<(), Failed> {
    import(node)?;
    let namespace = "image";
    let labels = json!({"pod-security.kubernetes.io/enforce": "restricted"});
    create(
        node,
        &json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": labels}}),
    )?;
    let start = Instant::now();
    // The namespace's service account is made in a moment.
    while let Err(error) = create(node, &pod(namespace)) {
        if start.elapsed() > READY {
            return Err(error);
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    let pod = loop {
        let found = node
            .plane()
            .kubectl(&["get", "pod", "image", "-n", namespace, "-o", "json"])?;
        let found: Value = serde_json::from_slice(&found.stdout)?;
        let ip = found["status"]["podIP"].as_str().unwrap_or_default();
        if get(&format!("{ip}:8080"), "/readyz").is_ok_and(|said| said.trim() == "ok") {
            break found;
        }
        if start.elapsed() > READY {
            return Err(format!("it is not ready: {}", found["status"]).into());
        }
        std::thread::sleep(Duration::from_millis(100));
    };
    let id = pod["status"]["containerStatuses"][0]["containerID"].as_str();
    let id = id.and_then(|id| id.strip_prefix("containerd://"));
    let first = node.runtime().first_process(id.ok_or("it has no id")?)?;
    let seen = inside::look(first)?;
    let pod: Pod = serde_json::from_value(pod)?;
    let spec = pod.spec.as_ref().ok_or("it has no spec")?;
    let wrong = promises::not_in_force(spec, &spec.containers[0], &seen);
    assert_eq!(wrong, Vec::<String>::new());
    // Its group is not the image's: a kubelet takes the user alone.
    assert_eq!(seen.processes[0].uid, 65532);
    assert_eq!(seen.processes[0].capabilities, "");
    Ok(())
}

/// A pod of the image with what Pod Security `restricted` asks for; the rest, its user among it, is the image's.
fn pod(namespace: &str) -> Value {
    let container = json!({
        "name": "pod-hardener",
        "image": format!("{REPOSITORY}:{}", env!("CARGO_PKG_VERSION")),
        "imagePullPolicy": "Never",
        "securityContext": {
            "allowPrivilegeEscalation": false,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": true,
            "runAsNonRoot": true,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    });
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "image", "namespace": namespace},
        "spec": {"containers": [container]},
    })
}
