//! One connection: accepted, its handshake made, its requests served, and why it ended.

use std::convert::Infallible;
use std::error::Error;
use std::io;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::Watcher;
use rustls::ServerConfig;
use rustls::server::Acceptor;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;

use super::connections::Place;
use super::paced::{Dawdled, Paced};
use super::peer::GivesWay;

/// How long a TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// How long a connection may be idle. The API server keeps idle ones for 90 s: a shorter time here would close one while it
/// sends. To hyper it is the time for a head, the silence before it included; see [`Paced`] for the head itself.
const IDLE: Duration = Duration::from_secs(120);

/// The longest head, and the largest piece of a body, in bytes: with less, a usual review comes in two, and many at once are there by
/// halves. hyper would take 400 KiB of each connection.
const BUFFER: usize = 16 * 1024;

/// The reply of every service here.
pub(crate) type Reply = Response<Full<Bytes>>;

/// Why a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Either side ended it in order.
    Done,
    /// Nothing was asked for long.
    Idle,
    /// The client and we did not agree on TLS.
    Handshake,
    /// It did not arrive in time.
    SlowHandshake,
    /// It did not arrive in time.
    SlowHead,
    /// It was not taken in time.
    SlowReply,
    /// What came is not HTTP/1.1.
    NotHttp,
    /// It broke off in the middle of something.
    Broken,
    /// It gave way to a new connection.
    Room,
    /// It gave way for the memory that it held.
    Memory,
    /// A bug of ours.
    Panic,
}

impl End {
    /// All of them.
    pub(super) const ALL: [Self; 11] = [
        Self::Done,
        Self::Idle,
        Self::Handshake,
        Self::SlowHandshake,
        Self::SlowHead,
        Self::SlowReply,
        Self::NotHttp,
        Self::Broken,
        Self::Room,
        Self::Memory,
        Self::Panic,
    ];

    /// Its name in metrics.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Idle => "idle",
            Self::Handshake => "handshake",
            Self::SlowHandshake => "slow-handshake",
            Self::SlowHead => "slow-head",
            Self::SlowReply => "slow-reply",
            Self::NotHttp => "not-http",
            Self::Broken => "broken",
            Self::Room => "room",
            Self::Memory => "memory",
            Self::Panic => "panic",
        }
    }
}

/// Runs a connection to its end: its own, or until it has to give way. A panic ends this connection alone.
pub(super) async fn to_its_end(place: &Place, connection: impl Future<Output = End>) -> End {
    tokio::select! {
        end = AssertUnwindSafe(connection).catch_unwind() => end.unwrap_or(End::Panic),
        why = place.peer.closed() => match why {
            GivesWay::Room => End::Room,
            GivesWay::Memory => End::Memory,
        },
    }
}

/// The TLS stream, if the client and we agree in time.
pub(super) async fn handshake(
    config: Arc<ServerConfig>,
    stream: TcpStream,
    place: &Place,
) -> Result<TlsStream<TcpStream>, End> {
    let agreed = async {
        // In two steps: nothing is set up for who says nothing.
        let hello = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
        place.peer.greeted();
        hello.into_stream(config).await
    };
    match tokio::time::timeout(HANDSHAKE, agreed).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => {
            tracing::debug!(%error, "TLS handshake failed");
            Err(End::Handshake)
        }
        Err(_) => Err(End::SlowHandshake),
    }
}

/// Serves the requests of a stream until either side ends it, or the server ends and the one under way is answered.
/// `service` gets each, and the place that it holds memory by; a panic in it is answered by `on_panic`.
///
/// No `async fn`, in whose future the stream would lie twice: as it is handed over, and in the connection.
pub(super) fn serve<S, F>(
    stream: S,
    place: &Arc<Place>,
    watcher: Watcher,
    service: &impl Fn(Request<Incoming>, Arc<Place>) -> F,
    on_panic: &impl Fn() -> Reply,
) -> impl Future<Output = End>
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
    F: Future<Output = Reply>,
{
    let service = service_fn(move |request| {
        place.peer.receiving();
        let reply = AssertUnwindSafe(async move { service(request, Arc::clone(place)).await });
        async move {
            // Whatever a panic left half changed belongs to this one request.
            let reply = reply.catch_unwind().await.unwrap_or_else(|_| on_panic());
            place.peer.replying();
            Ok::<_, Infallible>(reply)
        }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(IDLE)
        .max_buf_size(BUFFER);
    let stream = Paced::new(stream, Arc::clone(place));
    let connection = http.serve_connection(TokioIo::new(stream), service);
    watcher.watch(connection).map(|ended| match ended {
        Ok(()) => End::Done,
        Err(error) => {
            tracing::debug!(%error, "connection ended");
            end(&error)
        }
    })
}

/// Why hyper gave a connection up.
fn end(error: &hyper::Error) -> End {
    let source = error.source().and_then(|s| s.downcast_ref::<io::Error>());
    let dawdled = source.and_then(io::Error::get_ref);
    match dawdled.and_then(|source| source.downcast_ref::<Dawdled>()) {
        Some(Dawdled::Head) => End::SlowHead,
        Some(Dawdled::Reply) => End::SlowReply,
        None if error.is_timeout() => End::Idle,
        None if error.is_parse() => End::NotHttp,
        None => End::Broken,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

    use hyper::StatusCode;
    use hyper_util::server::graceful::GracefulShutdown;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;
    use crate::serve::connections::Connections;

    async fn answer(request: Request<Incoming>, _: Arc<Place>) -> Reply {
        match request.uri().path() {
            "/panic" => panic!("planted"),
            _ => Reply::default(),
        }
    }

    fn failed() -> Reply {
        let mut reply = Reply::default();
        *reply.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        reply
    }

    #[tokio::test]
    async fn a_panic_in_a_request_is_a_500_and_the_connection_serves_on() {
        let place = Arc::new(Connections::new(1, 0).enter().await);
        let (mut client, server) = duplex(1_024);
        let graceful = GracefulShutdown::new();
        let watcher = graceful.watcher();
        tokio::spawn(async move { serve(server, &place, watcher, &answer, &failed).await });
        for (path, status) in [("/", "200"), ("/panic", "500"), ("/", "200")] {
            let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n");
            client.write_all(request.as_bytes()).await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(client.read_u8().await.unwrap());
            }
            let head = String::from_utf8(head).unwrap();
            assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{head}");
        }
    }

    #[tokio::test]
    async fn a_panic_anywhere_else_ends_its_connection_alone() {
        let connections = Connections::new(2, 0);
        let (bad, good) = (connections.enter().await, connections.enter().await);
        let end = to_its_end(&bad, async { panic!("planted") }).await;
        assert_eq!(end, End::Panic);
        drop(bad);
        assert_eq!(to_its_end(&good, async { End::Done }).await, End::Done);
        assert_eq!(connections.count(), 1);
    }
}
