//! A large cluster: the time of `audit`, beside that of `kubectl get pods -A -o json`, and its memory, beside that of a small one.
//!
//! `SCALE=full` is 1,000 namespaces and 10,000 pods (`make audit-scale`, on a release build), and `SCALE=5000` five thousand namespaces with
//! as many pods each; otherwise it is a short form of the same.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]
#![allow(clippy::print_stderr, missing_docs, reason = "tests")]

#[path = "support/control_plane.rs"]
mod control_plane;

use std::ops::Range;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use control_plane::{ControlPlane, Test};
use futures_util::StreamExt;
use k8s_openapi::api::core::v1::{Namespace, Pod, ServiceAccount};
use kube::api::{Api, PostParams};
use libtest_mimic::Failed;
use serde_json::json;

/// Requests to the API that are under way at once.
const AT_ONCE: usize = 16;

/// How many pods a namespace has.
const PODS: usize = 10;

/// How many namespaces have a page of pods together.
const SMALL: usize = 50;

/// How many namespaces there are in the short form, and in the full one.
const LARGE: [usize; 2] = [250, 1_000];

/// How much more memory, in KiB, may be taken where there are more pages: a third of what 2,500 pods took that were all held.
const MORE: u64 = 8 * 1024;

/// How much of it, in bytes, each namespace may take.
const OF_NAMESPACE: u64 = 3 * 1024;

fn main() -> ExitCode {
    let tests: &[(&str, Test)] = &[(
        "a large cluster is looked at in twice the time of a list of its pods, and in the memory of a small one",
        large,
    )];
    control_plane::run(&[], tests)
}

fn large(plane: &ControlPlane) -> Result<(), Failed> {
    let scale = std::env::var("SCALE").unwrap_or_default();
    let [short, full] = LARGE;
    let namespaces = match scale.as_str() {
        "" => short,
        "full" => full,
        number => number.parse()?,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let client = runtime.block_on(async { plane.client() })?;

    let mut audit = Command::new(env!("CARGO_BIN_EXE_pod-hardener"));
    audit.args(["audit", "--profile", "restricted", "--fail-on", "never"]);
    let html = tempfile::tempdir()?;
    let page = format!("html={}", html.path().join("audit.html").display());
    audit.args(["-o", "json", "-o", &page, "--kubeconfig"]);
    audit.arg(plane.kubeconfig());
    runtime.block_on(populate(&client, 0..SMALL))?;
    measure(&mut audit)?;
    let (_, of_small, _) = measure(&mut audit)?;
    runtime.block_on(populate(&client, SMALL..namespaces))?;

    let mut kubectl = Command::new(plane.assets().join("kubectl"));
    kubectl.args(["get", "pods", "-A", "-o", "json", "--kubeconfig"]);
    kubectl.arg(plane.kubeconfig());
    // Each once before it counts: the API server's caches are warm for both.
    measure(&mut kubectl)?;
    let (list_time, list_memory, _) = measure(&mut kubectl)?;
    let (time, memory, bytes) = measure(&mut audit)?;
    let pods = namespaces * PODS;
    eprintln!(
        "{pods} pods in {namespaces} namespaces: audit {:.1} s, {:.1} MiB, report of {} KiB; {} pods: {:.1} MiB; kubectl get pods -A -o json {:.1} s, {} MiB",
        time.as_secs_f64(),
        mebibytes(memory),
        bytes / 1024,
        SMALL * PODS,
        mebibytes(of_small),
        list_time.as_secs_f64(),
        list_memory / 1024
    );
    let bound = of_small + MORE + namespaces as u64 * OF_NAMESPACE / 1024;
    assert!(memory <= bound, "{memory} KiB, and not {bound}");
    if !scale.is_empty() {
        assert!(time <= 2 * list_time, "{time:?} beside {list_time:?}");
    }
    Ok(())
}

fn mebibytes(kibibytes: u64) -> f64 {
    kibibytes as f64 / 1024.0
}

/// Time, peak memory in KiB, and bytes on stdout of a command.
fn measure(command: &mut Command) -> Result<(Duration, u64, usize), Failed> {
    let started = Instant::now();
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let status = format!("/proc/{}/status", child.id());
    let mut stdout = child.stdout.take().unwrap();
    let reading = std::thread::spawn(move || {
        let mut all = Vec::new();
        std::io::Read::read_to_end(&mut stdout, &mut all).map(|_| all.len())
    });
    let mut peak = 0;
    let code = loop {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let now = line.and_then(|line| line.trim().split(' ').next()?.parse().ok());
        peak = peak.max(now.unwrap_or(0));
        if let Some(code) = child.try_wait()? {
            break code;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let took = started.elapsed();
    let bytes = reading.join().unwrap()?;
    match code.success() {
        true => Ok((took, peak, bytes)),
        false => Err(format!("{command:?}: {code}").into()),
    }
}

async fn populate(client: &kube::Client, namespaces: Range<usize>) -> Result<(), Failed> {
    let post = PostParams::default();
    let made = futures_util::stream::iter(namespaces.map(|at| {
        let post = &post;
        async move {
            let name = format!("team-{at:04}");
            let namespace = json!({"metadata": {"name": name, "labels": {"team": name}}});
            let all = Api::<Namespace>::all(client.clone());
            all.create(post, &serde_json::from_value(namespace)?).await?;
            let account = json!({"metadata": {"name": "default"}});
            let accounts = Api::<ServiceAccount>::namespaced(client.clone(), &name);
            // The controller may be first.
            let _ = accounts.create(post, &serde_json::from_value(account)?).await;
            for pod in 0..PODS {
                let pod = json!({"metadata": {"name": format!("web-{pod}"), "labels": {"app": "web"}}, "spec": {"containers": [
                    {"name": "web", "image": "registry.example/web:1", "env": [{"name": "A", "value": "b".repeat(500)}],
                     "ports": [{"containerPort": 8080}], "resources": {"requests": {"cpu": "100m"}}},
                    {"name": format!("sidecar-{at}-{pod}"), "image": "registry.example/sidecar:1"},
                ]}});
                let all = Api::<Pod>::namespaced(client.clone(), &name);
                all.create(post, &serde_json::from_value(pod)?).await?;
            }
            Ok::<_, anyhow::Error>(())
        }
    }))
    .buffer_unordered(AT_ONCE)
    .collect::<Vec<_>>()
    .await;
    for one in made {
        one?;
    }
    Ok(())
}
