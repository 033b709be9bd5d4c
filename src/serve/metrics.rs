//! What is counted, as OpenMetrics. No label takes a value that a client or the cluster chooses.

mod lives;
mod ports;
mod reloads;
mod rules;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use super::Shared;
use super::admin::Admin;
use crate::cluster::Known;
use crate::config::Settings;
use crate::record::Record;
use crate::x509::Life;
pub(crate) use lives::Lives;
pub(super) use ports::{Port, Ports};
pub(super) use reloads::Reloads;
use rules::Rules;

/// The first bucket of durations, in seconds; twelve follow, each twice as long.
const SHORTEST: f64 = 0.000_05;

/// Why a request may not be answered: the reasons of [`crate::admission::Failure`], of bodies and of paths.
const FAILURES: [&str; 12] = [
    "content-type",
    "cut-short",
    "no-review",
    "overloaded",
    "panic",
    "too-complex",
    "too-large",
    "too-slow",
    "unknown-path",
    "unknown-profile",
    "unreadable",
    "version",
];

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
    ready: Gauge,
    known: Family<Followed, Gauge>,
    objects: Family<Followed, Gauge>,
    watch_failures: Family<Followed, Counter>,
    rules: Rules,
    log_dropped: Counter,
    decisions_dropped: Counter,
    pub(super) ports: Ports,
    pub(super) configuration: Reloads,
    pub(super) certificate: Reloads,
    pub(super) lives: Lives,
}

/// The configuration, asked for at each scrape.
#[derive(Debug)]
struct InForce(Arc<ArcSwap<Settings>>);

impl Collector for InForce {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let settings = self.0.load();
        let info = Info::new(vec![("version", settings.version().to_owned())]);
        let help = "The configuration in force";
        let metric = encoder.encode_descriptor("config", help, None, info.metric_type())?;
        info.encode(metric)?;
        let enabled = ConstGauge::new(i64::from(settings.enabled()));
        let help = "Whether the configuration in force hardens anything at all";
        let kind = enabled.metric_type();
        enabled.encode(encoder.encode_descriptor("config_enabled", help, None, kind)?)
    }
}

impl Metrics {
    pub(super) fn new(settings: Arc<ArcSwap<Settings>>) -> Self {
        let mut registry = Registry::with_prefix("pod_hardener");
        let requests = Family::<Answered, Counter>::default();
        let failures = Family::<Failed, Counter>::default();
        // From the start, so that an increase can be told from a beginning.
        for reason in FAILURES {
            drop(failures.get_or_create(&Failed { reason }));
        }
        let duration = Histogram::new(exponential_buckets(SHORTEST, 2.0, 13));
        let ready = Gauge::default();
        registry.register(
            "ready",
            "Whether it takes reviews, as /readyz says",
            ready.clone(),
        );
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
        registry.register_collector(Box::new(InForce(settings)));
        let log_dropped = Counter::default();
        registry.register(
            "log_records_dropped",
            "Records that whoever reads the log was too slow for",
            log_dropped.clone(),
        );
        let decisions_dropped = Counter::default();
        registry.register(
            "decisions_dropped",
            "Lines of the decision log that whoever reads it was too slow for",
            decisions_dropped.clone(),
        );
        Self {
            rules: Rules::new(&mut registry),
            ports: Ports::new(&mut registry),
            configuration: Reloads::new(&mut registry, "config"),
            certificate: Reloads::new(&mut registry, "certificate"),
            lives: Lives::new(&mut registry),
            log_dropped,
            decisions_dropped,
            registry,
            requests,
            failures,
            duration,
            ready,
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
        self.rules.count(record);
    }

    /// Counts a request that could not be answered.
    pub(super) fn failed(&self, reason: &'static str) {
        self.failures.get_or_create(&Failed { reason }).inc();
    }

    /// All of it as text, with how it stands with everything now.
    pub(super) fn render(&self, shared: &Shared) -> String {
        self.ready.set(i64::from(shared.waits_for().is_none()));
        self.ports.observe(Port::Webhook, &shared.webhooks);
        self.ports.observe(Port::Admin, &shared.admins);
        catch_up(&self.log_dropped, (shared.log_dropped)());
        catch_up(&self.decisions_dropped, shared.decisions.dropped());
        for status in &shared.cluster.statuses() {
            let labels = Followed { kind: status.kind };
            let known = i64::from(status.known == Known::Yes);
            self.known.get_or_create(&labels).set(known);
            let objects = i64::try_from(status.objects).unwrap_or(i64::MAX);
            self.objects.get_or_create(&labels).set(objects);
            catch_up(&self.watch_failures.get_or_create(&labels), status.failures);
        }
        self.encode()
    }

    fn encode(&self) -> String {
        let mut text = String::new();
        if let Err(error) = encode(&mut text, &self.registry) {
            tracing::error!(%error, "cannot render the metrics");
        }
        text
    }
}

/// Every metric of the server, with a series or more of each, as `/metrics` has them: for the documentation.
#[must_use]
pub fn every_metric() -> String {
    let settings = Arc::new(ArcSwap::from_pointee(Settings::embedded()));
    let metrics = Metrics::new(settings);
    let labels = Answered {
        mode: "harden",
        profile: "strict".to_owned(),
        outcome: "patched",
    };
    drop(metrics.requests.get_or_create(&labels));
    let labels = Followed { kind: "Nodes" };
    for family in [&metrics.known, &metrics.objects] {
        drop(family.get_or_create(&labels));
    }
    drop(metrics.watch_failures.get_or_create(&labels));
    let epoch = std::time::SystemTime::UNIX_EPOCH;
    let (from, to) = (epoch, epoch);
    metrics.lives.put("serving", Some(Life { from, to }));
    for port in [Port::Webhook, Port::Admin] {
        let connections = super::connections::Connections::new(1, 1);
        metrics.ports.observe(port, &connections);
    }
    metrics.encode()
}

/// Brings a counter up to what was counted elsewhere.
fn catch_up(counter: &Counter, counted: u64) {
    counter.inc_by(counted.saturating_sub(counter.get()));
}
