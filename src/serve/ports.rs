//! The two ports: each accepts connections, and each connection is a task.

use std::sync::Arc;

use hyper_util::server::graceful::GracefulShutdown;
use rustls::ServerConfig;
use tokio::net::TcpListener;

use super::accept::accept;
use super::admin::{self, Admin};
use super::connection::{handshake, serve, to_its_end};
use super::connections::{Connections, Place};
use super::metrics::Port;
use super::{Shared, webhook};

/// The webhook's port, for ever.
pub(super) async fn webhook(
    shared: &Arc<Shared>,
    listener: &TcpListener,
    tls: Arc<ServerConfig>,
    graceful: &GracefulShutdown,
) {
    let ports = &shared.metrics.ports;
    let connected = |stream, place: Arc<Place>| {
        let (shared, tls) = (Arc::clone(shared), Arc::clone(&tls));
        let watcher = graceful.watcher();
        tokio::spawn(async move {
            let connection = async {
                let stream = match handshake(tls, stream, &place).await {
                    Ok(stream) => stream,
                    Err(end) => return end,
                };
                let service = |request, place| webhook::answer(Arc::clone(&shared), request, place);
                let panicked = || webhook::panicked(&shared);
                serve(stream, &place, watcher, &service, &panicked).await
            };
            // By a pointer: a future that is handed over lies twice in who takes it.
            let end = to_its_end(&place, Box::pin(connection)).await;
            shared.metrics.ports.closed(Port::Webhook, end);
        });
    };
    let failed = || ports.failed(Port::Webhook);
    accept(listener, &shared.webhooks, connected, failed).await;
}

/// The port of probes and metrics of `of`, for ever.
pub(crate) async fn admin<A: Admin>(
    of: &Arc<A>,
    connections: &Arc<Connections>,
    listener: &TcpListener,
    graceful: &GracefulShutdown,
) {
    let connected = |stream, place: Arc<Place>| {
        let (of, watcher) = (Arc::clone(of), graceful.watcher());
        tokio::spawn(async move {
            let service = |request, _| std::future::ready(admin::answer(&*of, &request));
            let panicked = || of.panicked();
            let connection = serve(stream, &place, watcher, &service, &panicked);
            of.closed(to_its_end(&place, connection).await);
        });
    };
    accept(listener, connections, connected, || of.failed()).await;
}
