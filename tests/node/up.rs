//! `make node`: a node that stays until Ctrl-C.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::process::ExitCode;
use std::sync::mpsc;
use std::time::Instant;

use anyhow::{Context, bail};
use tokio::signal::unix::{SignalKind, signal};

use super::node::{self, Server, enclose, entrance, register};
use super::{Node, Runtime, Side, assets, matrix};
use crate::node::Entry;

/// Where the server listens.
const PORT: u16 = 8443;

pub(super) fn run() -> anyhow::Result<ExitCode> {
    let missing = node::missing();
    if !missing.is_empty() {
        bail!("missing for a node: {}", missing.join("; "));
    }
    let assets = assets().context("NODE_ASSETS names no folder: `make node` sets it")?;
    if !node::is_inside() {
        end_on_a_signal()?;
    }
    let start = Instant::now();
    let work = match enclose()? {
        Side::Outside(_) => return Ok(ExitCode::SUCCESS),
        Side::Inside(work) => work,
    };
    let node = Node::start(&assets, &work, Runtime::from_env())?;
    if std::env::var_os("WORKLOADS").is_some() {
        for archive in matrix::archives(&matrix::wanted_workloads()?)? {
            node.import(archive)?;
        }
    }
    let server = Server::start(node.plane(), &work, PORT, None)?;
    let entries = ["compatible", "restricted", "strict"].map(|profile| Entry {
        label: profile,
        profile,
        server: &server,
    });
    register(node.plane(), &work, &entries)?;
    say(&node, start)?;
    // The one outside ends it.
    loop {
        std::thread::park();
    }
}

/// Ctrl-C and SIGTERM end what is inside, and not the one outside, which has to sweep then.
pub(super) fn end_on_a_signal() -> anyhow::Result<()> {
    let told = signalled()?;
    std::thread::spawn(move || {
        for () in told {
            if let Err(error) = node::end() {
                eprintln!("{error:#}");
            }
        }
    });
    Ok(())
}

/// Hears of every Ctrl-C and SIGTERM, which end nothing by themselves from now on.
pub(super) fn signalled() -> anyhow::Result<mpsc::Receiver<()>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let (mut interrupt, mut terminate) = {
        let _entered = runtime.enter();
        (
            signal(SignalKind::interrupt())?,
            signal(SignalKind::terminate())?,
        )
    };
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        loop {
            runtime.block_on(async {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
            });
            if tell.send(()).is_err() {
                return;
            }
        }
    });
    Ok(told)
}

/// Says how the node is reached, by a command for a shell of the machine.
fn say(node: &Node, start: Instant) -> anyhow::Result<()> {
    let file = node.work().join("kubectl");
    let script = format!(
        "#!/bin/sh\nexec {} {} --kubeconfig {} --cache-dir {} \"$@\"\n",
        entrance(node.work())?,
        node.assets().join("kubectl").display(),
        node.plane().kubeconfig().display(),
        node.work().join("kubectl-cache").display(),
    );
    fs::write(&file, script)?;
    fs::set_permissions(&file, Permissions::from_mode(0o755))?;
    eprintln!(
        "the node is up after {:.1} s, with pod-hardener in front of it; Ctrl-C ends it. In another shell:\n\n  \
         {} get pods -A\n\nIt has the images of the workloads that WORKLOADS names, and localhost/pod-hardener/witness:1,\n\
         which says over HTTP on port 8080 what it may do. Pods need imagePullPolicy: Never.",
        start.elapsed().as_secs_f32(),
        file.display(),
    );
    Ok(())
}
