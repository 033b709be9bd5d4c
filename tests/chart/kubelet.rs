//! What kubelets do where there are none: pods become ready.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::{ListParams, Patch, PatchParams};
use libtest_mimic::Failed;
use serde_json::{Value, json};

use crate::control_plane::ControlPlane;

/// Makes the pods of a namespace ready, until it is dropped.
pub(super) struct Kubelet {
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Kubelet {
    /// Starts it for the pods that `runs` says can run.
    pub(super) fn start(
        plane: &ControlPlane,
        namespace: &str,
        runs: fn(&Value) -> bool,
    ) -> Result<Self, Failed> {
        let config = plane.admin_config()?;
        let namespace = namespace.to_owned();
        let ends = Arc::<AtomicBool>::default();
        let ended = Arc::clone(&ends);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let thread = std::thread::spawn(move || {
            runtime.block_on(async {
                let client = kube::Client::try_from(config).expect("a client");
                let pods = Api::namespaced(client, &namespace);
                while !ended.load(Ordering::Relaxed) {
                    ready(&pods, runs).await;
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            });
        });
        Ok(Self {
            ends,
            thread: Some(thread),
        })
    }
}

impl Drop for Kubelet {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // What went wrong there is seen by whoever waits for a pod.
            let _ = thread.join();
        }
    }
}

/// Makes ready what can run and is not. A pod that is gone meanwhile is no failure.
async fn ready(pods: &Api<Pod>, runs: fn(&Value) -> bool) {
    let list = pods.list(&ListParams::default()).await;
    for pod in list.map(|list| list.items).unwrap_or_default() {
        let is_new = pod
            .status
            .as_ref()
            .and_then(|status| status.phase.as_deref())
            != Some("Running");
        let name = pod.metadata.name.clone().unwrap_or_default();
        if is_new && runs(&serde_json::to_value(&pod).unwrap_or_default()) {
            let conditions = json!([{"type": "Ready", "status": "True"}]);
            let status = json!({"status": {"phase": "Running", "conditions": conditions}});
            let (how, patch) = (PatchParams::default(), Patch::Merge(status));
            let _ = pods.patch_status(&name, &how, &patch).await;
        }
    }
}
