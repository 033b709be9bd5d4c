//! The server: sockets, TLS, limits, health, metrics and a graceful end around the pure [`crate::admission`].
//!
//! It speaks HTTP/1.1 alone, as the API server does to webhooks. It takes bound listeners and a shutdown future, so that
//! tests use free ports and end it as they like.

mod admin;
mod connection;
mod metrics;
pub mod tls;
mod webhook;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hyper_util::server::graceful::GracefulShutdown;
use rustls::ServerConfig;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::cluster::Cluster;
use crate::config::Settings;
use metrics::Metrics;

/// How long connections may take to finish what they began once the server is told to end.
const DRAIN: Duration = Duration::from_secs(20);

/// Sockets that are bound already.
#[derive(Debug)]
pub struct Listeners {
    /// For the API server, by TLS.
    pub webhook: TcpListener,
    /// For probes and metrics, in the clear.
    pub admin: TcpListener,
}

/// What all requests share.
#[derive(Debug)]
struct Shared {
    settings: Settings,
    cluster: Cluster,
    metrics: Metrics,
    ready: AtomicBool,
}

/// Serves, with what `cluster` knows, until `shutdown` is done, then finishes the requests that are under way, for 20 seconds at most.
pub async fn run(
    settings: Settings,
    cluster: Cluster,
    tls: Arc<ServerConfig>,
    listeners: Listeners,
    shutdown: impl Future<Output = ()>,
) {
    let shared = Arc::new(Shared {
        metrics: Metrics::new(&settings),
        settings,
        cluster,
        ready: AtomicBool::new(true),
    });
    let (webhooks, admins) = (GracefulShutdown::new(), GracefulShutdown::new());
    let acceptor = TlsAcceptor::from(tls);
    let webhook = connection::accept(&listeners.webhook, |stream| {
        let (shared, acceptor, watcher) =
            (Arc::clone(&shared), acceptor.clone(), webhooks.watcher());
        tokio::spawn(async move {
            if let Some(stream) = connection::handshake(acceptor, stream).await {
                let service = |request| webhook::answer(Arc::clone(&shared), request);
                connection::serve(stream, watcher, service).await;
            }
        });
    });
    let admin = connection::accept(&listeners.admin, |stream| {
        let (shared, watcher) = (Arc::clone(&shared), admins.watcher());
        tokio::spawn(async move {
            let service = |request| admin::answer(Arc::clone(&shared), request);
            connection::serve(stream, watcher, service).await;
        });
    });
    tokio::select! {
        () = webhook => {}
        () = admin => {}
        () = shutdown => {}
    }

    shared.ready.store(false, Ordering::Relaxed);
    tracing::info!(
        connections = webhooks.count(),
        "ending: no new connections, finishing what is under way"
    );
    drop(listeners);
    let drained = async {
        webhooks.shutdown().await;
        admins.shutdown().await;
    };
    if tokio::time::timeout(DRAIN, drained).await.is_err() {
        tracing::warn!(
            seconds = DRAIN.as_secs(),
            "some connections did not end in time and were cut"
        );
    }
}
