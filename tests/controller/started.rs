//! A controller that runs, and the objects that it looks after.

use std::fs;
use std::path::Path;

use base64::Engine;
use libtest_mimic::Failed;
use pod_hardener::controller::authority::Ca;
use serde_json::{Value, json};

use crate::cluster::{Registered, kubectl, namespace, wait};
use crate::control_plane::{ControlPlane, Process};
use crate::webhook::{LABEL, rule};

/// The names of the Secret, the Service and the Deployment.
const NAME: &str = "hardener";

/// A namespace with registrations, for one test.
pub(super) struct Home<'p> {
    plane: &'p ControlPlane,
    pub(super) namespace: &'static str,
    folder: tempfile::TempDir,
    registered: Vec<Registered<'p>>,
}

impl<'p> Home<'p> {
    /// A namespace, a Deployment to own what is made, and two registrations that lead to `url`.
    pub(super) fn new(
        plane: &'p ControlPlane,
        name: &'static str,
        url: &str,
    ) -> Result<Self, Failed> {
        namespace(plane, name, &[])?;
        let this = Self {
            plane,
            namespace: name,
            folder: tempfile::tempdir()?,
            registered: vec![
                Registered::new(
                    plane,
                    &registration("MutatingWebhookConfiguration", name, url),
                )?,
                Registered::new(
                    plane,
                    &registration("ValidatingWebhookConfiguration", name, url),
                )?,
            ],
        };
        let image = "--image=registry.example/pod-hardener:1";
        kubectl(
            plane,
            &[
                "create",
                "deployment",
                NAME,
                image,
                "--replicas=0",
                "-n",
                name,
            ],
        )?;
        Ok(this)
    }

    /// Starts a controller, with further flags.
    pub(super) fn controller(&self, number: u8, flags: &[&str]) -> Result<Process, Failed> {
        let mut all: Vec<String> = ["controller", "--admin=127.0.0.1:0", "--dns-name=127.0.0.1"]
            .map(str::to_owned)
            .into();
        all.extend([
            format!("--secret={NAME}"),
            format!("--service={NAME}"),
            format!("--owner={NAME}"),
            format!("--namespace={}", self.namespace),
            format!("--mutating={}", self.namespace),
            format!("--validating={}", self.namespace),
            format!("--kubeconfig={}", self.plane.kubeconfig().display()),
        ]);
        all.extend(flags.iter().map(|flag| (*flag).to_owned()));
        let program = Path::new(env!("CARGO_BIN_EXE_pod-hardener"));
        Ok(Process::start(program, &all, &self.log(number))?)
    }

    /// The log of a controller.
    pub(super) fn said(&self, number: u8) -> String {
        fs::read_to_string(self.log(number)).unwrap_or_default()
    }

    fn log(&self, number: u8) -> std::path::PathBuf {
        self.folder.path().join(format!("controller-{number}.log"))
    }

    /// The Secret; `None` where there is none.
    pub(super) fn secret(&self) -> Result<Option<Value>, Failed> {
        let secret = [
            "get",
            "secret",
            NAME,
            "-n",
            self.namespace,
            "-o",
            "json",
            "--ignore-not-found",
        ];
        let text = kubectl(self.plane, &secret)?;
        Ok(match text.is_empty() {
            true => None,
            false => Some(serde_json::from_str(&text)?),
        })
    }

    /// A key of the Secret; empty where there is none.
    pub(super) fn held(&self, key: &str) -> Result<String, Failed> {
        Ok(self
            .secret()?
            .map(|secret| text(&secret["data"][key]))
            .unwrap_or_default())
    }

    /// What each webhook of both registrations trusts.
    pub(super) fn bundles(&self) -> Result<Vec<String>, Failed> {
        let mut bundles = Vec::new();
        for kind in [
            "mutatingwebhookconfiguration",
            "validatingwebhookconfiguration",
        ] {
            let object = kubectl(self.plane, &["get", kind, self.namespace, "-o", "json"])?;
            let object: Value = serde_json::from_str(&object)?;
            let webhooks = object["webhooks"].as_array().cloned().unwrap_or_default();
            bundles.extend(
                webhooks
                    .iter()
                    .map(|webhook| text(&webhook["clientConfig"]["caBundle"])),
            );
        }
        Ok(bundles)
    }

    /// Waits until there is a certificate, and what signed it is all that the registrations trust.
    pub(super) fn in_order(&self) -> Result<(), Failed> {
        wait(|| {
            let (certificate, bundle) = (self.held("tls.crt")?, self.held("ca.crt")?);
            let trusted = self.bundles()?.iter().all(|trusted| *trusted == bundle);
            Ok((!certificate.is_empty() && !bundle.is_empty() && trusted).then_some(()))
        })
    }

    /// How many CAs are trusted.
    pub(super) fn cas(&self) -> Result<usize, Failed> {
        Ok(Ca::all_of_pem(self.held("ca.crt")?.as_bytes()).len())
    }

    /// Takes the registrations back.
    pub(super) fn unregister(&mut self) {
        self.registered.clear();
    }
}

/// The text in a base64 value; empty where there is none.
fn text(value: &Value) -> String {
    let bytes = value.as_str().unwrap_or_default();
    let bytes = base64::engine::general_purpose::STANDARD.decode(bytes);
    String::from_utf8(bytes.unwrap_or_default()).unwrap_or_default()
}

/// A registration as the chart writes it, of two webhooks, without a `caBundle`.
fn registration(kind: &str, name: &str, url: &str) -> Value {
    let mutates = kind.starts_with('M');
    let webhook = |profile: &str| {
        let mode = if mutates { "harden" } else { "audit" };
        let mut webhook = json!({
            "name": format!("{profile}.pod-hardener.io"),
            "clientConfig": {"url": format!("{url}/{mode}/{profile}")},
            "namespaceSelector": {"matchLabels": {LABEL: format!("{name}-{profile}")}},
            "rules": [rule("CREATE", "pods")],
            "failurePolicy": "Fail",
            "timeoutSeconds": 5,
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
        });
        if mutates {
            webhook["reinvocationPolicy"] = "IfNeeded".into();
        }
        webhook
    };
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": kind,
        "metadata": {"name": name},
        "webhooks": [webhook("compatible"), webhook("strict")],
    })
}
