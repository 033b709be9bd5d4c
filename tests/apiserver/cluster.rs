//! What tests do to a cluster: by kubectl, and by registrations that they take back.

#![allow(dead_code, reason = "each test program uses its part of this")]

use std::time::{Duration, Instant};

use libtest_mimic::Failed;
use serde_json::Value;

use crate::control_plane::ControlPlane;

/// A registration that is taken back when the test ends: two of one name would meet otherwise.
pub(super) struct Registered<'p> {
    plane: &'p ControlPlane,
    kind: String,
    name: String,
}

impl<'p> Registered<'p> {
    pub(super) fn new(plane: &'p ControlPlane, registration: &Value) -> Result<Self, Failed> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("registration.json");
        std::fs::write(&file, registration.to_string())?;
        kubectl(
            plane,
            &[
                "apply",
                "--server-side",
                "--force-conflicts",
                "-f",
                &file.display().to_string(),
            ],
        )?;
        // The API server learns of it by a watch of its own.
        std::thread::sleep(Duration::from_secs(1));
        let text = |pointer| {
            registration
                .pointer(pointer)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        Ok(Self {
            plane,
            kind: text("/kind"),
            name: text("/metadata/name"),
        })
    }
}

impl Drop for Registered<'_> {
    fn drop(&mut self) {
        if let Err(error) = kubectl(self.plane, &["delete", &self.kind, &self.name]) {
            eprintln!("{} {} stays registered: {error:?}", self.kind, self.name);
        }
    }
}

/// Makes a namespace with labels, and waits for its service account.
pub(super) fn namespace(
    plane: &ControlPlane,
    name: &str,
    labels: &[(&str, &str)],
) -> Result<(), Failed> {
    kubectl(plane, &["create", "namespace", name])?;
    for (key, value) in labels {
        kubectl(
            plane,
            &["label", "namespace", name, &format!("{key}={value}")],
        )?;
    }
    wait(|| {
        let account = plane.kubectl(&["get", "serviceaccount", "default", "-n", name])?;
        Ok(account.status.success().then_some(()))
    })
}

/// What kubectl prints; what it complains of as an error.
pub(super) fn kubectl(plane: &ControlPlane, args: &[&str]) -> Result<String, Failed> {
    let output = plane.kubectl(args)?;
    if !output.status.success() {
        return Err(format!(
            "kubectl {}: {}",
            args.join(" "),
            String::from_utf8_lossy(&output.stderr)
        )
        .into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// What `ready` gives, as soon as it gives something.
pub(super) fn wait<T>(ready: impl Fn() -> Result<Option<T>, Failed>) -> Result<T, Failed> {
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(30) {
        if let Some(value) = ready()? {
            return Ok(value);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Err("it did not come within 30 s".into())
}
