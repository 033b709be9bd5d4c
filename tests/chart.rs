//! The chart: what both Helms make of it, and what a real API server makes of that.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]
#![allow(clippy::print_stderr, missing_docs, reason = "tests")]

#[path = "chart/accepted.rs"]
mod accepted;
#[path = "chart/audit.rs"]
mod audit;
#[path = "apiserver/cluster.rs"]
mod cluster;
#[path = "chart/controller.rs"]
mod controller;
#[path = "chart/doctor.rs"]
mod doctor;
#[path = "chart/documented.rs"]
mod documented;
#[path = "chart/helm.rs"]
mod helm;
#[path = "chart/kept.rs"]
mod kept;
#[path = "chart/kubelet.rs"]
mod kubelet;
#[path = "chart/labels.rs"]
mod labels;
#[path = "chart/lifecycle.rs"]
mod lifecycle;
#[path = "chart/modes.rs"]
mod modes;
#[path = "chart/outside.rs"]
mod outside;
#[path = "chart/reader.rs"]
mod reader;
#[path = "chart/refused.rs"]
mod refused;
#[path = "chart/rendered.rs"]
mod rendered;
#[path = "chart/rollout.rs"]
mod rollout;
#[path = "chart/values.rs"]
mod values;
#[path = "chart/watched.rs"]
mod watched;
#[path = "chart/workloads.rs"]
mod workloads;

#[path = "support/account.rs"]
mod account;
#[path = "support/chart_values.rs"]
mod chart_values;
#[path = "support/client.rs"]
mod client;
#[path = "support/control_plane.rs"]
mod control_plane;
#[path = "support/harden.rs"]
mod harden;
#[path = "support/process.rs"]
mod process;
#[path = "support/token.rs"]
mod token;
#[path = "support/webhook.rs"]
mod webhook;
#[path = "support/yaml.rs"]
mod yaml;

use std::process::ExitCode;

use control_plane::Test;
use libtest_mimic::{Failed, Trial};

/// A test of what Helm makes of the chart, without a cluster.
type Rendering = fn() -> Result<(), Failed>;

/// As GKE has it: pods of the system's priority classes are for namespaces with a quota that speaks of them.
const CRITICAL_ONLY_BY_QUOTA: &str = "
apiVersion: apiserver.config.k8s.io/v1
kind: AdmissionConfiguration
plugins:
- name: ResourceQuota
  configuration:
    apiVersion: apiserver.config.k8s.io/v1
    kind: ResourceQuotaConfiguration
    limitedResources:
    - resource: pods
      matchScopes:
      - scopeName: PriorityClass
        operator: In
        values: [system-node-critical, system-cluster-critical]
";

fn main() -> ExitCode {
    let helm: &[(&str, Rendering)] = &[
        (
            "both Helms lint it and make the same of it, twice",
            rendered::alike,
        ),
        (
            "its registration is the one that the tests of the webhook use",
            rendered::registration,
        ),
        (
            "its servers may do what the example says, and no more",
            rendered::permissions,
        ),
        (
            "a release of another name in another namespace has the same objects there",
            rendered::elsewhere,
        ),
        (
            "the server reads the configuration that is given, or the one that user namespaces need",
            rendered::configuration,
        ),
        (
            "the chart takes what the page of the installation says to type",
            documented::commands,
        ),
        (
            "alerts and dashboard are those of the files, and a default installation has neither",
            watched::as_written,
        ),
        (
            "the API server's metrics are asked for by the names of all webhooks",
            watched::webhooks_are_meant,
        ),
        ("every value changes something", values::all),
        ("values that cannot work are refused", refused::all),
    ];
    let tests: &[(&str, Test)] = &[
        (
            "every object is accepted by the API server, strictly",
            accepted::strictly,
        ),
        (
            "our own pods pass Pod Security restricted, and our own strict changes nothing of them",
            accepted::pods,
        ),
        (
            "installed, upgraded, rolled back and uninstalled, it leaves nothing",
            lifecycle::nothing_is_left,
        ),
        (
            "whoever makes the certificate, another can take over",
            modes::can_be_changed,
        ),
        (
            "audit sees all by its account, and may do nothing",
            audit::by_its_account,
        ),
        (
            "doctor needs no more than its role",
            doctor::needs_no_more_than_its_role,
        ),
        (
            "a server outside of the cluster hardens the pods of a labelled namespace",
            outside::hardens,
        ),
        (
            "namespaces that are excluded, and mirror pods, are left alone",
            outside::excluded,
        ),
        (
            "a default profile is for namespaces that say nothing",
            outside::default_profile,
        ),
        (
            "a workload is stored as it was sent, and warned of once",
            workloads::warned_of_once,
        ),
        (
            "a namespace with both labels hears what the next profile would add",
            outside::audited,
        ),
        (
            "the way from a look to strict, and back, is as its page shows it",
            rollout::as_shown,
        ),
        (
            "a label that names no profile is warned of, with its value",
            labels::warned,
        ),
        (
            "the server knows the cluster by its account, and without a permission it does not",
            reader::each_permission,
        ),
        (
            "the controller may do what it needs, by name, and nothing else",
            controller::each_permission,
        ),
        (
            "the controller makes the chart work, and uses each of its permissions for that",
            kept::all,
        ),
    ];
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("admission.yaml");
    std::fs::write(&config, CRITICAL_ONLY_BY_QUOTA).unwrap();
    let critical = format!("--admission-control-config-file={}", config.display());
    let beside = helm.iter().map(|(name, test)| Trial::test(*name, *test));
    match helm::is_there() {
        true => control_plane::run_beside(beside.collect(), &[&critical], tests),
        false => control_plane::skip(beside.len() + tests.len(), helm::MISSING),
    }
}
