//! What is counted, as OpenMetrics. No label takes a value that a client or the cluster chooses.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use crate::cluster::{Known, Status};
use crate::config::Settings;
use crate::record::Record;

/// The first bucket of durations, in seconds; twelve follow, each twice as long.
const SHORTEST: f64 = 0.000_05;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Answered {
    mode: &'static str,
    profile: String,
    outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Failed {
    reason: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Followed {
    kind: &'static str,
}

/// The program's metrics.
#[derive(Debug)]
pub(super) struct Metrics {
    registry: Registry,
    requests: Family<Answered, Counter>,
    failures: Family<Failed, Counter>,
    duration: Histogram,
    known: Family<Followed, Gauge>,
    objects: Family<Followed, Gauge>,
    watch_failures: Family<Followed, Counter>,
}

impl Metrics {
    pub(super) fn new(settings: &Settings) -> Self {
        let mut registry = Registry::with_prefix("pod_hardener");
        let requests = Family::<Answered, Counter>::default();
        let failures = Family::<Failed, Counter>::default();
        let duration = Histogram::new(exponential_buckets(SHORTEST, 2.0, 13));
        registry.register(
            "requests",
            "Reviews answered, by what became of them",
            requests.clone(),
        );
        registry.register(
            "failures",
            "Requests that could not be answered, by reason",
            failures.clone(),
        );
        registry.register_with_unit(
            "request_duration",
            "Time from the whole body to the answer",
            Unit::Seconds,
            duration.clone(),
        );
        let known = Family::<Followed, Gauge>::default();
        let objects = Family::<Followed, Gauge>::default();
        let watch_failures = Family::<Followed, Counter>::default();
        registry.register(
            "facts_known",
            "Whether what is known of a kind of the cluster is used",
            known.clone(),
        );
        registry.register(
            "facts_objects",
            "Objects of a kind that say something that rules ask for",
            objects.clone(),
        );
        registry.register(
            "facts_failures",
            "Failures of a kind's watch",
            watch_failures.clone(),
        );
        let build = Info::new(vec![("version", env!("CARGO_PKG_VERSION").to_owned())]);
        registry.register("build", "The program", build);
        let config = Info::new(vec![("version", settings.version().to_owned())]);
        registry.register("config", "The configuration in force", config);
        Self {
            registry,
            requests,
            failures,
            duration,
            known,
            objects,
            watch_failures,
        }
    }

    /// Counts an answer. Its profile is one of the configuration's: an unknown one has no answer.
    pub(super) fn answered(&self, record: &Record, took: Duration) {
        let labels = Answered {
            mode: record.mode.as_str(),
            profile: record.profile.clone(),
            outcome: record.outcome,
        };
        self.requests.get_or_create(&labels).inc();
        self.duration.observe(took.as_secs_f64());
    }

    /// Counts a request that could not be answered.
    pub(super) fn failed(&self, reason: &'static str) {
        self.failures.get_or_create(&Failed { reason }).inc();
    }

    /// All of it as text, with how it stands with what is known of the cluster.
    pub(super) fn render(&self, statuses: &[Status]) -> String {
        for status in statuses {
            let labels = Followed { kind: status.kind };
            let known = i64::from(status.known == Known::Yes);
            self.known.get_or_create(&labels).set(known);
            let objects = i64::try_from(status.objects).unwrap_or(i64::MAX);
            self.objects.get_or_create(&labels).set(objects);
            let failures = self.watch_failures.get_or_create(&labels);
            failures.inc_by(status.failures.saturating_sub(failures.get()));
        }
        let mut text = String::new();
        if let Err(error) = encode(&mut text, &self.registry) {
            tracing::error!(%error, "cannot render the metrics");
        }
        text
    }
}
