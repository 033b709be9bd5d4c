//! What became of the versions of something that is read from files.

use std::sync::atomic::AtomicU64;
use std::time::SystemTime;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Judged {
    outcome: &'static str,
}

/// The reloads of one thing.
#[derive(Debug)]
pub(in crate::serve) struct Reloads {
    judged: Family<Judged, Counter>,
    last_load: Gauge<f64, AtomicU64>,
    refused: Gauge,
}

impl Reloads {
    /// The metrics that begin with `name`.
    pub(super) fn new(registry: &mut Registry, name: &str) -> Self {
        let this = Self {
            judged: Family::default(),
            last_load: Gauge::default(),
            refused: Gauge::default(),
        };
        // From the start, so that an increase can be told from a beginning.
        for outcome in ["loaded", "refused", "unreadable"] {
            drop(this.judged.get_or_create(&Judged { outcome }));
        }
        registry.register(
            format!("{name}_reloads"),
            "New versions on disk, by what became of them",
            this.judged.clone(),
        );
        registry.register_with_unit(
            format!("{name}_last_load_timestamp"),
            "When what is in force was loaded, since 1970",
            Unit::Seconds,
            this.last_load.clone(),
        );
        registry.register(
            format!("{name}_refused"),
            "Whether what is on disk is refused or cannot be read",
            this.refused.clone(),
        );
        this
    }

    /// A version is in force; the first one is no reload.
    pub(in crate::serve) fn loaded(&self, again: bool) {
        if again {
            let outcome = "loaded";
            self.judged.get_or_create(&Judged { outcome }).inc();
        }
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        self.last_load.set(since.unwrap_or_default().as_secs_f64());
        self.refused.set(0);
    }

    /// What is on disk is what is in force.
    pub(in crate::serve) fn restored(&self) {
        self.refused.set(0);
    }

    /// A version cannot be used.
    pub(in crate::serve) fn refused(&self, outcome: &'static str) {
        self.judged.get_or_create(&Judged { outcome }).inc();
        self.refused.set(1);
    }
}
