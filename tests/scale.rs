//! A large cluster: how soon all of it is known, how much memory that takes, and whether changes slow requests down.
//!
//! `SCALE=full` is 10,000 bindings, 5,000 namespaces and a minute of changes (`make scale`, on a release build); otherwise it is a
//! short form of the same.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]
#![allow(clippy::print_stderr, missing_docs, reason = "tests")]

#[path = "support/client.rs"]
mod client;
#[path = "support/control_plane.rs"]
mod control_plane;
#[path = "support/process.rs"]
mod process;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use control_plane::{ControlPlane, Test};
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::api::rbac::v1::RoleBinding;
use kube::api::{Api, Patch, PatchParams, PostParams};
use libtest_mimic::Failed;
use process::Server;
use serde_json::json;

/// The most memory, in MiB, that a server may have once it knows all.
const MEMORY: u64 = 100;

/// How long it may take until all is known.
const COMPLETE: Duration = Duration::from_secs(15);

/// Requests to the API that are under way at once.
const AT_ONCE: usize = 32;

struct Scale {
    bindings: usize,
    namespaces: usize,
    /// Changes of bindings, a second.
    rate: usize,
    /// How long changes are made.
    changes: Duration,
}

impl Scale {
    fn chosen() -> Self {
        if std::env::var("SCALE").is_ok_and(|scale| scale == "full") {
            return Self {
                bindings: 10_000,
                namespaces: 5_000,
                rate: 1_000,
                changes: Duration::from_secs(60),
            };
        }
        Self {
            bindings: 400,
            namespaces: 100,
            rate: 200,
            changes: Duration::from_secs(4),
        }
    }
}

fn main() -> ExitCode {
    let tests: &[(&str, Test)] = &[(
        "a large cluster is soon known, in little memory, and its changes slow no request down",
        large,
    )];
    control_plane::run(&[], tests)
}

fn large(plane: &ControlPlane) -> Result<(), Failed> {
    let scale = Scale::chosen();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let client = runtime.block_on(async { plane.client() })?;
    runtime.block_on(populate(&client, &scale))?;

    let started = Instant::now();
    let with = Server::start(&["--kubeconfig", &plane.kubeconfig().display().to_string()]);
    let bindings = loop {
        let text = with.get("/readyz?verbose");
        if text.matches(": known").count() == 8 {
            break text;
        }
        if started.elapsed() > 4 * COMPLETE {
            return Err(format!("not all is known: {text}").into());
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let complete = started.elapsed();
    let memory = with.memory();
    let said = bindings
        .lines()
        .find(|line| line.contains("] rolebindings"));
    eprintln!(
        "{} bindings in {} namespaces: all known {:.1} s after the start, {} MiB resident\n{}",
        scale.bindings,
        scale.namespaces,
        complete.as_secs_f64(),
        memory / 1024,
        said.unwrap_or_default()
    );
    assert!(complete <= COMPLETE, "{complete:?}");
    assert!(memory <= MEMORY * 1024, "{memory} KiB");

    let without = Server::start(&["--no-cluster"]);
    let end = Arc::new(AtomicBool::new(false));
    let changed = Arc::new(AtomicUsize::new(0));
    let changing = {
        let (end, changed) = (Arc::clone(&end), Arc::clone(&changed));
        let (bindings, rate) = (scale.bindings, scale.rate);
        std::thread::spawn(move || runtime.block_on(change(client, bindings, rate, end, changed)))
    };
    let began = Instant::now();
    let (mut of_with, mut of_without) = (Vec::new(), Vec::new());
    let (mut to_with, mut to_without) = (with.connect(), without.connect());
    // Side by side, turn by turn: whatever else the machine does, it does to both.
    while began.elapsed() < scale.changes {
        of_with.push(to_with.ask());
        of_without.push(to_without.ask());
        std::thread::sleep(Duration::from_micros(500));
    }
    let took = began.elapsed();
    end.store(true, Ordering::Relaxed);
    changing.join().map_err(|_| "the changes failed")??;
    let (with_p99, without_p99) = (
        percentile(&mut of_with, 99),
        percentile(&mut of_without, 99),
    );
    eprintln!(
        "{:.0} changes a second for {:.0} s, {} requests each: p50 {} us with facts, {} without; p99 {} us with, {} without; \
         {} MiB resident afterwards",
        changed.load(Ordering::Relaxed) as f64 / took.as_secs_f64(),
        took.as_secs_f64(),
        of_with.len(),
        percentile(&mut of_with, 50),
        percentile(&mut of_without, 50),
        with_p99,
        without_p99,
        with.memory() / 1024
    );
    // Two cores are shared with etcd and the API server: the difference must not be more than the noise of that.
    assert!(
        with_p99 <= 2 * without_p99 + 2_000,
        "{with_p99} us, {without_p99} us without"
    );
    assert!(with.memory() <= MEMORY * 1024, "{} KiB", with.memory());
    Ok(())
}

fn binding(number: usize, subject: &str) -> RoleBinding {
    let binding = json!({
        "metadata": {"name": format!("binding-{number}")},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
        "subjects": [{"kind": "ServiceAccount", "name": subject, "namespace": format!("scale-{number}")}],
    });
    serde_json::from_value(binding).expect("a binding")
}

/// Makes the namespaces, and the bindings in the first of them.
async fn populate(client: &kube::Client, scale: &Scale) -> Result<(), Failed> {
    let began = Instant::now();
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let made = in_turns(scale.namespaces, |number| {
        let namespaces = namespaces.clone();
        async move {
            let namespace = json!({"metadata": {"name": format!("scale-{number}")}});
            let namespace = serde_json::from_value(namespace).expect("a namespace");
            namespaces
                .create(&PostParams::default(), &namespace)
                .await
                .map(drop)
        }
    });
    made.await?;
    let bindings: Api<RoleBinding> = Api::namespaced(client.clone(), "scale-0");
    let made = in_turns(scale.bindings, |number| {
        let bindings = bindings.clone();
        async move {
            let binding = binding(number, "default");
            bindings
                .create(&PostParams::default(), &binding)
                .await
                .map(drop)
        }
    });
    made.await?;
    eprintln!(
        "the cluster was made in {:.0} s",
        began.elapsed().as_secs_f64()
    );
    Ok(())
}

/// Does something for every number below `count`, several at once.
async fn in_turns<F>(count: usize, act: impl Fn(usize) -> F) -> Result<(), Failed>
where
    F: Future<Output = Result<(), kube::Error>> + 'static,
{
    let act = &act;
    let turns = (0..AT_ONCE).map(|worker| async move {
        let numbers = (worker..count).step_by(AT_ONCE);
        for number in numbers {
            act(number).await?;
        }
        Ok::<_, kube::Error>(())
    });
    futures_util::future::try_join_all(turns).await?;
    Ok(())
}

/// Changes bindings, `rate` a second, until the end.
async fn change(
    client: kube::Client,
    bindings: usize,
    rate: usize,
    end: Arc<AtomicBool>,
    changed: Arc<AtomicUsize>,
) -> Result<(), kube::Error> {
    let api: Api<RoleBinding> = Api::namespaced(client, "scale-0");
    let began = Instant::now();
    let workers = (0..AT_ONCE).map(|_| async {
        while !end.load(Ordering::Relaxed) {
            let turn = changed.fetch_add(1, Ordering::Relaxed);
            let due = began + Duration::from_secs_f64(turn as f64 / rate as f64);
            tokio::time::sleep_until(due.into()).await;
            let (number, subject) = (turn % bindings, format!("account-{}", turn / bindings));
            let patch = json!({"subjects": binding(number, &subject).subjects});
            let name = format!("binding-{number}");
            api.patch(&name, &PatchParams::default(), &Patch::Merge(patch))
                .await?;
        }
        Ok(())
    });
    futures_util::future::try_join_all(workers).await.map(drop)
}

/// In microseconds.
fn percentile(times: &mut [Duration], percent: usize) -> u128 {
    times.sort_unstable();
    times[(times.len() * percent / 100).min(times.len() - 1)].as_micros()
}
