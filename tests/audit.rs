//! `pod-hardener audit` on a real API server: what it says is what labelling and making anew does, nothing out of the cluster is taken
//! for markup, and reading alone is enough.

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
#[path = "audit/command.rs"]
mod command;
#[path = "audit/foretold.rs"]
mod foretold;
#[path = "audit/hostile.rs"]
mod hostile;
#[path = "audit/page.rs"]
mod page;
#[path = "audit/permissions.rs"]
mod permissions;
#[path = "audit/whole.rs"]
mod whole;

#[allow(dead_code, reason = "for tests of every profile")]
#[path = "support/careless.rs"]
mod careless;
#[path = "support/control_plane.rs"]
mod control_plane;
#[path = "support/corpus.rs"]
mod corpus;
#[allow(dead_code, reason = "for tests of every profile")]
#[path = "support/dry_run.rs"]
mod dry_run;
#[path = "support/harden.rs"]
mod harden;
#[path = "support/records.rs"]
mod records;
#[path = "support/token.rs"]
mod token;
#[path = "support/webhook.rs"]
mod webhook;
#[path = "support/yaml.rs"]
mod yaml;

use std::process::ExitCode;

use control_plane::Test;

fn main() -> ExitCode {
    let tests: &[(&str, Test)] = &[
        (
            "what a profile would change is what a label and a new pod change",
            foretold::all,
        ),
        (
            "workloads, namespaces, overrides and costs are said as they are",
            whole::all,
        ),
        (
            "nothing out of the cluster is markup in any format, and no secret is in one",
            hostile::all,
        ),
        (
            "get and list are enough, and what is forbidden is said",
            permissions::all,
        ),
        (
            "the page sorts, filters and shows the change, by its address and in a browser",
            page::all,
        ),
    ];
    control_plane::run(&[], tests)
}
