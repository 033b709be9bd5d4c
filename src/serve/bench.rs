//! The layer of HTTP and TLS around another answer than the webhook's, for what `bench/` measures the webhook against. It
//! is behind the feature `bench`, which nothing that is shipped has.

use std::convert::Infallible;
use std::sync::Arc;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Request, Response, StatusCode};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;

use super::accept::accept;
use super::body;
use super::connection::{Reply, handshake, serve, to_its_end};
use super::connections::{Connections, Place};
use super::tls::{Identity, TlsError};
use super::{HELD, text};

/// Answers the body of every request with what `answer` makes of it, as JSON, for ever. The limits are the webhook's, but
/// there may be `most` connections.
///
/// # Errors
///
/// When the identity is no pair.
pub async fn run(
    listener: &TcpListener,
    identity: Identity,
    most: usize,
    answer: impl Fn(Vec<u8>) -> Vec<u8> + Clone + Send + Sync + 'static,
) -> Result<Infallible, TlsError> {
    let tls = identity.into_server_config()?;
    let connections = Connections::new(most, HELD);
    let graceful = GracefulShutdown::new();
    let connected = |stream, place: Arc<Place>| {
        let (tls, watcher, answer) = (Arc::clone(&tls), graceful.watcher(), answer.clone());
        tokio::spawn(async move {
            let connection = async {
                let stream = match handshake(tls, stream, &place).await {
                    Ok(stream) => stream,
                    Err(end) => return end,
                };
                let service = |request, place| reply(request, place, answer.clone());
                let panicked = || text(StatusCode::INTERNAL_SERVER_ERROR, "a bug".to_owned());
                serve(stream, &place, watcher, &service, &panicked).await
            };
            to_its_end(&place, Box::pin(connection)).await;
        });
    };
    // It never ends.
    accept(listener, &connections, connected, || ()).await;
    std::future::pending().await
}

async fn reply(
    request: Request<Incoming>,
    place: Arc<Place>,
    answer: impl Fn(Vec<u8>) -> Vec<u8>,
) -> Reply {
    let body = match body::read(request.into_body(), &place).await {
        Ok(body) => body,
        Err(error) => return text(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    };
    let answer = answer(body);
    place.release();
    let mut reply = Response::new(Full::new(Bytes::from(answer)));
    reply
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    reply
}
