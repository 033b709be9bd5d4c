//! `make node`: a node that stays until Ctrl-C.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, bail};
use tokio::signal::unix::{SignalKind, signal};

use super::node::{self, Server, enclose, entrance, register};
use super::{Node, Runtime, Side, assets, exit_code};
use crate::node::Entry;

/// Where the server listens.
const PORT: u16 = 8443;

pub(super) fn run() -> anyhow::Result<ExitCode> {
    let missing = node::missing();
    if !missing.is_empty() {
        bail!("missing for a node: {}", missing.join("; "));
    }
    let assets = assets().context("NODE_ASSETS names no folder: `make node` sets it")?;
    // On both sides Ctrl-C must not end the program: inside it ends the waiting, outside what is left has to be swept.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let _entered = runtime.enter();
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let start = Instant::now();
    let work = match enclose()? {
        Side::Outside(ended) => return Ok(exit_code(ended)),
        Side::Inside(work) => work,
    };
    let node = Node::start(&assets, &work, Runtime::from_env())?;
    let server = Server::start(node.plane(), &work, PORT, None)?;
    let entries = ["compatible", "restricted", "strict"].map(|profile| Entry {
        label: profile,
        profile,
        server: &server,
    });
    register(node.plane(), &work, &entries)?;
    say(&node, start)?;
    runtime.block_on(async {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    });
    eprintln!("\nthe node ends");
    Ok(ExitCode::SUCCESS)
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
         {} get pods -A\n\nImages that it has: localhost/pod-hardener/witness:1, which says over HTTP on port 8080 what it may do, \
         with imagePullPolicy: Never.",
        start.elapsed().as_secs_f32(),
        file.display(),
    );
    Ok(())
}
