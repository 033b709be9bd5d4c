//! What is counted, as OpenMetrics.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use super::held::Step;
use crate::serve::Lives;
use crate::x509::Life;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Stepped {
    step: &'static str,
}

/// The controller's metrics.
#[derive(Debug)]
pub(super) struct Metrics {
    registry: Registry,
    steps: Family<Stepped, Counter>,
    trusted: Counter,
    failures: Counter,
    registrations: Gauge,
    lives: Lives,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("pod_hardener");
        let this = Self {
            registry: Registry::default(),
            steps: Family::default(),
            trusted: Counter::default(),
            failures: Counter::default(),
            registrations: Gauge::default(),
            lives: Lives::new(&mut registry),
        };
        // From the start, so that an increase can be told from a beginning.
        for step in Step::ALL {
            let step = step.as_str();
            drop(this.steps.get_or_create(&Stepped { step }));
        }
        registry.register(
            "controller_steps",
            "What was done about certificates",
            this.steps.clone(),
        );
        registry.register(
            "controller_bundles_written",
            "Registrations whose caBundle was written",
            this.trusted.clone(),
        );
        registry.register(
            "controller_failures",
            "Looks that failed, conflicts with another controller included",
            this.failures.clone(),
        );
        registry.register(
            "controller_registrations",
            "Registrations that are there and trust what is served, of those that the controller looks after",
            this.registrations.clone(),
        );
        let build = Info::new(vec![("version", env!("CARGO_PKG_VERSION").to_owned())]);
        registry.register("build", "The program", build);
        Self { registry, ..this }
    }
}

impl Metrics {
    pub(super) fn stepped(&self, step: Step) {
        let step = step.as_str();
        self.steps.get_or_create(&Stepped { step }).inc();
    }

    pub(super) fn trusted(&self) {
        self.trusted.inc();
    }

    pub(super) fn failed(&self) {
        self.failures.inc();
    }

    /// So many registrations are there, and trust what is served.
    pub(super) fn registered(&self, registrations: usize) {
        let registrations = i64::try_from(registrations).unwrap_or(i64::MAX);
        self.registrations.set(registrations);
    }

    /// From when to when what is in force is valid.
    pub(super) fn lives(&self, ca: Option<Life>, serving: Option<Life>) {
        self.lives.put("ca", ca);
        self.lives.put("serving", serving);
    }

    /// All of it as text.
    pub(super) fn render(&self) -> String {
        let mut text = String::new();
        if let Err(error) = encode(&mut text, &self.registry) {
            tracing::error!(%error, "cannot render the metrics");
        }
        text
    }
}

/// Every metric of the controller, with a series or more of each, as `/metrics` has them: for the documentation.
#[must_use]
pub fn every_metric() -> String {
    let (metrics, epoch) = (Metrics::default(), std::time::SystemTime::UNIX_EPOCH);
    let life = Life {
        from: epoch,
        to: epoch,
    };
    metrics.lives(Some(life), Some(life));
    metrics.render()
}
