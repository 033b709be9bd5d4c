//! What the status of a pod says of a container that failed.

use std::time::{Duration, Instant};

use libtest_mimic::Failed;
use serde_json::{Value, json};

use crate::node::{Entry, Node, Server, register};
use crate::webhook::LABEL;
use crate::witness::create;

/// Where the server listens.
const PORT: u16 = 8443;

/// How long it may take until one of the containers has failed. It takes a second on two idle cores.
const FAILED: Duration = Duration::from_secs(30);

const MESSAGES: &str = "version = 1\n[profiles.messages]\nfailure-messages.enabled = true\n";

/// The last line of the log of whichever witness comes second.
const CAUSE: &str = "witness: Address already in use\n";

pub(super) fn cause_is_in_the_status(node: &Node) -> Result<(), Failed> {
    let config = node.work().join("messages.toml");
    std::fs::write(&config, MESSAGES)?;
    let server = Server::start(node.plane(), node.work(), PORT, Some(&config))?;
    let entry = Entry {
        label: "messages",
        profile: "messages",
        server: &server,
    };
    register(node.plane(), node.work(), &[entry])?;
    for (namespace, labels, expected) in [
        ("speechless", json!({}), None),
        ("messages", json!({LABEL: "messages"}), Some(CAUSE)),
    ] {
        let failure = failure(node, namespace, &labels)?;
        let message = failure["message"].as_str();
        // Nothing that ends in another way proves anything.
        if message != expected || failure["exitCode"] != 1 {
            return Err(format!("in {namespace} a container ended with {failure}").into());
        }
    }
    Ok(())
}

/// How a container ends whose port another one of its pod has.
fn failure(node: &Node, namespace: &str, labels: &Value) -> Result<Value, Failed> {
    let start = Instant::now();
    let metadata = json!({"name": namespace, "labels": labels});
    create(
        node,
        &json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}),
    )?;
    let containers = ["one", "other"].map(
        |name| json!({"name": name, "image": "localhost/pod-hardener/witness:1", "imagePullPolicy": "Never"}),
    );
    let pod = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "witnesses", "namespace": namespace},
        "spec": {"restartPolicy": "Never", "containers": containers},
    });
    // The namespace's service account is made in a moment.
    while let Err(error) = create(node, &pod) {
        if start.elapsed() > FAILED {
            return Err(error);
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    loop {
        let args = ["get", "pod", "witnesses", "-n", namespace, "-o", "json"];
        let output = node.plane().kubectl(&args)?;
        let pod: Value = serde_json::from_slice(&output.stdout)?;
        let statuses = pod["status"]["containerStatuses"].as_array();
        let mut ended = statuses
            .into_iter()
            .flatten()
            .map(|status| &status["state"]["terminated"]);
        if let Some(ended) = ended.find(|ended| !ended.is_null()) {
            return Ok(ended.clone());
        }
        if start.elapsed() > FAILED {
            return Err(format!("no container of {namespace} fails: {}", pod["status"]).into());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}
