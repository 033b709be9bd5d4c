//! The paths of the webhook: `POST /<mode>/<profile>`.
//!
//! Whatever we cannot answer is an HTTP 500 with one line of text: any other status than 2xx leaves the decision to the
//! registered `failurePolicy` too, but only of a 500 does the API server show the text (C10).

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};

use super::Shared;
use super::connection::Reply;
use crate::admission::{self, Answer, Mode};
use crate::record::Record;

/// The longest body, in bytes: a little above the 3 MiB that the API server takes of a client.
const MAX_BODY: usize = 4 * 1024 * 1024;

/// How long a body may take to arrive.
const BODY: Duration = Duration::from_secs(10);

/// Why a request is not answered.
struct Refusal {
    /// Its name in metrics: one of a few.
    reason: &'static str,
    text: String,
}

impl Refusal {
    fn new(reason: &'static str, text: impl Into<String>) -> Self {
        Self {
            reason,
            text: text.into(),
        }
    }
}

/// Answers one request, logs it once and counts it once.
pub(super) async fn answer(shared: Arc<Shared>, request: Request<Incoming>) -> Reply {
    let path = request.uri().path().to_owned();
    let known = "there is nothing at this path; there is /harden/<profile>, /audit/<profile>, /preview/<profile>";
    let answered = match (route(&path), request.method() == Method::POST) {
        (Some((mode, profile)), true) => review(&shared, mode, profile, request).await,
        // Only the API server posts: it is shown the text.
        (None, true) => Err(Refusal::new("unknown-path", known)),
        (None, false) => return text(StatusCode::NOT_FOUND, known.to_owned()),
        (Some(_), false) => {
            let mut reply = text(
                StatusCode::METHOD_NOT_ALLOWED,
                "a review is sent by POST".to_owned(),
            );
            reply
                .headers_mut()
                .insert(ALLOW, HeaderValue::from_static("POST"));
            return reply;
        }
    };
    match answered {
        Ok(body) => {
            let mut reply = Response::new(Full::new(Bytes::from(body)));
            reply
                .headers_mut()
                .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            reply
        }
        Err(Refusal {
            reason,
            text: cause,
        }) => {
            shared.metrics.failed(reason);
            tracing::warn!(target: "admission", path, reason, cause, "cannot answer a review");
            text(
                StatusCode::INTERNAL_SERVER_ERROR,
                format!("pod-hardener: {cause}"),
            )
        }
    }
}

/// The mode and the profile's name that a path consists of.
fn route(path: &str) -> Option<(Mode, &str)> {
    let (mode, profile) = path.strip_prefix('/')?.split_once('/')?;
    let profile = Some(profile).filter(|name| !name.is_empty() && !name.contains('/'))?;
    Some((Mode::from_path_segment(mode)?, profile))
}

async fn review(
    shared: &Shared,
    mode: Mode,
    profile: &str,
    request: Request<Incoming>,
) -> Result<Vec<u8>, Refusal> {
    let content_type = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let media_type = content_type
        .and_then(|value| value.split(';').next())
        .unwrap_or_default();
    if !media_type.trim().eq_ignore_ascii_case("application/json") {
        return Err(Refusal::new(
            "content-type",
            "the content type is not application/json; send an AdmissionReview as JSON",
        ));
    }
    let body = read(request.into_body()).await?;
    let start = Instant::now();
    // The core holds no state that a panic could leave half changed.
    let answered = catch_unwind(AssertUnwindSafe(|| {
        admission::answer(
            &shared.settings,
            mode,
            profile,
            &shared.cluster.facts(),
            &body,
        )
    }));
    let Answer { body, record } = answered
        .map_err(|_| {
            Refusal::new(
                "panic",
                "a bug in this program; please report it with the pod's manifest",
            )
        })?
        .map_err(|failure| Refusal::new(failure.reason(), failure.to_string()))?;
    let took = start.elapsed();
    shared.metrics.answered(&record, took);
    log(&record, took);
    Ok(body)
}

async fn read(body: Incoming) -> Result<Bytes, Refusal> {
    match tokio::time::timeout(BODY, Limited::new(body, MAX_BODY).collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            let limit = MAX_BODY / (1024 * 1024);
            Err(Refusal::new(
                "too-large",
                format!("the body is larger than {limit} MiB, which no object in Kubernetes is"),
            ))
        }
        Ok(Err(_)) => Err(Refusal::new(
            "cut-short",
            "the body ended early; send it whole",
        )),
        Err(_) => Err(Refusal::new(
            "too-slow",
            format!("the body did not arrive within {} s", BODY.as_secs()),
        )),
    }
}

fn log(record: &Record, took: Duration) {
    tracing::info!(
        target: "admission",
        uid = record.uid,
        mode = record.mode.as_str(),
        profile = record.profile,
        operation = record.operation,
        kind = record.kind,
        namespace = record.namespace,
        name = record.name,
        dry_run = record.dry_run,
        outcome = record.outcome,
        set = record.set,
        kept = record.kept,
        stepped_back = record.stepped_back,
        excepted = record.excepted,
        patch_bytes = record.patch_bytes,
        warnings = record.warnings,
        duration_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        "answered"
    );
}

pub(super) fn text(status: StatusCode, text: String) -> Reply {
    let mut reply = Response::new(Full::new(Bytes::from(text + "\n")));
    *reply.status_mut() = status;
    reply.headers_mut().insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    reply
}
