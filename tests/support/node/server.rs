//! The real server, `pod-hardener serve`, and its registration with the API server.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::bail;
use base64::Engine;
use serde_json::{Value, json};

use crate::control_plane::{ControlPlane, Process};
use crate::webhook::{LABEL, rule};

use super::shell::get;

/// A running server.
pub(crate) struct Server {
    process: Process,
    port: u16,
    ca: String,
}

impl Server {
    /// Starts a server with a configuration (the embedded one where none is given), which follows the cluster.
    pub(crate) fn start(
        plane: &ControlPlane,
        work: &Path,
        port: u16,
        config: Option<&Path>,
    ) -> anyhow::Result<Self> {
        let ca = work.join(format!("server-{port}.pem"));
        let mut flags = vec![
            "serve".to_owned(),
            format!("--listen=127.0.0.1:{port}"),
            format!("--admin=127.0.0.1:{}", port + 1),
            format!("--write-ca={}", ca.display()),
            format!("--kubeconfig={}", plane.kubeconfig().display()),
        ];
        flags.extend(config.map(|file| format!("--config={}", file.display())));
        let program = Path::new(env!("CARGO_BIN_EXE_pod-hardener"));
        let log = work.join(format!("server-{port}.log"));
        let mut process = Process::start(program, &flags, &log)?;
        let start = Instant::now();
        // Facts that are not known yet are as if they were not there: they are waited for.
        while !Self::knows_all(port + 1) {
            process.still_runs()?;
            if start.elapsed() > Duration::from_secs(60) {
                bail!(
                    "the server does not know the cluster after a minute: {}",
                    log.display()
                );
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let ca = fs::read_to_string(ca)?;
        Ok(Self { process, port, ca })
    }

    fn knows_all(admin: u16) -> bool {
        let said = get(&format!("127.0.0.1:{admin}"), "/readyz?verbose");
        said.is_ok_and(|said| said.contains("[+]") && !said.contains("[-]"))
    }

    /// Where an API server on this machine reaches it.
    pub(crate) fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    /// The CA of its certificate, as PEM.
    pub(crate) fn ca(&self) -> &str {
        &self.ca
    }

    /// Whether it still runs.
    pub(crate) fn still_runs(&mut self) -> anyhow::Result<()> {
        self.process.still_runs()
    }
}

/// One entry of the registration: namespaces with this label's value are hardened with this profile of this server.
pub(crate) struct Entry<'s> {
    pub(crate) label: &'s str,
    pub(crate) profile: &'s str,
    pub(crate) server: &'s Server,
}

/// Registers servers as the chart will, but that a server which does not answer refuses the pod: a pod that is let through
/// as it is would look as if it had run hardened.
pub(crate) fn register(
    plane: &ControlPlane,
    work: &Path,
    entries: &[Entry<'_>],
) -> anyhow::Result<()> {
    let webhooks: Vec<Value> = entries.iter().map(webhook).collect();
    let registration = json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": "zz-pod-hardener"},
        "webhooks": webhooks,
    });
    let file = work.join("registration.json");
    fs::write(&file, registration.to_string())?;
    let applied = plane.kubectl(&["apply", "--server-side", "-f", &file.display().to_string()])?;
    if !applied.status.success() {
        bail!(
            "the webhook is refused: {}",
            String::from_utf8_lossy(&applied.stderr)
        );
    }
    // The API server learns of it by a watch of its own.
    std::thread::sleep(Duration::from_secs(1));
    Ok(())
}

fn webhook(entry: &Entry<'_>) -> Value {
    let Entry {
        label,
        profile,
        server,
    } = entry;
    let bundle = base64::engine::general_purpose::STANDARD.encode(&server.ca);
    let url = format!("{}/harden/{profile}", server.url());
    json!({
        "name": format!("{label}.pod-hardener.io"),
        "clientConfig": {"url": url, "caBundle": bundle},
        "namespaceSelector": {"matchLabels": {LABEL: label}},
        "rules": [rule("CREATE", "pods"), rule("UPDATE", "pods/ephemeralcontainers")],
        "failurePolicy": "Fail",
        "timeoutSeconds": 20,
        "reinvocationPolicy": "IfNeeded",
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
    })
}
