//! The chart as a user installs it: its own image runs from its own Deployments, the API server reaches it through its own Service.
//! Nothing stands in for anything.

use std::time::{Duration, Instant};

use libtest_mimic::Failed;
use serde_json::{Value, json};

use crate::control_plane::ControlPlane;
use crate::helm::{Helm, Installed, NAME};
use crate::node::Node;
use crate::webhook::LABEL;

use super::image;
use super::witness::{COMPATIBLE, Pod, RESTRICTED, STRICT, create, must_say};

/// How long it may take until the servers serve, and until the API server sends them what it should.
const READY: Duration = Duration::from_secs(240);

/// The registration of the chart, and of the other tests.
const REGISTRATION: &str = "zz-pod-hardener";

pub(super) fn hardens(node: &Node) -> Result<(), Failed> {
    image::import(node)?;
    let _installed = install(node)?;
    let registration = get(
        node.plane(),
        &["mutatingwebhookconfiguration", REGISTRATION],
    )?;
    for webhook in registration["webhooks"].as_array().into_iter().flatten() {
        assert_eq!(webhook["clientConfig"]["service"]["name"], NAME);
        assert_eq!(webhook["clientConfig"]["url"], Value::Null);
    }
    let witness = Pod::new("witness");
    for (profile, lists) in [
        ("compatible", [COMPATIBLE].as_slice()),
        ("restricted", &[COMPATIBLE, RESTRICTED]),
        ("strict", &[COMPATIBLE, RESTRICTED, STRICT]),
    ] {
        let said = witness.run(node, &format!("of-the-chart-{profile}"), Some(profile))?;
        for list in lists {
            must_say(&said, list)?;
        }
    }
    Ok(())
}

/// Installs the chart with the node's own copy of the image, and waits until pods are hardened.
pub(super) fn install(node: &Node) -> Result<Installed<'_>, Failed> {
    install_with(node, &[])
}

/// The value by which the chart takes the node's own copy of the image.
pub(super) fn image() -> String {
    format!(
        "image.repository={},image.pullPolicy=Never",
        image::REPOSITORY
    )
}

/// The same with further values.
pub(super) fn install_with<'n>(node: &'n Node, values: &[&str]) -> Result<Installed<'n>, Failed> {
    let plane = node.plane();
    // One of the other tests on this node would not be the chart's.
    kubectl(
        plane,
        &[
            "delete",
            "mutatingwebhookconfiguration",
            REGISTRATION,
            "--ignore-not-found",
        ],
    )?;
    let image = image();
    let values = [&["--set", &image], values].concat();
    let installed = Installed::new(plane, Helm::of("HELM4")?, &values)?;
    let start = Instant::now();
    let patience = format!("--timeout={}s", READY.as_secs());
    let deployment = format!("deployment/{NAME}");
    if let Err(error) = kubectl(
        plane,
        &["rollout", "status", &deployment, "-n", NAME, &patience],
    ) {
        let pods = kubectl(plane, &["describe", "pods", "-n", NAME])?;
        return Err(format!("{error:?}\n{pods}").into());
    }
    // The CA is written when there is one, and the API server learns of it by a watch of its own.
    let first = "first-of-the-chart";
    if !kubectl(plane, &["get", "namespaces", "-o", "name"])?.contains(first) {
        let namespace = json!({"name": first, "labels": {LABEL: "strict"}});
        create(
            node,
            &json!({"apiVersion": "v1", "kind": "Namespace", "metadata": namespace}),
        )?;
    }
    loop {
        let said = kubectl(
            plane,
            &[
                "run",
                "first",
                "--image=x",
                "-n",
                "first-of-the-chart",
                "--dry-run=server",
                "-o",
                "yaml",
            ],
        );
        if said
            .as_ref()
            .is_ok_and(|pod| pod.contains("readOnlyRootFilesystem: true"))
        {
            return Ok(installed);
        }
        if start.elapsed() > READY {
            return Err(format!("pods are not hardened: {said:?}").into());
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

fn get(plane: &ControlPlane, what: &[&str]) -> Result<Value, Failed> {
    let mut args = vec!["get", "-o", "json"];
    args.extend(what);
    Ok(serde_json::from_str(&kubectl(plane, &args)?)?)
}

/// What kubectl prints; what it complains of as an error.
fn kubectl(plane: &ControlPlane, args: &[&str]) -> Result<String, Failed> {
    let output = plane.kubectl(args)?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned().into()),
    }
}
