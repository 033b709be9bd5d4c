//! The connections of both ports.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use crate::serve::connection::End;
use crate::serve::connections::Connections;

/// Which of the ports.
#[derive(Clone, Copy, Debug)]
pub(in crate::serve) enum Port {
    Webhook,
    Admin,
}

impl Port {
    fn labels(self) -> Which {
        let port = match self {
            Self::Webhook => "webhook",
            Self::Admin => "admin",
        };
        Which { port }
    }

    fn ended(self, end: End) -> Closed {
        let Which { port } = self.labels();
        let reason = end.as_str();
        Closed { port, reason }
    }
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Which {
    port: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Closed {
    port: &'static str,
    reason: &'static str,
}

/// What is counted of the ports.
#[derive(Debug)]
pub(in crate::serve) struct Ports {
    open: Family<Which, Gauge>,
    busy: Family<Which, Gauge>,
    held: Family<Which, Gauge>,
    closed: Family<Closed, Counter>,
    failed: Family<Which, Counter>,
}

impl Ports {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let this = Self {
            open: Family::default(),
            busy: Family::default(),
            held: Family::default(),
            closed: Family::default(),
            failed: Family::default(),
        };
        // From the start, so that an increase can be told from a beginning.
        for port in [Port::Webhook, Port::Admin] {
            drop(this.failed.get_or_create(&port.labels()));
            for end in End::ALL {
                drop(this.closed.get_or_create(&port.ended(end)));
            }
        }
        registry.register("connections_open", "Connections", this.open.clone());
        registry.register(
            "requests_in_flight",
            "Requests that are received or answered",
            this.busy.clone(),
        );
        registry.register_with_unit(
            "requests_held",
            "Memory of the requests and replies under way",
            Unit::Bytes,
            this.held.clone(),
        );
        registry.register(
            "connections_closed",
            "Connections that ended, by reason",
            this.closed.clone(),
        );
        registry.register(
            "accept_failures",
            "Connections that could not be accepted",
            this.failed.clone(),
        );
        this
    }

    /// A connection ended.
    pub(in crate::serve) fn closed(&self, port: Port, end: End) {
        self.closed.get_or_create(&port.ended(end)).inc();
    }

    /// A connection could not be accepted.
    pub(in crate::serve) fn failed(&self, port: Port) {
        self.failed.get_or_create(&port.labels()).inc();
    }

    /// How it stands with a port now.
    pub(super) fn observe(&self, port: Port, connections: &Connections) {
        let set = |gauge: &Family<Which, Gauge>, value: usize| {
            let value = i64::try_from(value).unwrap_or(i64::MAX);
            gauge.get_or_create(&port.labels()).set(value);
        };
        set(&self.open, connections.count());
        set(&self.busy, connections.busy());
        set(&self.held, connections.held());
    }
}
