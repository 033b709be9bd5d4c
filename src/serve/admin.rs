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
        "/readyz" if shared.ready.load(Ordering::Relaxed) => text(StatusCode::OK, "ok".to_owned()),
        "/readyz" => text(StatusCode::SERVICE_UNAVAILABLE, "ending".to_owned()),
        "/metrics" => {
            let mut reply = Response::new(Full::new(Bytes::from(shared.metrics.render())));
            reply
                .headers_mut()
                .insert(CONTENT_TYPE, HeaderValue::from_static(OPEN_METRICS));
            reply
        }
        _ => text(
            StatusCode::NOT_FOUND,
            "there is /livez, /readyz and /metrics".to_owned(),
        ),
    }
}
