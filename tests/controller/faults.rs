//! What pods feel of a webhook that is slow, silent or talks nonsense, and of an API server that is started again.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base64::Engine;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, PostParams};
use libtest_mimic::Failed;
use pod_hardener::serve::tls::Identity;
use serde_json::{Value, json};

use crate::cluster::{Registered, namespace};
use crate::control_plane::ControlPlane;
use crate::webhook::{LABEL, Webhook, rule};

/// How long the API server waits, in seconds: the chart's.
const TIMEOUT: u64 = 2;

/// How a webhook can behave.
const BEHAVIOURS: [(&str, Behaviour); 5] = [
    ("takes the connection and says nothing", Behaviour::Silent),
    ("answers after a minute", Behaviour::Slow),
    ("answers no HTTP", Behaviour::Says("nonsense\r\n\r\n")),
    (
        "answers 200, and no AdmissionReview",
        Behaviour::Says("HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}"),
    ),
    (
        "answers 500",
        Behaviour::Says("HTTP/1.1 500 no\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"),
    ),
];

#[derive(Clone, Copy)]
enum Behaviour {
    Silent,
    Slow,
    Says(&'static str),
}

/// A webhook that behaves like that, on a free port, until the test ends.
fn start(behaviour: Behaviour) -> Result<(String, String), Failed> {
    let identity = Identity::self_made(Ipv4Addr::LOCALHOST.into())?;
    let ca = identity.ca_pem().unwrap_or_default().to_owned();
    let config = identity.into_server_config()?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("https://{}", listener.local_addr()?);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let config = Arc::clone(&config);
            std::thread::spawn(move || {
                if let Behaviour::Silent = behaviour {
                    std::thread::sleep(Duration::from_secs(60));
                    return;
                }
                let connection = rustls::ServerConnection::new(config).unwrap();
                let mut stream = rustls::StreamOwned::new(connection, stream);
                // Whoever hangs up first is not of interest.
                let _ = stream.read(&mut [0; 65_536]);
                match behaviour {
                    Behaviour::Says(text) => drop(stream.write_all(text.as_bytes())),
                    _ => std::thread::sleep(Duration::from_secs(60)),
                }
                stream.conn.send_close_notify();
                let _ = stream.flush();
            });
        }
    });
    Ok((url, ca))
}

pub(super) fn nonsense(plane: &ControlPlane) -> Result<(), Failed> {
    namespace(plane, "nonsense", &[(LABEL, "nonsense")])?;
    for policy in ["Fail", "Ignore"] {
        for (what, behaviour) in BEHAVIOURS {
            let (url, ca) = start(behaviour)?;
            let _registered = Registered::new(plane, &registration(&url, &ca, policy))?;
            let begin = Instant::now();
            let made = Stream::connect(plane)?.create("nonsense");
            let took = begin.elapsed();
            eprintln!(
                "{policy}, a webhook that {what}: {} after {:.1} s",
                made.as_str(),
                took.as_secs_f32()
            );
            let wanted = if policy == "Fail" {
                Made::Refused
            } else {
                Made::AsItIs
            };
            assert_eq!(made, wanted, "{what}");
            assert!(took < Duration::from_secs(TIMEOUT + 2), "{what}: {took:?}");
        }
        // The next answer is as good as any.
        let webhook = Webhook::start();
        let url = format!("{}/harden/strict", webhook.url);
        let _registered = Registered::new(plane, &registration(&url, &webhook.ca, policy))?;
        assert_eq!(Stream::connect(plane)?.create("nonsense"), Made::Hardened);
    }
    Ok(())
}

pub(super) fn api_server_restarted(plane: &ControlPlane) -> Result<(), Failed> {
    let mut plane = ControlPlane::start(plane.assets(), &[])?;
    let webhook = Webhook::start();
    for policy in ["Ignore", "Fail"] {
        let name = format!("restarted-{}", policy.to_lowercase());
        namespace(&plane, &name, &[(LABEL, "nonsense")])?;
        let url = format!("{}/harden/strict", webhook.url);
        let registered = Registered::new(&plane, &registration(&url, &webhook.ca, policy))?;
        // It is in the store, and stays there.
        std::mem::forget(registered);
        let end = Arc::<AtomicBool>::default();
        let made = Arc::<Mutex<Vec<Made>>>::default();
        let (thread_end, thread_made, config) =
            (Arc::clone(&end), Arc::clone(&made), plane.admin_config()?);
        let thread = std::thread::spawn(move || {
            while !thread_end.load(Ordering::Relaxed) {
                // A new connection each: the old one ends with the API server.
                if let Ok(stream) = Stream::of(config.clone()) {
                    thread_made.lock().unwrap().push(stream.create(&name));
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        std::thread::sleep(Duration::from_secs(1));
        plane.kill_api_server();
        plane.start_api_server()?;
        std::thread::sleep(Duration::from_secs(2));
        end.store(true, Ordering::Relaxed);
        thread.join().unwrap();
        let made = made.lock().unwrap();
        let count = |wanted| made.iter().filter(|made| **made == wanted).count();
        eprintln!(
            "{policy}: {} hardened, {} refused while it was away, {} as they are",
            count(Made::Hardened),
            count(Made::Refused),
            count(Made::AsItIs)
        );
        // No pod is let in before the registrations are known.
        assert_eq!(count(Made::AsItIs), 0);
        assert_eq!(made.last(), Some(&Made::Hardened));
        assert!(count(Made::Refused) > 0);
    }
    Ok(())
}

fn registration(url: &str, ca: &str, policy: &str) -> Value {
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": "nonsense"},
        "webhooks": [{
            "name": "nonsense.pod-hardener.io",
            "clientConfig": {"url": url, "caBundle": base64::engine::general_purpose::STANDARD.encode(ca)},
            "namespaceSelector": {"matchLabels": {LABEL: "nonsense"}},
            "rules": [rule("CREATE", "pods")],
            "failurePolicy": policy,
            "timeoutSeconds": TIMEOUT,
            "reinvocationPolicy": "IfNeeded",
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
        }],
    })
}

/// What became of a pod.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Made {
    Hardened,
    AsItIs,
    Refused,
}

impl Made {
    fn as_str(self) -> &'static str {
        match self {
            Self::Hardened => "hardened",
            Self::AsItIs => "as it is",
            Self::Refused => "refused",
        }
    }
}

/// A client that creates pods, by dry run.
struct Stream {
    runtime: tokio::runtime::Runtime,
    client: kube::Client,
}

impl Stream {
    fn connect(plane: &ControlPlane) -> Result<Self, Failed> {
        Self::of(plane.admin_config()?)
    }

    fn of(config: kube::Config) -> Result<Self, Failed> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let client = {
            let _entered = runtime.enter();
            kube::Client::try_from(config)?
        };
        Ok(Self { runtime, client })
    }

    fn create(&self, namespace: &str) -> Made {
        let pod: Pod = serde_json::from_value(json!({
            "metadata": {"generateName": "p-"},
            "spec": {"containers": [{"name": "web", "image": "registry.example/web:1"}]},
        }))
        .unwrap();
        let dry_run = PostParams {
            dry_run: true,
            ..PostParams::default()
        };
        let pods = Api::<Pod>::namespaced(self.client.clone(), namespace);
        let made = self.runtime.block_on(async {
            tokio::time::timeout(Duration::from_secs(10), pods.create(&dry_run, &pod)).await
        });
        match made {
            Ok(Ok(pod)) => {
                let container = pod.spec.unwrap().containers.remove(0);
                match container.security_context {
                    Some(_) => Made::Hardened,
                    None => Made::AsItIs,
                }
            }
            _ => Made::Refused,
        }
    }
}
