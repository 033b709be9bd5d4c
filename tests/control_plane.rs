//! The control plane that other tests stand on does what a real one does. Nothing here knows the webhook, so that a failure
//! here is not one of the webhook.

#![allow(clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::print_stderr, missing_docs, reason = "tests")]

#[path = "support/control_plane.rs"]
mod control_plane;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use control_plane::{ControlPlane, Test};
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, PostParams};
use libtest_mimic::Failed;
use serde_json::{Value, json};

fn main() -> ExitCode {
    let tests: &[(&str, Test)] = &[
        ("the default service account exists", service_account),
        ("a dry run mounts a token into a pod", token),
        (
            "a Deployment yields a pod, and the audit log has it",
            deployment,
        ),
    ];
    control_plane::run(&[], tests)
}

fn service_account(plane: &ControlPlane) -> Result<(), Failed> {
    kubectl(plane, &["get", "serviceaccount", "default"])?;
    Ok(())
}

fn token(plane: &ControlPlane) -> Result<(), Failed> {
    let pod: Pod = serde_json::from_value(json!({
        "metadata": {"name": "plain"},
        "spec": {"containers": [{"name": "web", "image": "registry.example/web:1"}]},
    }))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let stored = runtime.block_on(async {
        let pods: Api<Pod> = Api::namespaced(plane.client()?, "default");
        let dry_run = PostParams {
            dry_run: true,
            ..PostParams::default()
        };
        Ok::<_, Failed>(pods.create(&dry_run, &pod).await?)
    })?;
    let volumes = stored.spec.and_then(|spec| spec.volumes).unwrap_or_default();
    assert!(
        volumes
            .iter()
            .any(|volume| volume.name.starts_with("kube-api-access-")),
        "{volumes:?}"
    );
    Ok(())
}

fn deployment(plane: &ControlPlane) -> Result<(), Failed> {
    let create = ["create", "deployment", "web", "--image=registry.example/web:1"];
    kubectl(plane, &create)?;
    let list = ["get", "pods", "-l", "app=web", "-o", "name"];
    let start = Instant::now();
    while kubectl(plane, &list)?.is_empty() {
        if start.elapsed() > Duration::from_secs(30) {
            return Err("the controller manager makes no pod within 30 s".into());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    // Written before the reply: what is stored is on record.
    let log = plane.audit_log()?;
    let created = |line: &str| {
        serde_json::from_str(line).is_ok_and(|record: Value| {
            let of = &record["objectRef"];
            record["verb"] == "create"
                && of["resource"] == "pods"
                && of["namespace"] == "default"
                && record["responseStatus"]["code"] == 201
                // The dry run of another test is on record as well.
                && !record["requestURI"]
                    .as_str()
                    .is_some_and(|uri| uri.contains("dryRun"))
        })
    };
    assert!(log.lines().any(created), "the pod is not in the audit log");
    Ok(())
}

/// What kubectl prints; what it complains of as an error.
fn kubectl(plane: &ControlPlane, args: &[&str]) -> Result<String, Failed> {
    let output = plane.kubectl(args)?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("kubectl {}: {said}", args.join(" ")).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}
