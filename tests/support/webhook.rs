//! The webhook's server in this process, and its registration as the chart will write it.

#![allow(dead_code, reason = "each test program uses its part of this")]

use std::net::Ipv4Addr;
use std::sync::mpsc;
use std::time::Duration;

use base64::Engine;
use pod_hardener::cluster::Cluster;
use pod_hardener::config::Settings;
use pod_hardener::serve::{
    self, Certificate, Configuration, Decisions, Listeners, Pace, Server, tls::Identity,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};

/// The label that opts a namespace in.
pub(crate) const LABEL: &str = "pod-hardener.io/harden";

/// A server on a free port of the loopback address; it ends with this value.
pub(crate) struct Webhook {
    /// Where the API server reaches it.
    pub(crate) url: String,
    /// The address of probes and metrics.
    pub(crate) admin: String,
    /// The CA of its certificate, as PEM.
    pub(crate) ca: String,
    profiles: Vec<String>,
    shutdown: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Webhook {
    /// Starts the server with the embedded configuration.
    pub(crate) fn start() -> Self {
        Self::start_with(Settings::embedded())
    }

    /// Starts the server with a configuration.
    pub(crate) fn start_with(settings: Settings) -> Self {
        Self::start_in(settings, Cluster::unknown())
    }

    /// Starts the server with a configuration and what is known of a cluster.
    pub(crate) fn start_in(settings: Settings, cluster: Cluster) -> Self {
        Self::start_logging(settings, cluster, Decisions::off())
    }

    /// Starts the server with all of it, and a decision log.
    pub(crate) fn start_logging(
        settings: Settings,
        cluster: Cluster,
        decisions: Decisions,
    ) -> Self {
        let profiles = settings.profile_names().map(str::to_owned).collect();
        let (started, start) = mpsc::channel();
        let (shutdown, end) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async {
                let identity =
                    Identity::self_made(Ipv4Addr::LOCALHOST.into()).expect("an identity");
                let ca = identity.ca_pem().expect("a CA of its own").to_owned();
                let any = (Ipv4Addr::LOCALHOST, 0);
                let webhook = TcpListener::bind(any).await.expect("a free port");
                let admin = TcpListener::bind(any).await.expect("a free port");
                let url = format!("https://{}", webhook.local_addr().expect("a bound address"));
                let probes = admin.local_addr().expect("a bound address").to_string();
                started
                    .send((url, probes, ca))
                    .expect("somebody waits for the start");
                let server = Server {
                    configuration: Configuration {
                        settings,
                        file: None,
                    },
                    certificate: Certificate::Fixed(identity),
                    pace: Pace {
                        interval: Duration::from_secs(2),
                        now: watch::channel(()).1,
                    },
                    cluster,
                    listeners: Listeners { webhook, admin },
                    max_connections: 500,
                    log_dropped: Box::new(|| 0),
                    decisions,
                };
                let ended = async {
                    // It ends where this value is gone, too.
                    let _ = end.await;
                    Duration::ZERO
                };
                serve::run(server, ended).await.expect("a pair");
            });
        });
        let (url, admin, ca) = start.recv().expect("the server starts");
        Self {
            url,
            admin,
            ca,
            profiles,
            shutdown: Some(shutdown),
            thread: Some(thread),
        }
    }

    /// Where the API server reaches `path`.
    pub(crate) fn client_config(&self, path: &str) -> Value {
        let bundle = base64::engine::general_purpose::STANDARD.encode(&self.ca);
        json!({"url": format!("{}{path}", self.url), "caBundle": bundle})
    }

    /// The registration of every profile for the namespaces labelled with it.
    pub(crate) fn registration(&self) -> Value {
        let webhooks: Vec<Value> = self
            .profiles
            .iter()
            .map(|profile| {
                json!({
                    "name": format!("{profile}.pod-hardener.io"),
                    "clientConfig": self.client_config(&format!("/harden/{profile}")),
                    "namespaceSelector": {"matchLabels": {LABEL: profile}},
                    "rules": [rule("CREATE", "pods"), rule("UPDATE", "pods/ephemeralcontainers")],
                    "failurePolicy": "Ignore",
                    "timeoutSeconds": 2,
                    "reinvocationPolicy": "IfNeeded",
                    "sideEffects": "None",
                    "admissionReviewVersions": ["v1"],
                })
            })
            .collect();
        json!({
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "MutatingWebhookConfiguration",
            "metadata": {"name": "zz-pod-hardener"},
            "webhooks": webhooks,
        })
    }
}

impl Webhook {
    /// Tells the server to end.
    pub(crate) fn end(&mut self) {
        if let Some(shutdown) = self.shutdown.take() {
            // Nobody listens where the server has ended already.
            let _ = shutdown.send(());
        }
    }

    /// Whether the server has ended.
    pub(crate) fn has_ended(&self) -> bool {
        self.thread
            .as_ref()
            .is_none_or(std::thread::JoinHandle::is_finished)
    }
}

impl Drop for Webhook {
    fn drop(&mut self) {
        self.end();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A rule of a registration: one operation on one core resource.
pub(crate) fn rule(operation: &str, resource: &str) -> Value {
    json!({
        "operations": [operation],
        "apiGroups": [""],
        "apiVersions": ["v1"],
        "resources": [resource],
        "scope": "Namespaced",
    })
}
