//! `make playground`: the chart in a real cluster, for whoever wants to see what it does.
//!
//! On a machine that can have a node, the chart's own pods serve, and what is hardened runs. On any other one there is a control
//! plane alone: the server runs beside it, and pods are stored as they would be anywhere, but nothing runs them.

use std::fs::{self, Permissions};
use std::io::IsTerminal;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::{Value, json};

use crate::control_plane::ControlPlane;
use crate::helm::{self, Helm, NAME};
use crate::node::{self, Node, Runtime, Server, Side, enclose, entrance};
use crate::webhook::LABEL;

use super::{assets, chart, image, up, yaml};

/// The pod that is shown before and after.
const POD: &str = include_str!("../../examples/pod.yaml");

/// The namespaces: none, and two that opt in.
const NAMESPACES: [(&str, Option<&str>); 3] = [
    ("plain", None),
    ("careful", Some("compatible")),
    ("safest", Some("strict")),
];

pub(super) fn run() -> anyhow::Result<ExitCode> {
    let start = Instant::now();
    let mut missing = node::missing();
    if assets().is_none() {
        missing.push("the node's binaries (make node-binaries)".to_owned());
    }
    if image::archive().is_none() {
        missing.push("an image (buildah, root)".to_owned());
    }
    match missing.is_empty() {
        true => on_a_node(start),
        false => {
            eprintln!(
                "no node, so that pods are stored and do not run; missing: {}",
                missing.join("; ")
            );
            without_a_node(start)
        }
    }
}

fn on_a_node(start: Instant) -> anyhow::Result<ExitCode> {
    if !node::is_inside() {
        up::end_on_a_signal()?;
    }
    let work = match enclose()? {
        Side::Outside(_) => return Ok(ExitCode::SUCCESS),
        Side::Inside(work) => work,
    };
    let assets = assets().context("NODE_ASSETS names no folder")?;
    let node = Node::start(&assets, &work, Runtime::from_env())?;
    step(start, "a control plane and a node are up");
    image::import(&node)?;
    let _installed = chart::install(&node).map_err(said)?;
    step(start, "the chart is installed, and its pods harden");
    show(node.plane(), &work, "localhost/pod-hardener/witness:1")?;
    say(node.plane(), &work, &entrance(&work)?, start)?;
    // The one outside ends it.
    loop {
        std::thread::park();
    }
}

fn without_a_node(start: Instant) -> anyhow::Result<ExitCode> {
    let assets = std::env::var_os("KUBEBUILDER_ASSETS").context("KUBEBUILDER_ASSETS is not set")?;
    let ended = up::signalled()?;
    let folder = tempfile::Builder::new().prefix("playground-").tempdir()?;
    let work = folder.path();
    let plane = ControlPlane::start(Path::new(&assets), &[])?;
    step(start, "a control plane is up");
    let server = Server::start(&plane, work, free_port()?, None)?;
    install_in_front_of(&plane, work, &server)?;
    step(
        start,
        "the chart is installed, with a server beside the cluster",
    );
    show(&plane, work, "registry.example/web:1.0")?;
    say(&plane, work, "", start)?;
    // A channel that is closed is a signal, too.
    let _ = ended.recv();
    Ok(ExitCode::SUCCESS)
}

/// Installs the chart with registrations that lead to a server which is not of it. It goes with the cluster.
fn install_in_front_of(plane: &ControlPlane, work: &Path, server: &Server) -> anyhow::Result<()> {
    let (ca, chart) = (work.join("ca.pem"), helm::chart());
    fs::write(&ca, server.ca())?;
    let server = format!(
        "replicas=0,certificates.mode=existing,webhook.url={}",
        server.url()
    );
    let ca = format!("certificates.caBundle={}", ca.display());
    let mut install = vec!["install", NAME, &chart, "-n", NAME, "--create-namespace"];
    install.extend(["--set", &server, "--set-file", &ca]);
    let helm = Helm::of("HELM4").map_err(said)?;
    helm.say(Some(plane), &install).map_err(said)?;
    // The API server learns of it by a watch of its own.
    std::thread::sleep(Duration::from_secs(1));
    Ok(())
}

/// Two ports that nobody listens on, one after the other: the server's, and the one of its probes.
fn free_port() -> anyhow::Result<u16> {
    for _ in 0..20 {
        let first = TcpListener::bind("127.0.0.1:0")?;
        let port = first.local_addr()?.port();
        if port < u16::MAX && TcpListener::bind(("127.0.0.1", port + 1)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no two ports are free")
}

/// Makes the namespaces, and the pod in each; shows it as it is stored without a label, and what is other with one.
fn show(plane: &ControlPlane, work: &Path, image: &str) -> anyhow::Result<()> {
    let text = POD.replace("registry.example/web:1.0", image);
    let mut pod = yaml::documents(&text)
        .map_err(anyhow::Error::msg)?
        .remove(0);
    if image.starts_with("localhost/") {
        pod["spec"]["containers"][0]["imagePullPolicy"] = json!("Never");
    }
    println!("\n{text}");
    let mut plain = None;
    for (namespace, profile) in NAMESPACES {
        let labels = profile.map_or(json!({}), |profile| json!({LABEL: profile}));
        let metadata = json!({"name": namespace, "labels": labels});
        create(
            plane,
            work,
            &json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}),
        )?;
        wait_for_account(plane, namespace)?;
        pod["metadata"]["namespace"] = json!(namespace);
        let warnings = create(plane, work, &pod)?;
        let stored = stored(plane, namespace)?;
        let file = work.join(format!("{namespace}.yaml"));
        fs::write(&file, serde_saphyr::to_string(&stored)?)?;
        let (Some(profile), Some(plain)) = (profile, &plain) else {
            plain = Some(file);
            continue;
        };
        println!("In a namespace labelled {LABEL}={profile}, it is stored with this difference:\n");
        differ(plain, &file)?;
        println!("\n{warnings}");
    }
    Ok(())
}

/// Creates an object, and gives what kubectl warns of.
fn create(plane: &ControlPlane, work: &Path, object: &Value) -> anyhow::Result<String> {
    let file = work.join("object.json");
    fs::write(&file, object.to_string())?;
    let output = plane.kubectl(&["create", "-f", &file.display().to_string()])?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    match output.status.success() {
        true => Ok(said),
        false => bail!("{said}"),
    }
}

/// Every pod needs its namespace's account, which is made in a moment.
fn wait_for_account(plane: &ControlPlane, namespace: &str) -> anyhow::Result<()> {
    let args = [
        "wait",
        "--for=create",
        "serviceaccount/default",
        "-n",
        namespace,
        "--timeout=30s",
    ];
    let output = plane.kubectl(&args)?;
    match output.status.success() {
        true => Ok(()),
        false => bail!("{}", String::from_utf8_lossy(&output.stderr)),
    }
}

/// What is stored of the pod, without what is other in each namespace or comes of its life.
fn stored(plane: &ControlPlane, namespace: &str) -> anyhow::Result<Value> {
    let output = plane.kubectl(&["get", "pod", "web", "-n", namespace, "-o", "json"])?;
    let text = String::from_utf8(output.stdout)?;
    // The name of the token's volume is made up for each pod.
    let made_up = text
        .split('"')
        .find(|word| word.starts_with("kube-api-access-"));
    let text = made_up.map_or(text.clone(), |name| text.replace(name, "kube-api-access"));
    let pod: Value = serde_json::from_str(&text)?;
    let mut metadata = json!({"name": "web"});
    for field in ["annotations", "labels"] {
        if !pod["metadata"][field].is_null() {
            metadata[field] = pod["metadata"][field].clone();
        }
    }
    let mut spec = pod["spec"].clone();
    if let Some(spec) = spec.as_object_mut() {
        // The scheduler may have been here already.
        spec.remove("nodeName");
    }
    Ok(json!({"metadata": metadata, "spec": spec}))
}

fn differ(before: &Path, after: &Path) -> anyhow::Result<()> {
    let color = match std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none() {
        true => "--color=always",
        false => "--color=never",
    };
    let mut diff = Command::new("diff");
    diff.args([
        "-U",
        "3",
        color,
        "--label",
        "without a label",
        "--label",
        "with it",
    ]);
    diff.args([before, after]).stdin(Stdio::null());
    // It ends with 1 where there is a difference.
    match diff.status().context("cannot start diff")?.code() {
        Some(1) => Ok(()),
        code => bail!("diff ended with {code:?}: the pod was not hardened"),
    }
}

/// Says how kubectl and pod-hardener reach the cluster, by commands for a shell of the machine.
fn say(plane: &ControlPlane, work: &Path, entrance: &str, start: Instant) -> anyhow::Result<()> {
    let kubectl = plane.assets().join("kubectl").display().to_string();
    let cache = work.join("kubectl-cache");
    let program = env!("CARGO_BIN_EXE_pod-hardener").to_owned();
    let commands = [
        (
            "kubectl",
            format!("{kubectl} --cache-dir {}", cache.display()),
        ),
        ("pod-hardener", program),
    ];
    let kubeconfig = plane.kubeconfig();
    for (name, command) in commands {
        let file = work.join(name);
        let env = format!("env KUBECONFIG={}", kubeconfig.display());
        fs::write(
            &file,
            format!("#!/bin/sh\nexec {entrance} {env} {command} \"$@\"\n"),
        )?;
        fs::set_permissions(&file, Permissions::from_mode(0o755))?;
    }
    println!(
        "All of it is there after {:.0} s. Yours, in another shell; Ctrl-C here ends it:\n\n  PATH={}:$PATH\n  kubectl get pods -A\n  \
         pod-hardener audit -o html=audit.html",
        start.elapsed().as_secs_f32(),
        work.display()
    );
    Ok(())
}

fn step(start: Instant, what: &str) {
    eprintln!("{:>4.0} s  {what}", start.elapsed().as_secs_f32());
}

fn said(error: libtest_mimic::Failed) -> anyhow::Error {
    anyhow::Error::msg(error.message().unwrap_or("it failed").to_owned())
}
