//! Facts about a real cluster through real watches, with the permissions of `examples/cluster-role.yaml`: what is stored is
//! looked at.

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
#[path = "facts/faults.rs"]
mod faults;
#[path = "facts/knowledge.rs"]
mod knowledge;
#[path = "facts/proxy.rs"]
mod proxy;
#[path = "facts/reader.rs"]
mod reader;
#[path = "facts/workloads.rs"]
mod workloads;

#[path = "support/control_plane.rs"]
mod control_plane;
#[path = "support/token.rs"]
mod token;
#[path = "support/webhook.rs"]
mod webhook;

use std::process::ExitCode;

use control_plane::Test;

fn main() -> ExitCode {
    let tests: &[(&str, Test)] = &[
        (
            "the token goes out of pods of `default`, and no second pass brings it back",
            knowledge::token_goes,
        ),
        (
            "a binding of any form keeps the token for as long as it is there",
            knowledge::bindings,
        ),
        (
            "the word of the pod and of its account stands, and look-alikes and injectors keep the token",
            knowledge::words,
        ),
        (
            "an autoscaler keeps requests away for as long as it is there",
            knowledge::autoscaler,
        ),
        (
            "nodes say whether user namespaces are set, and OpenShift which user",
            knowledge::nodes_and_ranges,
        ),
        ("every controller's pods are hardened", workloads::all),
        (
            "the webhook is careful while facts are away, and knows again afterwards",
            faults::all,
        ),
    ];
    control_plane::run(&[], tests)
}
