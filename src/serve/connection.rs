//! One connection: accepted, its handshake made, its requests served.

use std::convert::Infallible;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::Watcher;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// How long a TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// How long the head of a request may take, which in hyper is also how long a connection may be idle. The API server
/// keeps idle connections for 90 s: a shorter time here would close one while it sends.
const HEAD_OR_IDLE: Duration = Duration::from_secs(120);

/// The first and the longest pause after a failed accept: without one, a lack of file descriptors would spin.
const PAUSE: [Duration; 2] = [Duration::from_millis(5), Duration::from_secs(1)];

/// The reply of every service here.
pub(super) type Reply = Response<Full<Bytes>>;

/// Hands every accepted stream to `connected`, for ever.
pub(super) async fn accept(listener: &TcpListener, connected: impl Fn(TcpStream)) {
    let [first, longest] = PAUSE;
    let mut pause = first;
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                pause = first;
                // An answer is written at once: waiting to fill a packet only delays it.
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "TCP_NODELAY is refused");
                }
                connected(stream);
            }
            Err(error) => {
                tracing::warn!(%error, pause_ms = pause.as_millis(), "cannot accept a connection");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(longest);
            }
        }
    }
}

/// The TLS stream, if the client and we agree in time.
pub(super) async fn handshake(
    acceptor: TlsAcceptor,
    stream: TcpStream,
) -> Option<TlsStream<TcpStream>> {
    match tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => Some(stream),
        Ok(Err(error)) => {
            tracing::debug!(%error, "TLS handshake failed");
            None
        }
        Err(_) => {
            tracing::debug!("TLS handshake took too long");
            None
        }
    }
}

/// Serves the requests of a stream until either side ends it, or the server ends and the one under way is answered.
pub(super) async fn serve<S, F>(
    stream: S,
    watcher: Watcher,
    service: impl Fn(Request<Incoming>) -> F,
) where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
    F: Future<Output = Reply>,
{
    let service = service_fn(|request| {
        let reply = service(request);
        async { Ok::<_, Infallible>(reply.await) }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEAD_OR_IDLE);
    let connection = http.serve_connection(TokioIo::new(stream), service);
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(%error, "connection ended");
    }
}
