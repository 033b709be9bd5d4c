//! What pods feel while something happens to the chart's own servers and certificates: a stream of pods is created, by dry run, in a
//! namespace under `strict`, and each is either hardened, let through as it is, or refused.
//!
//! `AVAILABLE=full` takes everything that can happen, with `Fail` and with `Ignore` (`make availability`); otherwise it is what costs
//! little time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, PostParams};
use libtest_mimic::Failed;
use serde_json::{Value, json};

use crate::helm::{Installed, NAME};
use crate::node::{Node, output};

use super::{chart, image};

/// Between two pods of a stream.
const BETWEEN: Duration = Duration::from_millis(50);

/// How long the stream must have been well until the next thing happens.
const WELL: Duration = Duration::from_secs(3);

/// The namespace that the installation has labelled.
const NAMESPACE: &str = "first-of-the-chart";

/// What became of a pod.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Outcome {
    Hardened,
    AsItIs,
    Refused,
}

/// Something that happens.
struct Event {
    name: &'static str,
    happens: fn(&Node) -> Result<(), Failed>,
    /// Whether pods may feel it, and for how long at most.
    ceiling: Option<Duration>,
    /// When it is let happen.
    form: Form,
}

/// When something is let happen.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// In the short form too.
    Short,
    /// With each failure policy.
    Full,
    /// With `Fail` alone: it takes long, and what is felt is the same.
    Once,
}

const EVENTS: &[Event] = &[
    Event {
        name: "rolling update",
        happens: rolling_update,
        ceiling: None,
        form: Form::Short,
    },
    Event {
        name: "one server's pod deleted, as a drain does",
        happens: pod_deleted,
        ceiling: None,
        form: Form::Full,
    },
    Event {
        name: "one server killed (kill -9)",
        happens: server_killed,
        ceiling: Some(Duration::from_secs(5)),
        form: Form::Short,
    },
    Event {
        name: "controller's pod deleted",
        happens: controller_deleted,
        ceiling: None,
        form: Form::Short,
    },
    Event {
        name: "two controllers",
        happens: two_controllers,
        ceiling: None,
        form: Form::Full,
    },
    Event {
        name: "caBundle wiped",
        happens: bundle_wiped,
        ceiling: Some(Duration::from_secs(5)),
        form: Form::Short,
    },
    Event {
        name: "certificate renewed",
        happens: certificate_renewed,
        ceiling: None,
        form: Form::Full,
    },
    Event {
        name: "key of the CA lost, and all servers have a new one's certificate",
        happens: ca_renewed,
        ceiling: None,
        form: Form::Full,
    },
    Event {
        name: "Secret deleted",
        happens: secret_deleted,
        ceiling: None,
        form: Form::Full,
    },
    Event {
        name: "lifetimes of minutes: certificates renewed, and a CA by the next one",
        happens: lifetimes_of_minutes,
        ceiling: None,
        form: Form::Once,
    },
    Event {
        name: "both servers stopped for 10 s (SIGSTOP)",
        happens: servers_paused,
        ceiling: Some(Duration::from_secs(30)),
        form: Form::Full,
    },
];

/// Delays of a server's end that are compared in the full form, in seconds: the chart's is the last one.
const DELAYS: [u32; 4] = [0, 1, 2, 5];

pub(super) fn feels(node: &Node) -> Result<(), Failed> {
    image::import(node)?;
    let full = std::env::var("AVAILABLE").is_ok_and(|form| form == "full");
    if full {
        for delay in DELAYS {
            let values = format!("webhook.failurePolicy=Fail,shutdownDelay={delay}");
            let _installed = chart::install_with(node, &["--set", &values])?;
            let update = Event {
                name: "rolling update",
                happens: rolling_update,
                // What is too short shows here; what the chart has must not.
                ceiling: (delay < DELAYS[DELAYS.len() - 1]).then_some(Duration::from_secs(60)),
                form: Form::Full,
            };
            update.felt(node, &format!("Fail, shutdownDelay={delay}"))?;
        }
    }
    let policies: &[&str] = if full { &["Fail", "Ignore"] } else { &["Fail"] };
    for policy in policies {
        let value = format!("webhook.failurePolicy={policy}");
        let _installed: Installed<'_> = chart::install_with(node, &["--set", &value])?;
        for event in EVENTS.iter().filter(|event| event.is_in(full, policy)) {
            event.felt(node, policy)?;
        }
    }
    Ok(())
}

impl Event {
    fn is_in(&self, full: bool, policy: &str) -> bool {
        match self.form {
            Form::Short => true,
            Form::Full => full,
            Form::Once => full && policy == "Fail",
        }
    }

    /// What the stream felt of it, printed as a line of a table.
    fn felt(&self, node: &Node, policy: &str) -> Result<(), Failed> {
        let stream = Stream::start(node)?;
        stream.until_well()?;
        let before = stream.counts();
        let begin = Instant::now();
        (self.happens)(node)?;
        stream.until_well()?;
        let (last, counts) = (stream.last_felt(begin), stream.counts());
        let [hardened, as_it_is, refused] = [0, 1, 2].map(|i| counts[i] - before[i]);
        println!(
            "| {} | `{policy}` | {} | {refused} | {as_it_is} | {:.1} s |",
            self.name,
            hardened + as_it_is + refused,
            last.as_secs_f32(),
        );
        match (self.ceiling, refused + as_it_is) {
            (_, 0) => Ok(()),
            (Some(ceiling), _) if last <= ceiling => Ok(()),
            (ceiling, felt) => Err(format!(
                "{}: {felt} pods felt it for {last:?}, and {ceiling:?} is allowed: {:?}",
                self.name,
                stream.complaints(),
            )
            .into()),
        }
    }
}

/// Pods that are created one after the other, by dry run.
struct Stream {
    felt: Arc<Mutex<Felt>>,
    end: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Felt {
    outcomes: Vec<(Instant, Outcome)>,
    complaints: Vec<String>,
}

impl Stream {
    fn start(node: &Node) -> Result<Self, Failed> {
        let (felt, end) = (Arc::<Mutex<Felt>>::default(), Arc::<AtomicBool>::default());
        let config = node.plane().admin_config()?;
        let threads = (0..2).map(|_| {
            let (felt, end, config) = (Arc::clone(&felt), Arc::clone(&end), config.clone());
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .expect("a runtime");
                runtime.block_on(create(config, &felt, &end));
            })
        });
        let threads = threads.collect();
        Ok(Self { felt, end, threads })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Felt> {
        self.felt.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until nothing was felt for a while.
    fn until_well(&self) -> Result<(), Failed> {
        let start = Instant::now();
        loop {
            std::thread::sleep(Duration::from_millis(100));
            let felt = self.lock();
            let lately = |moment: Instant| moment.elapsed() < WELL;
            let mut late = felt
                .outcomes
                .iter()
                .rev()
                .take_while(|(moment, _)| lately(*moment))
                .peekable();
            if start.elapsed() > WELL
                && late.peek().is_some()
                && late.all(|(_, outcome)| *outcome == Outcome::Hardened)
            {
                return Ok(());
            }
            if start.elapsed() > Duration::from_secs(120) {
                return Err(format!(
                    "pods are not well after two minutes: {:?}",
                    felt.complaints.last()
                )
                .into());
            }
        }
    }

    fn counts(&self) -> [usize; 3] {
        let felt = self.lock();
        [Outcome::Hardened, Outcome::AsItIs, Outcome::Refused].map(|wanted| {
            felt.outcomes
                .iter()
                .filter(|(_, outcome)| *outcome == wanted)
                .count()
        })
    }

    /// How long after `begin` the last pod felt anything; nothing where none did.
    fn last_felt(&self, begin: Instant) -> Duration {
        let felt = self.lock();
        let mut felt = felt
            .outcomes
            .iter()
            .rev()
            .filter(|(_, outcome)| *outcome != Outcome::Hardened);
        felt.next().map_or(Duration::ZERO, |(moment, _)| {
            moment.saturating_duration_since(begin)
        })
    }

    fn complaints(&self) -> Vec<String> {
        let felt = self.lock();
        felt.complaints.iter().take(3).cloned().collect()
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.end.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            // A panic of it has been printed.
            let _ = thread.join();
        }
    }
}

async fn create(config: kube::Config, felt: &Mutex<Felt>, end: &AtomicBool) {
    let client = kube::Client::try_from(config).expect("a client");
    let pods = Api::<Pod>::namespaced(client, NAMESPACE);
    let dry_run = PostParams {
        dry_run: true,
        ..PostParams::default()
    };
    let pod: Pod = serde_json::from_value(json!({
        "metadata": {"generateName": "of-the-stream-"},
        "spec": {"containers": [{"name": "web", "image": "registry.example/web:1"}]},
    }))
    .expect("a pod");
    while !end.load(Ordering::Relaxed) {
        let outcome = match pods.create(&dry_run, &pod).await {
            Ok(pod) if is_hardened(&pod) => Outcome::Hardened,
            Ok(_) => Outcome::AsItIs,
            Err(error) => {
                felt.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .complaints
                    .push(error.to_string());
                Outcome::Refused
            }
        };
        felt.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .outcomes
            .push((Instant::now(), outcome));
        tokio::time::sleep(BETWEEN).await;
    }
}

fn is_hardened(pod: &Pod) -> bool {
    let container = pod.spec.as_ref().and_then(|spec| spec.containers.first());
    let context = container.and_then(|container| container.security_context.as_ref());
    context.is_some_and(|context| context.read_only_root_filesystem == Some(true))
}

fn rolling_update(node: &Node) -> Result<(), Failed> {
    say(
        node,
        &["rollout", "restart", "deployment", NAME, "-n", NAME],
    )?;
    rolled_out(node)
}

fn pod_deleted(node: &Node) -> Result<(), Failed> {
    let server = &servers(node)?[0];
    say(node, &["delete", "pod", name(server), "-n", NAME])?;
    rolled_out(node)
}

fn server_killed(node: &Node) -> Result<(), Failed> {
    signal(node, &servers(node)?[0], "KILL")?;
    rolled_out(node)
}

fn controller_deleted(node: &Node) -> Result<(), Failed> {
    say(
        node,
        &[
            "delete",
            "pod",
            "-n",
            NAME,
            "-l",
            "app.kubernetes.io/component=controller",
            "--grace-period=0",
            "--force",
        ],
    )?;
    say(
        node,
        &[
            "rollout",
            "status",
            "deployment/pod-hardener-controller",
            "-n",
            NAME,
            "--timeout=120s",
        ],
    )
}

fn two_controllers(node: &Node) -> Result<(), Failed> {
    let scale = |n: &str| {
        say(
            node,
            &[
                "scale",
                "deployment",
                "pod-hardener-controller",
                "-n",
                NAME,
                n,
            ],
        )
    };
    scale("--replicas=2")?;
    say(
        node,
        &[
            "rollout",
            "status",
            "deployment/pod-hardener-controller",
            "-n",
            NAME,
            "--timeout=120s",
        ],
    )?;
    scale("--replicas=1")
}

fn bundle_wiped(node: &Node) -> Result<(), Failed> {
    let wipe = r#"[{"op": "remove", "path": "/webhooks/2/clientConfig/caBundle"}]"#;
    let registration = "mutatingwebhookconfiguration/zz-pod-hardener";
    say(node, &["patch", registration, "--type=json", "-p", wipe])
}

fn certificate_renewed(node: &Node) -> Result<(), Failed> {
    taken_out_of_the_secret(node, "tls.crt")
}

fn ca_renewed(node: &Node) -> Result<(), Failed> {
    taken_out_of_the_secret(node, "ca.key")
}

/// Takes a key out of the Secret, and waits until every server has another certificate.
fn taken_out_of_the_secret(node: &Node, key: &str) -> Result<(), Failed> {
    let before = certificate(node)?;
    let secret = "secret/pod-hardener-tls";
    let remove = format!(r#"[{{"op": "remove", "path": "/data/{key}"}}]"#);
    say(
        node,
        &["patch", secret, "-n", NAME, "--type=json", "-p", &remove],
    )?;
    served_another(node, &before)
}

fn secret_deleted(node: &Node) -> Result<(), Failed> {
    let before = certificate(node)?;
    say(node, &["delete", "secret", "pod-hardener-tls", "-n", NAME])?;
    served_another(node, &before)
}

/// Certificates of five minutes and CAs of fifteen: the kubelet brings each within a minute and a half, while 100 s of the old one are
/// left.
fn lifetimes_of_minutes(node: &Node) -> Result<(), Failed> {
    let flags = r#"[{"op": "add", "path": "/spec/template/spec/containers/0/args/-", "value": "--ca-lifetime=15m"},
        {"op": "add", "path": "/spec/template/spec/containers/0/args/-", "value": "--certificate-lifetime=5m"}]"#;
    let controller = "deployment/pod-hardener-controller";
    say(
        node,
        &["patch", controller, "-n", NAME, "--type=json", "-p", flags],
    )?;
    say(
        node,
        &[
            "rollout",
            "status",
            controller,
            "-n",
            NAME,
            "--timeout=120s",
        ],
    )?;
    ca_renewed(node)?;
    let start = Instant::now();
    let mut promoted = String::new();
    while start.elapsed() < Duration::from_secs(15 * 60) {
        std::thread::sleep(Duration::from_secs(2));
        let said = node.plane().kubectl(&["logs", controller, "-n", NAME])?;
        let said = String::from_utf8_lossy(&said.stdout).into_owned();
        if said.contains(r#""step":"promote""#) {
            promoted = said;
            break;
        }
    }
    let count = |step: &str| promoted.matches(&format!(r#""step":"{step}""#)).count();
    eprintln!(
        "{} certificates signed, {} CAs by the next one",
        count("sign") + count("promote"),
        count("promote")
    );
    if count("promote") != 1 || count("sign") < 3 {
        return Err(format!("what the controller did: {promoted}").into());
    }
    // The servers get the last one as they got those before.
    rolled_out(node)
}

fn servers_paused(node: &Node) -> Result<(), Failed> {
    let servers = servers(node)?;
    servers
        .iter()
        .try_for_each(|server| signal(node, server, "STOP"))?;
    std::thread::sleep(Duration::from_secs(10));
    servers
        .iter()
        .try_for_each(|server| signal(node, server, "CONT"))
}

/// The servers' pods, but those that are on their way out.
fn servers(node: &Node) -> Result<Vec<Value>, Failed> {
    let output = node.plane().kubectl(&[
        "get",
        "pods",
        "-n",
        NAME,
        "-l",
        "app.kubernetes.io/component=serve",
        "-o",
        "json",
    ])?;
    let list: Value = serde_json::from_slice(&output.stdout)?;
    let pods = list["items"].as_array().into_iter().flatten();
    let stays = pods.filter(|pod| pod["metadata"]["deletionTimestamp"].is_null());
    Ok(stays.cloned().collect())
}

fn name(pod: &Value) -> &str {
    pod["metadata"]["name"].as_str().unwrap_or_default()
}

fn signal(node: &Node, pod: &Value, signal: &str) -> Result<(), Failed> {
    let id = pod["status"]["containerStatuses"][0]["containerID"]
        .as_str()
        .unwrap_or_default();
    let process = node
        .runtime()
        .first_process(id.trim_start_matches("containerd://"))?;
    output(&["kill", &format!("-{signal}"), &process.to_string()])?;
    Ok(())
}

/// The certificate in the Secret; nothing where there is none.
fn certificate(node: &Node) -> Result<String, Failed> {
    let output = node.plane().kubectl(&[
        "get",
        "secret",
        "pod-hardener-tls",
        "-n",
        NAME,
        "-o",
        "jsonpath={.data.tls\\.crt}",
        "--ignore-not-found",
    ])?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Waits until every server has loaded another certificate than `before`, as its metrics say: the kubelet brings it within a minute or
/// two.
fn served_another(node: &Node, before: &str) -> Result<(), Failed> {
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(240) {
        std::thread::sleep(Duration::from_secs(1));
        let now = certificate(node)?;
        if now.is_empty() || now == before {
            continue;
        }
        let mut all = true;
        for server in servers(node)? {
            let ip = server["status"]["podIP"]
                .as_str()
                .unwrap_or_default()
                .to_owned();
            let metrics = crate::node::get(&format!("{ip}:8080"), "/metrics")?;
            let reloads = metrics.lines().find_map(|line| {
                line.strip_prefix("pod_hardener_certificate_last_load_timestamp_seconds ")
            });
            let loaded: f64 = reloads
                .and_then(|text| text.parse().ok())
                .unwrap_or_default();
            let since = std::time::SystemTime::now()
                .duration_since(std::time::UNIX_EPOCH)?
                .as_secs_f64()
                - loaded;
            all &= since < start.elapsed().as_secs_f64();
        }
        if all {
            eprintln!(
                "all servers have it after {:.0} s",
                start.elapsed().as_secs_f32()
            );
            return Ok(());
        }
    }
    Err("the servers have no other certificate after four minutes".into())
}

fn rolled_out(node: &Node) -> Result<(), Failed> {
    chart::rolled_out(node.plane())
}

fn say(node: &Node, args: &[&str]) -> Result<(), Failed> {
    chart::kubectl(node.plane(), args).map(drop)
}
