//! A webhook that knows the cluster, with the permissions that the project asks for and no more.

use std::path::Path;
use std::time::Duration;

use libtest_mimic::Failed;
use pod_hardener::cluster::{Cluster, Pace};
use pod_hardener::config::Settings;
use serde_json::Value;

use crate::cluster::{Registered, kubectl, namespace, wait};
use crate::control_plane::ControlPlane;
use crate::webhook::Webhook;

/// Ten times faster than in production, so that a test need not wait for minutes.
pub(super) const PACE: Pace = Pace {
    trust: Duration::from_secs(6),
    quiet: Duration::from_secs(3),
    watch: Duration::from_secs(5),
};

/// The namespace of the webhook's service account.
const HOME: &str = "pod-hardener";

/// Makes the service account and what it may do, and gives a token of it.
pub(super) fn token(plane: &ControlPlane) -> Result<String, Failed> {
    if !plane.kubectl(&["get", "namespace", HOME])?.status.success() {
        namespace(plane, HOME, &[])?;
        kubectl(plane, &["create", "serviceaccount", "webhook", "-n", HOME])?;
    }
    permit(plane)?;
    let token = kubectl(plane, &["create", "token", "webhook", "-n", HOME])?;
    Ok(token.trim().to_owned())
}

/// Gives the service account its permissions, by the file that the project ships.
pub(super) fn permit(plane: &ControlPlane) -> Result<(), Failed> {
    let role = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/cluster-role.yaml");
    kubectl(plane, &["apply", "-f", &role.display().to_string()])?;
    let bind = "create clusterrolebinding pod-hardener --clusterrole=pod-hardener --serviceaccount=pod-hardener:webhook";
    let bound = plane.kubectl(&bind.split(' ').collect::<Vec<_>>())?;
    let said = String::from_utf8_lossy(&bound.stderr).into_owned();
    match bound.status.success() || said.contains("already exists") {
        true => Ok(()),
        false => Err(said.into()),
    }
}

/// Takes the permissions away.
pub(super) fn forbid(plane: &ControlPlane) -> Result<(), Failed> {
    kubectl(plane, &["delete", "clusterrolebinding", "pod-hardener"]).map(drop)
}

/// A registered webhook that follows the cluster.
pub(super) struct Knowing<'p> {
    pub(super) webhook: Webhook,
    _registered: Registered<'p>,
}

impl<'p> Knowing<'p> {
    /// Starts one that knows all from the start.
    pub(super) fn start(plane: &'p ControlPlane, settings: Settings) -> Result<Self, Failed> {
        Self::start_at(plane, plane.url(), settings)
    }

    /// The same, with the API at another address.
    pub(super) fn start_at(
        plane: &'p ControlPlane,
        url: &str,
        settings: Settings,
    ) -> Result<Self, Failed> {
        let config = plane.config(url, token(plane)?)?;
        let webhook = Webhook::start_in(settings, Cluster::follow(config, PACE)?);
        let _registered = Registered::new(plane, &webhook.registration())?;
        let this = Self {
            webhook,
            _registered,
        };
        wait(|| {
            let lines = this.readiness()?;
            let known = lines.iter().filter(|line| line.contains(": known")).count();
            Ok((known == 8).then_some(()))
        })
        .map_err(|_| format!("not all is known: {:?}", this.readiness()))?;
        Ok(this)
    }

    /// The webhook, which stays registered for as long as the cluster is there.
    pub(super) fn leave(self) -> Webhook {
        let Self {
            webhook,
            _registered,
        } = self;
        std::mem::forget(_registered);
        webhook
    }

    /// The lines of `/readyz?verbose`.
    pub(super) fn readiness(&self) -> Result<Vec<String>, Failed> {
        let text = get(&self.webhook.admin, "/readyz?verbose")?;
        Ok(text.lines().map(str::to_owned).collect())
    }

    /// The line of one kind.
    pub(super) fn line(&self, kind: &str) -> Result<String, Failed> {
        let lines = self.readiness()?;
        let found = lines
            .into_iter()
            .find(|line| line.contains(&format!("] {kind}: ")));
        found.ok_or_else(|| format!("no line of {kind}").into())
    }
}

/// What the admin port answers, headers and all.
pub(super) fn get(address: &str, path: &str) -> Result<String, Failed> {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(address)?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"
    )?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    Ok(text)
}

/// The pod called `name` that is made of a manifest by kubectl, as it is stored.
pub(super) fn stored(plane: &ControlPlane, namespace: &str, pod: &Value) -> Result<Value, Failed> {
    made(plane, namespace, pod, &[])
}

/// The same, without storing it.
pub(super) fn tried(plane: &ControlPlane, namespace: &str, pod: &Value) -> Result<Value, Failed> {
    made(plane, namespace, pod, &["--dry-run=server"])
}

fn made(
    plane: &ControlPlane,
    namespace: &str,
    pod: &Value,
    flags: &[&str],
) -> Result<Value, Failed> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("pod.json");
    std::fs::write(&file, pod.to_string())?;
    let file = file.display().to_string();
    let mut args = vec!["create", "-n", namespace, "-o", "json", "-f", &file];
    args.extend(flags);
    Ok(serde_json::from_str(&kubectl(plane, &args)?)?)
}

/// Applies a manifest.
pub(super) fn apply(plane: &ControlPlane, object: &Value) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("object.json");
    std::fs::write(&file, object.to_string())?;
    kubectl(plane, &["apply", "-f", &file.display().to_string()]).map(drop)
}
