//! A server and a controller as the chart runs them, on a real API server that asks them.

use std::fs;
use std::path::Path;

use base64::Engine;
use libtest_mimic::Failed;
use serde_json::{Value, json};

use crate::cluster::{kubectl, namespace, wait};
use crate::control_plane::{ControlPlane, Process};
use crate::process::{Server, free_address};
use crate::webhook::rule;

/// The namespace that is hardened and audited, and has the Secret.
const HOME: &str = "watched";

/// Where the API server asks a server that is not there, by the failure policy.
pub(super) const GONE: [(&str, &str); 2] = [("Ignore", "let-in"), ("Fail", "refused")];

/// The registration that only looks.
pub(super) const AUDIT: &str = "watched-audit";

/// What runs while all is well.
pub(super) struct Scene<'p> {
    plane: &'p ControlPlane,
    pub(super) server: Server,
    _controller: Process,
    /// The address of the controller's probes and metrics.
    pub(super) controller: String,
    folder: tempfile::TempDir,
}

impl<'p> Scene<'p> {
    /// Starts both, and waits until the server has the controller's certificate.
    pub(super) fn new(plane: &'p ControlPlane) -> Result<Self, Failed> {
        let folder = tempfile::tempdir()?;
        let file = |name: &str| folder.path().join(name).display().to_string();
        let kubeconfig = plane.kubeconfig().display().to_string();
        let (certificate, key) = (file("tls.crt"), file("tls.key"));
        let flags = ["--tls-cert", &certificate, "--tls-key", &key];
        let mut all = vec!["--kubeconfig", &kubeconfig, "--reload-interval", "0.1"];
        all.extend(flags);
        let server = Server::start(&all);
        namespace(plane, HOME, &[])?;
        for (_, name) in GONE {
            namespace(plane, name, &[])?;
        }
        let url = format!("https://{}", server.webhook);
        create(plane, folder.path(), &registrations(&url))?;
        let controller = free_address();
        let flags = [
            "controller",
            "--secret=tls",
            "--service=watched",
            "--dns-name=127.0.0.1",
            "--mutating=watched",
            &format!("--validating={AUDIT}"),
            &format!("--namespace={HOME}"),
            &format!("--admin={controller}"),
            &format!("--kubeconfig={kubeconfig}"),
        ];
        let log = folder.path().join("controller.log");
        let mut this = Self {
            plane,
            server,
            _controller: start(&flags, &log)?,
            controller,
            folder,
        };
        // As the kubelet does.
        for (name, file) in [("tls.key", key), ("tls.crt", certificate)] {
            fs::write(file, wait(|| this.held(name))?)?;
        }
        this.server.until("it is ready", |server| {
            server.get("/readyz").starts_with("HTTP/1.1 200")
        });
        Ok(this)
    }

    /// Has pods made, of which nothing stays.
    pub(super) fn work(&self) -> Result<(), Failed> {
        create(self.plane, self.folder.path(), &pods(HOME)).map(drop)
    }

    /// Has pods made where nobody answers.
    pub(super) fn work_unanswered(&self) -> Result<(), Failed> {
        for (policy, namespace) in GONE {
            let made = create(self.plane, self.folder.path(), &pods(namespace));
            assert_eq!(made.is_ok(), policy == "Ignore", "{policy}: {made:?}");
        }
        Ok(())
    }

    /// A file of the Secret, if it is there.
    fn held(&self, name: &str) -> Result<Option<String>, Failed> {
        let path = format!("jsonpath={{.data.{}}}", name.replace('.', "\\."));
        let get = [
            "get",
            "secret",
            "tls",
            "-n",
            HOME,
            "--ignore-not-found",
            "-o",
            &path,
        ];
        let text = base64::engine::general_purpose::STANDARD.decode(kubectl(self.plane, &get)?)?;
        Ok(Some(String::from_utf8(text)?).filter(|text| !text.is_empty()))
    }
}

/// Starts the program in a process of its own.
pub(super) fn start(flags: &[&str], log: &Path) -> Result<Process, Failed> {
    let flags: Vec<String> = flags.iter().map(|flag| (*flag).to_owned()).collect();
    let program = Path::new(env!("CARGO_BIN_EXE_pod-hardener"));
    Ok(Process::start(program, &flags, log)?)
}

/// Hands objects over; pods are not stored.
fn create(plane: &ControlPlane, folder: &Path, items: &[Value]) -> Result<String, Failed> {
    let file = folder.join("objects.json");
    let list = json!({"apiVersion": "v1", "kind": "List", "items": items});
    fs::write(&file, list.to_string())?;
    let file = file.display().to_string();
    let mut args = vec!["create", "-f", &file];
    if items.iter().any(|item| item["kind"] == "Pod") {
        args.push("--dry-run=server");
    }
    kubectl(plane, &args)
}

/// Pods that say nothing, and too much.
fn pods(namespace: &str) -> Vec<Value> {
    let pod = |name: &str, container: Value| {
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": namespace},
            "spec": {"containers": [container]}})
    };
    vec![
        pod(
            "bare",
            json!({"name": "web", "image": "registry.example/web:1"}),
        ),
        pod(
            "unsafe",
            json!({"name": "web", "image": "registry.example/web:1", "securityContext": {"privileged": true}}),
        ),
    ]
}

/// The registrations: those of the scene, without a `caBundle`, and those that lead to nobody.
fn registrations(url: &str) -> Vec<Value> {
    let webhook = |kind: &str,
                   name: &str,
                   webhook: &str,
                   url: String,
                   policy: &str,
                   namespace: &str| {
        let selector = json!({"matchLabels": {"kubernetes.io/metadata.name": namespace}});
        json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": kind, "metadata": {"name": name}, "webhooks": [{
            "name": webhook, "clientConfig": {"url": url}, "namespaceSelector": selector,
            "rules": [rule("CREATE", "pods")], "failurePolicy": policy, "timeoutSeconds": 2, "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
        }]})
    };
    let (mutating, validating) = (
        "MutatingWebhookConfiguration",
        "ValidatingWebhookConfiguration",
    );
    let name = "strict.pod-hardener.io";
    let mut all = vec![
        webhook(
            mutating,
            HOME,
            name,
            format!("{url}/harden/strict"),
            "Ignore",
            HOME,
        ),
        webhook(
            validating,
            AUDIT,
            "strict.audit.pod-hardener.io",
            format!("{url}/audit/strict"),
            "Ignore",
            HOME,
        ),
    ];
    for (policy, namespace) in GONE {
        // The discard port, where nobody listens.
        let nobody = "https://127.0.0.1:9/harden/strict".to_owned();
        all.push(webhook(
            mutating, namespace, name, nobody, policy, namespace,
        ));
    }
    all
}
