//! The paths of the webhook: `POST /<mode>/<profile>`.
//!
//! Whatever we cannot answer is an HTTP 500 with one line of text: any other status than 2xx leaves the decision to the
//! registered `failurePolicy` too, but only of a 500 does the API server show the text (C10).

use std::sync::Arc;
use std::time::Instant;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};

use super::Shared;
use super::body::{self, BodyError};
use super::connection::Reply;
use super::connections::Place;
use crate::admission::{self, Answer, Mode};

/// The most bytes of a text out of a request that are logged: no name in Kubernetes is longer.
const SHOWN: usize = 253;

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

impl From<BodyError> for Refusal {
    fn from(error: BodyError) -> Self {
        Self::new(error.reason(), error.to_string())
    }
}

/// Answers one request, logs it once and counts it once.
pub(super) async fn answer(
    shared: Arc<Shared>,
    request: Request<Incoming>,
    place: Arc<Place>,
) -> Reply {
    let path = request.uri().path().to_owned();
    let known = "there is nothing at this path; there is /harden/<profile>, /audit/<profile>, /preview/<profile>";
    let answered = match (route(&path), request.method() == Method::POST) {
        (Some((mode, profile)), true) => review(&shared, &place, mode, profile, request).await,
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
        Err(refusal) => refused(&shared, &path, &refusal),
    }
}

/// The reply to a request in whose midst this program failed.
pub(super) fn panicked(shared: &Shared) -> Reply {
    let text = "a bug in this program; please report it with the pod's manifest";
    refused(shared, "", &Refusal::new("panic", text))
}

fn refused(shared: &Shared, path: &str, refusal: &Refusal) -> Reply {
    let Refusal {
        reason,
        text: cause,
    } = refusal;
    shared.metrics.failed(reason);
    tracing::warn!(target: "admission", path = shown(path), reason, cause, "cannot answer a review");
    text(
        StatusCode::INTERNAL_SERVER_ERROR,
        format!("pod-hardener: {cause}"),
    )
}

/// The mode and the profile's name that a path consists of.
fn route(path: &str) -> Option<(Mode, &str)> {
    let (mode, profile) = path.strip_prefix('/')?.split_once('/')?;
    let profile = Some(profile).filter(|name| !name.is_empty() && !name.contains('/'))?;
    Some((Mode::from_path_segment(mode)?, profile))
}

async fn review(
    shared: &Shared,
    place: &Place,
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
    let body = body::read(request.into_body(), place).await?;
    let start = Instant::now();
    // One configuration and one state of the cluster for all of the request, whatever is swapped meanwhile.
    let (settings, facts) = (shared.settings.load(), shared.cluster.facts());
    let Answer {
        body: reply,
        record,
    } = admission::answer(&settings, mode, profile, &facts, &body)
        .map_err(|failure| Refusal::new(failure.reason(), failure.to_string()))?;
    drop(body);
    place.release();
    if !place.hold(reply.len()) {
        return Err(BodyError::Overloaded.into());
    }
    let took = start.elapsed();
    shared.metrics.answered(&record, took);
    shared.decisions.log(&record, took);
    Ok(reply)
}

/// A text out of a request, no longer than any name is.
fn shown(text: &str) -> &str {
    text.get(..text.floor_char_boundary(SHOWN)).unwrap_or(text)
}

pub(crate) fn text(status: StatusCode, text: String) -> Reply {
    let mut reply = Response::new(Full::new(Bytes::from(text + "\n")));
    *reply.status_mut() = status;
    reply.headers_mut().insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    reply
}
