//! `/livez`, `/readyz` and `/metrics`, for the kubelet and Prometheus.

use std::sync::atomic::Ordering;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};

use super::connection::{End, Reply};
use super::metrics::Port;
use super::webhook::text;
use super::{Shared, webhook};
use crate::cluster::{Known, Status};

/// The media type of OpenMetrics 1.0.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Who has a port of probes and metrics.
pub(crate) trait Admin: Send + Sync + 'static {
    /// What it waits for, if it is not ready.
    fn waits_for(&self) -> Option<&'static str>;

    /// A line for everything that matters to that.
    fn details(&self) -> Vec<String>;

    /// Its metrics, as OpenMetrics.
    fn metrics(&self) -> String;

    /// The answer to a request that brought out a bug.
    fn panicked(&self) -> Reply;

    /// Hears of a connection that ended.
    fn closed(&self, _: End) {}

    /// Hears of a connection that could not be accepted.
    fn failed(&self) {}
}

/// Answers one request.
pub(super) fn answer(of: &impl Admin, request: &Request<Incoming>) -> Reply {
    if ![Method::GET, Method::HEAD].contains(request.method()) {
        return text(
            StatusCode::METHOD_NOT_ALLOWED,
            "this is read by GET".to_owned(),
        );
    }
    match request.uri().path() {
        "/livez" => text(StatusCode::OK, "ok".to_owned()),
        "/readyz" => readiness(of, request.uri().query() == Some("verbose")),
        "/metrics" => {
            let mut reply = Response::new(Full::new(Bytes::from(of.metrics())));
            reply
                .headers_mut()
                .insert(CONTENT_TYPE, HeaderValue::from_static(OPEN_METRICS));
            reply
        }
        _ => text(
            StatusCode::NOT_FOUND,
            "there is /livez, /readyz, /readyz?verbose and /metrics".to_owned(),
        ),
    }
}

fn readiness(of: &impl Admin, verbose: bool) -> Reply {
    let (status, word) = match of.waits_for() {
        Some(why) => (StatusCode::SERVICE_UNAVAILABLE, why),
        None => (StatusCode::OK, "ok"),
    };
    let mut lines = match verbose {
        true => of.details(),
        false => Vec::new(),
    };
    lines.push(word.to_owned());
    text(status, lines.join("\n"))
}

impl Admin for Shared {
    /// Requests are answered with all that can be known. A kind that is not known, or a new configuration that is refused,
    /// makes nobody unready: what there is serves.
    fn waits_for(&self) -> Option<&'static str> {
        let waits = [
            (self.ending.load(Ordering::Relaxed), "ending"),
            (
                !self.pair.is_there(),
                "starting: there is no certificate yet",
            ),
            (
                !self.cluster.is_settled(),
                "starting: the first facts about the cluster are on their way",
            ),
        ];
        let waits = waits.iter().find(|(waits, _)| *waits);
        waits.map(|(_, why)| *why)
    }

    fn details(&self) -> Vec<String> {
        details(self)
    }

    fn metrics(&self) -> String {
        self.metrics.render(self)
    }

    fn panicked(&self) -> Reply {
        webhook::panicked(self)
    }

    fn closed(&self, end: End) {
        self.metrics.ports.closed(Port::Admin, end);
    }

    fn failed(&self) {
        self.metrics.ports.failed(Port::Admin);
    }
}

fn details(shared: &Shared) -> Vec<String> {
    let webhooks = &shared.webhooks;
    let mut lines = vec![
        shared.configuration.line("configuration"),
        shared.certificate.line("certificate"),
        format!(
            "[+] connections: {} of at most {}, {} with a request under way",
            webhooks.count(),
            webhooks.most(),
            webhooks.busy()
        ),
    ];
    let statuses = shared.cluster.statuses();
    if statuses.is_empty() {
        lines.push("[ ] the cluster is not asked: rules that need facts are careful".to_owned());
    }
    lines.extend(statuses.iter().map(line));
    lines
}

/// One kind, in one line.
fn line(status: &Status) -> String {
    let Status {
        kind,
        known,
        objects,
        failures,
        failure,
    } = status;
    let failed = match failures {
        0 => String::new(),
        n => format!(
            ", {n} failures, the last: {}",
            failure.replace(char::is_control, " ")
        ),
    };
    match known {
        Known::Yes => format!("[+] {kind}: known, {objects} of use{failed}"),
        other => format!("[-] {kind}: {}{failed}", other.as_str()),
    }
}
