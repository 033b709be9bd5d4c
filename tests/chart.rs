//! The chart: what both Helms make of it, and what a real API server makes of that.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]
#![allow(clippy::print_stderr, missing_docs, reason = "tests")]

#[path = "apiserver/cluster.rs"]
mod cluster;
#[path = "chart/helm.rs"]
mod helm;
#[path = "chart/outside.rs"]
mod outside;

#[path = "support/control_plane.rs"]
mod control_plane;
#[path = "support/webhook.rs"]
mod webhook;
#[path = "support/yaml.rs"]
mod yaml;

use std::process::ExitCode;

use control_plane::Test;

fn main() -> ExitCode {
    let tests: &[(&str, Test)] = &[(
        "a server outside of the cluster hardens the pods of a labelled namespace",
        outside::hardens,
    )];
    control_plane::run(&[], tests)
}
