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

#[path = "audit/browser.rs"]
mod browser;
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
#[path = "audit/rolled.rs"]
mod rolled;
#[path = "audit/whole.rs"]
mod whole;

#[path = "support/account.rs"]
mod account;
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
use libtest_mimic::Trial;

fn main() -> ExitCode {
    let mut tests: Vec<(&str, Test)> = vec![
        (
            "what a profile would change is what a label and a new pod change",
            foretold::all,
        ),
        (
            "what a profile would change is what a label and a restart change in pods",
            rolled::all,
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
    ];
    let page = "the page sorts, filters and shows the change, by its address and by keyboard";
    let mut beside = Vec::new();
    if browser::is_there() {
        tests.push((page, page::all));
    } else {
        eprintln!(
            "\n!!! There is no chromium, so that the page is not tried in a browser: SKIPPED.\n"
        );
        beside.push(Trial::test(page, || Ok(())).with_ignored_flag(true));
    }
    control_plane::run_beside(beside, &[], &tests)
}
