//! The chart as a user installs it: its own image runs from its own Deployments, the API server reaches it through its own Service.
//! Nothing stands in for anything.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use libtest_mimic::Failed;
use serde_json::{Value, json};

use crate::control_plane::ControlPlane;
use crate::helm::{Helm, Installed, NAME};
use crate::node::Node;
use crate::webhook::LABEL;

use super::api::Cluster;
use super::image;
use super::witness::{COMPATIBLE, Pod, RESTRICTED, STRICT, create, must_say};

/// How long it may take until the servers serve, and until the API server sends them what it should.
const READY: Duration = Duration::from_secs(240);

/// The servers.
const DEPLOYMENT: &str = "deployment/pod-hardener";

/// A namespace that is labelled `strict`.
const FIRST: &str = "first-of-the-chart";

/// The registration of the chart, and of the other tests.
const REGISTRATION: &str = "zz-pod-hardener";

pub(super) fn hardens(node: &Node) -> Result<(), Failed> {
    image::import(node)?;
    // Time is not what is tested here, and a machine that is busy may take some.
    let installed = install_with(node, &["--set", "webhook.timeoutSeconds=10"])?;
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
    replaced(node.plane())?;
    drop(installed);
    nothing_is_left(node.plane())
}

/// Servers are replaced one after the other, as by an upgrade, and no pod comes out as it is meanwhile.
fn replaced(plane: &ControlPlane) -> Result<(), Failed> {
    let ended = AtomicBool::new(false);
    let (asked, missed) = std::thread::scope(|scope| {
        let asking = scope.spawn(|| {
            let cluster = Cluster::connect(plane)?;
            let (mut asked, mut missed) = (0, 0);
            while !ended.load(Ordering::Relaxed) {
                asked += 1;
                missed += u32::from(!is_hardened(&cluster)?);
            }
            Ok::<_, Failed>((asked, missed))
        });
        let replaced = kubectl(plane, &["rollout", "restart", DEPLOYMENT, "-n", NAME])
            .and_then(|_| rolled_out(plane));
        // The last of the old ones is still ending: it takes what comes for its `shutdownDelay`, and a little longer.
        std::thread::sleep(Duration::from_secs(7));
        ended.store(true, Ordering::Relaxed);
        let asked = asking.join().map_err(|_| Failed::without_message())?;
        replaced.and(asked)
    })?;
    assert_eq!(missed, 0, "of {asked} pods so many were not hardened");
    assert!(asked > 100, "only {asked} pods were tried meanwhile");
    Ok(())
}

/// What the controller made goes with the chart.
fn nothing_is_left(plane: &ControlPlane) -> Result<(), Failed> {
    let start = Instant::now();
    loop {
        let left = kubectl(plane, &["get", "secrets,pods", "-n", NAME, "-o", "name"])?;
        if left.is_empty() {
            return Ok(());
        }
        if start.elapsed() > READY {
            return Err(format!("this is left: {left}").into());
        }
        std::thread::sleep(Duration::from_millis(200));
    }
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
    rolled_out(plane)?;
    let namespace = json!({"name": FIRST, "labels": {LABEL: "strict"}});
    create(
        node,
        &json!({"apiVersion": "v1", "kind": "Namespace", "metadata": namespace}),
    )?;
    // It may be there already, without its label.
    let label = format!("{LABEL}=strict");
    kubectl(plane, &["label", "namespace", FIRST, &label, "--overwrite"])?;
    // The CA is written when there is one, and the API server learns of it by a watch of its own.
    let cluster = Cluster::connect(plane)?;
    while !is_hardened(&cluster).is_ok_and(|hardened| hardened) {
        if start.elapsed() > READY {
            return Err(format!("pods are not hardened: {:?}", is_hardened(&cluster)).into());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(installed)
}

/// Waits until all servers of the newest kind serve.
pub(super) fn rolled_out(plane: &ControlPlane) -> Result<(), Failed> {
    let patience = format!("--timeout={}s", READY.as_secs());
    let status = ["rollout", "status", DEPLOYMENT, "-n", NAME, &patience];
    let Err(error) = kubectl(plane, &status) else {
        return Ok(());
    };
    let pods = kubectl(plane, &["describe", "pods", "-n", NAME])?;
    Err(format!("{error:?}\n{pods}").into())
}

/// Whether a pod that says nothing would be stored as `strict` has it.
fn is_hardened(cluster: &Cluster) -> anyhow::Result<bool> {
    let container = json!({"name": "first", "image": "registry.example/first:1"});
    let pod = json!({"metadata": {"name": "first"}, "spec": {"containers": [container]}});
    let pod = cluster.would_store(FIRST, &serde_json::from_value(pod)?)?;
    let pod = serde_json::to_value(pod)?;
    let context = &pod["spec"]["containers"][0]["securityContext"];
    Ok(context["readOnlyRootFilesystem"] == true)
}

fn get(plane: &ControlPlane, what: &[&str]) -> Result<Value, Failed> {
    let mut args = vec!["get", "-o", "json"];
    args.extend(what);
    Ok(serde_json::from_str(&kubectl(plane, &args)?)?)
}

/// What kubectl prints; what it complains of as an error.
pub(super) fn kubectl(plane: &ControlPlane, args: &[&str]) -> Result<String, Failed> {
    let output = plane.kubectl(args)?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned().into()),
    }
}
