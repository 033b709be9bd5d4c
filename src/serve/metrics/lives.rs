//! From when to when certificates are valid.

use std::sync::atomic::AtomicU64;
use std::time::SystemTime;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use crate::x509::Life;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Which {
    certificate: &'static str,
}

type Moments = Family<Which, Gauge<f64, AtomicU64>>;

/// The lives of the certificates in force.
#[derive(Debug)]
pub(crate) struct Lives {
    begin: Moments,
    end: Moments,
}

impl Lives {
    /// The metrics that begin with `certificate`.
    pub(crate) fn new(registry: &mut Registry) -> Self {
        let this = Self {
            begin: Moments::default(),
            end: Moments::default(),
        };
        registry.register_with_unit(
            "certificate_not_before_timestamp",
            "From when on the certificate in force is valid: when it was renewed, since 1970",
            Unit::Seconds,
            this.begin.clone(),
        );
        registry.register_with_unit(
            "certificate_expiry_timestamp",
            "Until when the certificate in force is valid, since 1970",
            Unit::Seconds,
            this.end.clone(),
        );
        this
    }

    /// The life of `certificate`, one of a few; `None` where there is none.
    pub(crate) fn put(&self, certificate: &'static str, life: Option<Life>) {
        let labels = Which { certificate };
        let Some(life) = life else {
            self.begin.remove(&labels);
            self.end.remove(&labels);
            return;
        };
        self.begin.get_or_create(&labels).set(seconds(life.from));
        self.end.get_or_create(&labels).set(seconds(life.to));
    }
}

fn seconds(moment: SystemTime) -> f64 {
    let since = moment.duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap_or_default().as_secs_f64()
}
