//! Hardened pods on a real node: kubelet, containerd and runc in namespaces of their own.
//!
//! `NODE=up` keeps a node up until Ctrl-C (`make node`), `NODE=workloads` fills the matrix of workloads (`make workloads`), `NODE=playground` shows the chart (`make playground`). Otherwise these are tests: a witness runs under the shipped profiles, and what
//! they set is in force.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]
#![allow(
    clippy::print_stderr,
    clippy::print_stdout,
    missing_docs,
    reason = "tests"
)]

#[path = "node/api.rs"]
mod api;
#[path = "node/available.rs"]
mod available;
#[path = "node/cell.rs"]
mod cell;
#[path = "node/chart.rs"]
mod chart;
#[path = "node/columns.rs"]
mod columns;
#[path = "support/control_plane.rs"]
mod control_plane;
#[path = "node/crash.rs"]
mod crash;
#[path = "node/doctor.rs"]
mod doctor;
#[path = "node/gate.rs"]
mod gate;
#[path = "chart/helm.rs"]
#[allow(dead_code, reason = "the tests of the chart use all of it")]
mod helm;
#[path = "node/image.rs"]
mod image;
#[path = "node/inside.rs"]
mod inside;
#[path = "node/judged.rs"]
mod judged;
#[path = "node/matrix.rs"]
mod matrix;
#[path = "node/messages.rs"]
mod messages;
#[path = "support/node.rs"]
mod node;
#[path = "support/overrides.rs"]
mod overrides;
#[path = "node/playground.rs"]
mod playground;
#[path = "node/promises.rs"]
mod promises;
#[path = "node/results.rs"]
mod results;
#[path = "node/trials.rs"]
mod trials;
#[path = "node/up.rs"]
mod up;
#[path = "support/webhook.rs"]
mod webhook;
#[path = "node/witness.rs"]
mod witness;
#[path = "node/workload.rs"]
mod workload;
#[path = "support/workloads.rs"]
mod workloads;
#[path = "support/yaml.rs"]
mod yaml;

use std::path::PathBuf;
use std::process::ExitCode;

use node::{Node, Runtime, Side};

/// The folder of a node's binaries, if there is one.
fn assets() -> Option<PathBuf> {
    let assets = std::env::var_os("NODE_ASSETS").filter(|value| !value.is_empty());
    assets.map(PathBuf::from)
}

fn main() -> ExitCode {
    let tests: &[(&str, trials::Test)] = &[
        (
            "a pod that says nothing runs under every shipped profile, and what that sets is in force",
            witness::profiles,
        ),
        (
            "a user namespace is set where the runtime says that it can",
            witness::user_namespace,
        ),
        (
            "the cause of a failure is in the pod's status where failure-messages is on",
            messages::cause_is_in_the_status,
        ),
        (
            "a node that is killed leaves no process, mount or link, and the next one sweeps the rest",
            crash::leaves_nothing,
        ),
    ];
    let of_image: &[(&str, trials::Test)] = &[
        (
            "the image runs under Pod Security restricted, on a root file system that is read-only",
            image::runs,
        ),
        (
            "the chart's own pods, reached through its Service, harden what runs beside them",
            chart::hardens,
        ),
        (
            "doctor is silent while all is well, and finds each fault that is planted",
            doctor::finds,
        ),
        (
            "what happens to servers and certificates costs no pod its hardening, or for as long as is said",
            available::feels,
        ),
    ];
    let without_node: &[(&str, trials::Pure)] = &[
        (
            "what a pod says and is not in force is named",
            judged::in_force,
        ),
        (
            "a process that may do more than as written is named",
            judged::less_safe,
        ),
        (
            "an end that takes much longer than as written is named",
            judged::slower,
        ),
        (
            "what breaks against a promise is named, and so is a setting that nothing needs",
            judged::broken_promises,
        ),
    ];
    let result = match std::env::var("NODE").as_deref() {
        Ok("up") => up::run(),
        Ok("playground") => playground::run(),
        Ok("workloads") => matrix::run(),
        _ => trials::run(tests, of_image, without_node),
    };
    result.unwrap_or_else(|error| {
        eprintln!("the node: {error:#}");
        ExitCode::FAILURE
    })
}

/// The outer side's exit code: that of the one inside.
fn exit_code(ended: std::process::ExitStatus) -> ExitCode {
    let code = ended.code().and_then(|code| u8::try_from(code).ok());
    code.map_or(ExitCode::FAILURE, ExitCode::from)
}
