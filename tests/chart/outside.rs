//! The chart's registrations in front of a server that runs outside of the cluster.

use libtest_mimic::Failed;
use serde_json::Value;

use crate::cluster::{kubectl, namespace};
use crate::control_plane::ControlPlane;
use crate::helm::{Helm, Installed};
use crate::webhook::{LABEL, Webhook};

/// The chart, with a server that is not of it.
pub(super) struct Outside<'p> {
    _installed: Installed<'p>,
    pub(super) webhook: Webhook,
}

impl<'p> Outside<'p> {
    pub(super) fn new(plane: &'p ControlPlane, values: &[&str]) -> Result<Self, Failed> {
        let webhook = Webhook::start();
        let folder = tempfile::tempdir()?;
        let ca = folder.path().join("ca.pem");
        std::fs::write(&ca, &webhook.ca)?;
        let (url, ca) = (
            format!("webhook.url={}", webhook.url),
            format!("certificates.caBundle={}", ca.display()),
        );
        let mut args = vec!["--set", "replicas=0,certificates.mode=existing"];
        args.extend(["--set", &url, "--set-file", &ca]);
        args.extend(values);
        let helm = Helm::of("HELM4")?;
        Ok(Self {
            _installed: Installed::new(plane, helm, &args)?,
            webhook,
        })
    }
}

/// What becomes of a pod that says nothing.
fn pod(plane: &ControlPlane, namespace: &str) -> Result<Value, Failed> {
    let run = "run web --image=registry.example/web:1 --dry-run=server -o json -n";
    let mut args: Vec<&str> = run.split(' ').collect();
    args.push(namespace);
    Ok(serde_json::from_str(&kubectl(plane, &args)?)?)
}

pub(super) fn hardens(plane: &ControlPlane) -> Result<(), Failed> {
    let _outside = Outside::new(plane, &[])?;
    namespace(plane, "labelled", &[(LABEL, "strict")])?;
    namespace(plane, "plain", &[])?;
    let hardened = pod(plane, "labelled")?;
    let context = &hardened["spec"]["containers"][0]["securityContext"];
    assert_eq!(context["readOnlyRootFilesystem"], true, "{hardened:#}");
    let plain = pod(plane, "plain")?;
    assert_eq!(plain["spec"]["containers"][0].get("securityContext"), None);
    Ok(())
}
