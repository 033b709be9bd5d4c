//! Alerts and dashboard of the chart: what they name is there, Prometheus takes them, and a real one that scrapes the real programs
//! has an answer to every query, and fires every alert when what it is for happens.

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
#[path = "prometheus/faults.rs"]
mod faults;
#[path = "prometheus/scene.rs"]
mod scene;
#[path = "prometheus/scraper.rs"]
mod scraper;
#[path = "prometheus/seen.rs"]
mod seen;
#[path = "prometheus/shipped.rs"]
mod shipped;
#[path = "prometheus/unit.rs"]
mod unit;
#[path = "prometheus/written.rs"]
mod written;

#[path = "support/client.rs"]
mod client;
#[path = "support/control_plane.rs"]
mod control_plane;
#[path = "support/pair.rs"]
mod pair;
#[path = "support/process.rs"]
mod process;
#[path = "support/webhook.rs"]
mod webhook;
#[path = "support/yaml.rs"]
mod yaml;

use std::process::ExitCode;

use control_plane::Test;
use libtest_mimic::{Arguments, Failed, Trial};

/// A test that needs neither Prometheus nor a cluster.
type Written = fn() -> Result<(), Failed>;

fn main() -> ExitCode {
    let written: &[(&str, Written)] = &[
        (
            "every alert says how bad it is, and leads to its section of what to do",
            written::sections,
        ),
        (
            "every metric that is asked for is documented, and every one that is documented is asked for",
            written::metrics,
        ),
        (
            "every panel says what it shows, and has a place of its own",
            written::panels,
        ),
        (
            "every alert has a test of when it fires, and one of when it does not",
            unit::complete,
        ),
    ];
    let mut trials: Vec<Trial> = written
        .iter()
        .map(|(name, test)| Trial::test(*name, *test))
        .collect();
    let tests: &[(&str, Test)] = &[(
        "every query has an answer while all is well, no alert fires, and then each one does",
        seen::all,
    )];
    let with_prometheus = (
        "alerts fire when they should, and not when they should not",
        unit::pass as Written,
    );
    match scraper::is_there() {
        true => {
            trials.push(Trial::test(with_prometheus.0, with_prometheus.1));
            control_plane::run_beside(trials, &[], tests)
        }
        false => {
            let required = std::env::var_os("CI").is_some();
            let names = tests.iter().map(|(name, _)| *name);
            for name in names.chain([with_prometheus.0]) {
                let fail = || Err(scraper::MISSING.into());
                trials.push(Trial::test(name, fail).with_ignored_flag(!required));
            }
            eprintln!("\n!!! {}.\n", scraper::MISSING);
            libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
        }
    }
}
