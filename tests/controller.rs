//! The controller on a real control plane: what it keeps, what it repairs, and what pods feel of it and of worse things.

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
#[path = "controller/faults.rs"]
mod faults;
#[path = "controller/order.rs"]
mod order;
#[path = "controller/renewals.rs"]
mod renewals;
#[path = "controller/started.rs"]
mod started;

#[path = "support/control_plane.rs"]
mod control_plane;
#[path = "support/mount.rs"]
mod mount;
#[path = "support/webhook.rs"]
mod webhook;

use std::process::ExitCode;

use control_plane::Test;

fn main() -> ExitCode {
    let tests: &[(&str, Test)] = &[
        (
            "from nothing, the Secret is made, owned, and trusted by the registrations",
            order::from_nothing,
        ),
        (
            "what somebody else does to a registration or to the Secret is repaired in seconds",
            order::repaired,
        ),
        (
            "two controllers that begin at once agree on one CA",
            order::two_at_once,
        ),
        (
            "certificates and CAs are renewed under a stream of pods, none of which fails",
            renewals::under_load,
        ),
        (
            "a webhook that is slow or talks nonsense costs what its failure policy says, and no more than its timeout",
            faults::nonsense,
        ),
        (
            "an API server that is started again lets no pod in as it is",
            faults::api_server_restarted,
        ),
    ];
    control_plane::run(&[], tests)
}
