//! `certificates.mode`, changed in place: from each mode to each other, with the controller at work where the chart has one.

use std::collections::BTreeSet;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use libtest_mimic::Failed;
use serde_json::Value;

use crate::cluster::{kubectl, wait};
use crate::control_plane::ControlPlane;
use crate::helm::{Helm, Installed, NAME, root, title};
use crate::lifecycle::{get, kinds, objects};
use crate::{accepted, controller};

/// Who makes the certificate.
#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Itself,
    Existing,
    CertManager,
}

use Mode::{CertManager, Existing, Itself};

/// The shortest way by which each mode follows each other.
const WAY: [Mode; 7] = [
    Itself,
    Existing,
    CertManager,
    Itself,
    CertManager,
    Existing,
    Itself,
];

impl Mode {
    fn values(self) -> Vec<String> {
        let file = match self {
            Itself => "as-it-comes",
            Existing => "certificate-of-yours",
            CertManager => "cert-manager",
        };
        let file = root().join(format!("tests/chart/values/{file}.yaml"));
        ["--values".to_owned(), file.display().to_string()].into()
    }

    fn titles(self, helm: &Helm) -> Result<BTreeSet<String>, Failed> {
        let values = self.values();
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        Ok(helm.render(&values)?.iter().map(title).collect())
    }
}

pub(super) fn can_be_changed(plane: &ControlPlane) -> Result<(), Failed> {
    accepted::foreign_kinds(plane)?;
    let all = kinds(plane)?;
    for helm in Helm::both()? {
        let name = helm.name();
        let mut union = BTreeSet::new();
        for mode in [Itself, Existing, CertManager] {
            union.extend(mode.titles(&helm)?);
        }
        let mut installed: Option<Installed<'_>> = None;
        let mut helm = Some(helm);
        let mut running = None;
        for mode in WAY {
            let values = mode.values();
            let mut values: Vec<&str> = values.iter().map(String::as_str).collect();
            match (&installed, helm.take()) {
                (Some(installed), _) => {
                    // Without it an upgrade without a value keeps the ones that there were.
                    values.push("--reset-values");
                    // Whoever wrote `caBundle` until now is not asked.
                    if name.contains("helm-v4") {
                        values.push("--force-conflicts");
                    }
                    installed.upgrade(&values)?;
                }
                (None, Some(helm)) => installed = Some(Installed::new(plane, helm, &values)?),
                (None, None) => return Err("no Helm".into()),
            }
            let Some(installed) = &installed else {
                continue;
            };
            // What the chart has in no mode but another one is gone, and all that it has in this one is there.
            let live = objects(plane, &all)?;
            let there: BTreeSet<String> = live.intersection(&union).cloned().collect();
            assert_eq!(there, mode.titles(&installed.helm)?, "{name}");
            if running.is_some() {
                // Its pod ends later than that: what it still writes must not be wrong.
                std::thread::sleep(LATER);
            }
            drop(running.take());
            match mode {
                Itself => {
                    running = Some(Controller::start(plane)?);
                    wait(|| {
                        let bundles = bundles(plane)?;
                        let trusts = |bundle: &Value| bundle.is_string() && bundle != CA;
                        let alike = bundles.iter().all(|bundle| *bundle == bundles[0]);
                        Ok((alike && trusts(&bundles[0])).then_some(()))
                    })
                    .map_err(|_| {
                        format!("{name}: the registrations do not trust the controller's CA")
                    })?;
                    // Who meets it there is told whose it is.
                    let (kind, object) = REGISTRATIONS[0];
                    let args = ["get", kind, object, "-o", "yaml", "--show-managed-fields"];
                    let shown = kubectl(plane, &args)?;
                    assert!(
                        shown.contains("manager: pod-hardener-controller"),
                        "{shown}"
                    );
                }
                Existing => assert!(
                    bundles(plane)?.iter().all(|bundle| bundle == CA),
                    "{name}: {:#?}",
                    bundles(plane)?
                ),
                CertManager => {
                    for (kind, object) in REGISTRATIONS {
                        let annotations = &get(plane, kind, object)?["metadata"]["annotations"];
                        let from = &annotations["cert-manager.io/inject-ca-from"];
                        assert_eq!(from, "pod-hardener/pod-hardener", "{name}");
                    }
                }
            }
        }
    }
    // The Secret is gone with the Deployment of the controller.
    let secret = ["get", "secret", "pod-hardener-tls", "-n", NAME];
    wait(|| Ok((!plane.kubectl(&secret)?.status.success()).then_some(())))
}

/// For how long the controller is there still when another mode is.
const LATER: Duration = Duration::from_millis(500);

/// The CA in the values of a certificate that somebody else makes, in base64.
const CA: &str = include_str!("ca.base64");

const REGISTRATIONS: [(&str, &str); 2] = [
    ("mutatingwebhookconfiguration", "zz-pod-hardener"),
    ("validatingwebhookconfiguration", "pod-hardener"),
];

/// What every webhook trusts.
fn bundles(plane: &ControlPlane) -> Result<Vec<Value>, Failed> {
    let mut bundles = Vec::new();
    for (kind, name) in REGISTRATIONS {
        let registration = get(plane, kind, name)?;
        let webhooks = registration["webhooks"].as_array().ok_or("no webhooks")?;
        bundles.extend(
            webhooks
                .iter()
                .map(|one| one["clientConfig"]["caBundle"].clone()),
        );
    }
    Ok(bundles)
}

/// The controller, as the chart's Deployment starts it.
struct Controller(Child);

impl Controller {
    fn start(plane: &ControlPlane) -> Result<Self, Failed> {
        let deployment = get(plane, "deployment", controller::ACCOUNT)?;
        let args = &deployment["spec"]["template"]["spec"]["containers"][0]["args"];
        let args = args.as_array().ok_or("the controller has no args")?;
        let mut command = Command::new(env!("CARGO_BIN_EXE_pod-hardener"));
        for arg in args.iter().filter_map(Value::as_str) {
            match arg.starts_with("--admin") {
                true => command.arg("--admin=127.0.0.1:0"),
                false => command.arg(arg),
            };
        }
        command.arg("--kubeconfig").arg(plane.kubeconfig());
        command.args(["--namespace", NAME]).stderr(Stdio::null());
        Ok(Self(command.spawn()?))
    }
}

impl Drop for Controller {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
