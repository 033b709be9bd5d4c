//! `/livez`, `/readyz` and `/metrics`, for the kubelet and Prometheus.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};

use super::Shared;
use super::connection::Reply;
use super::webhook::text;
use crate::cluster::{Known, Status};

/// The media type of OpenMetrics 1.0.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Answers one request.
pub(super) async fn answer(shared: Arc<Shared>, request: Request<Incoming>) -> Reply {
    if ![Method::GET, Method::HEAD].contains(request.method()) {
        return text(
            StatusCode::METHOD_NOT_ALLOWED,
            "this is read by GET".to_owned(),
        );
    }
    match request.uri().path() {
        "/livez" => text(StatusCode::OK, "ok".to_owned()),
        "/readyz" => readiness(&shared, request.uri().query() == Some("verbose")),
        "/metrics" => {
            let text = shared.metrics.render(&shared);
            let mut reply = Response::new(Full::new(Bytes::from(text)));
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

/// Whether requests are answered with all that can be known; with a line for everything that matters to that, where asked.
/// A kind that is not known, or a new configuration that is refused, makes nobody unready: what there is serves.
fn readiness(shared: &Shared, verbose: bool) -> Reply {
    let waits = [
        (shared.ending.load(Ordering::Relaxed), "ending"),
        (
            !shared.pair.is_there(),
            "starting: there is no certificate yet",
        ),
        (
            !shared.cluster.is_settled(),
            "starting: the first facts about the cluster are on their way",
        ),
    ];
    let (status, word) = match waits.iter().find(|(waits, _)| *waits) {
        Some((_, why)) => (StatusCode::SERVICE_UNAVAILABLE, *why),
        None => (StatusCode::OK, "ok"),
    };
    let mut lines = match verbose {
        true => details(shared),
        false => Vec::new(),
    };
    lines.push(word.to_owned());
    text(status, lines.join("\n"))
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
