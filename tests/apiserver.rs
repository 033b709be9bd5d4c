//! The webhook in front of a real API server: what is stored is compared, not what was sent.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]
#![allow(clippy::print_stderr, missing_docs, reason = "tests")]

#[path = "apiserver/audited.rs"]
mod audited;
#[path = "apiserver/cluster.rs"]
mod cluster;
#[path = "apiserver/exceptions.rs"]
mod exceptions;
#[path = "apiserver/files.rs"]
mod files;
#[path = "apiserver/messages.rs"]
mod messages;
#[path = "apiserver/pods.rs"]
mod pod_trials;
#[path = "apiserver/recorded.rs"]
mod recorded;
#[path = "apiserver/requests.rs"]
mod requests;

#[path = "support/careless.rs"]
mod careless;
#[path = "support/control_plane.rs"]
mod control_plane;
#[path = "support/corpus.rs"]
mod corpus;
#[path = "support/dry_run.rs"]
mod dry_run;
#[path = "support/efficacy.rs"]
mod efficacy;
#[path = "support/generated.rs"]
mod generated;
#[path = "support/harden.rs"]
mod harden;
#[path = "support/mutator.rs"]
mod mutator;
#[path = "support/pods.rs"]
mod pods;
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
            "the control plane mounts a token into a pod",
            requests::token_is_mounted,
        ),
        (
            "fixtures that are accepted are accepted hardened, and stored as planned",
            pod_trials::fixtures,
        ),
        (
            "real pods that are accepted are accepted hardened, and stored as planned",
            pod_trials::real,
        ),
        (
            "hardened files are stored as the webhook would have them",
            files::agree,
        ),
        (
            "what files do not know of the cluster is a closed list, and exported facts know it",
            files::only_the_cluster,
        ),
        (
            "generated pods too, and the careless fill-in of them is refused",
            pod_trials::generated_pods,
        ),
        (
            "pods that LimitRanges and quotas accept they accept hardened",
            pod_trials::judged,
        ),
        (
            "most pods pass Pod Security restricted, and the others fail for a reason",
            pod_trials::pod_security,
        ),
        (
            "a Deployment made with kubectl yields a hardened pod, on record",
            requests::deployment,
        ),
        ("audit warns and changes nothing", requests::audit),
        (
            "a failure of ours is shown by the API server, and its failurePolicy decides",
            requests::failure,
        ),
        (
            "kubectl debug works in every profile, and only its container is hardened",
            requests::debug_container,
        ),
        (
            "what another webhook adds after us is hardened, and nothing twice",
            requests::reinvocation,
        ),
        (
            "overrides and exceptions are stored, warned of and on record",
            exceptions::stored,
        ),
        (
            "the API server fills in where last messages come from before the webhook is called",
            messages::filled_in,
        ),
        (
            "the policy of last messages is set in every kind of container",
            messages::set,
        ),
        (
            "what is stored, the pod's annotation, the API server's audit log, the decision log and the metrics agree",
            recorded::agree,
        ),
        (
            "a careless patch refuses the pod",
            requests::careless_patches,
        ),
    ];
    control_plane::run(&[], tests)
}
