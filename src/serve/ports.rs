//! The two ports: each accepts connections, and each connection is a task.

use std::sync::Arc;

use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::accept::accept;
use super::connection::{handshake, serve, to_its_end};
use super::metrics::Port;
use super::{Shared, admin, webhook};

/// The webhook's port, for ever.
pub(super) async fn webhook(
    shared: &Arc<Shared>,
    listener: &TcpListener,
    acceptor: TlsAcceptor,
    graceful: &GracefulShutdown,
) {
    let ports = &shared.metrics.ports;
    let connected = |stream, place| {
        let (shared, acceptor) = (Arc::clone(shared), acceptor.clone());
        let watcher = graceful.watcher();
        tokio::spawn(async move {
            let connection = async {
                let stream = match handshake(acceptor, stream).await {
                    Ok(stream) => stream,
                    Err(end) => return end,
                };
                let service = |request, place| webhook::answer(Arc::clone(&shared), request, place);
                let panicked = || webhook::panicked(&shared);
                serve(stream, &place, watcher, service, panicked).await
            };
            let end = to_its_end(&place, connection).await;
            shared.metrics.ports.closed(Port::Webhook, end);
        });
    };
    let failed = || ports.failed(Port::Webhook);
    accept(listener, &shared.webhooks, connected, failed).await;
}

/// The port of probes and metrics, for ever.
pub(super) async fn admin(
    shared: &Arc<Shared>,
    listener: &TcpListener,
    graceful: &GracefulShutdown,
) {
    let ports = &shared.metrics.ports;
    let connected = |stream, place| {
        let (shared, watcher) = (Arc::clone(shared), graceful.watcher());
        tokio::spawn(async move {
            let service = |request, _| admin::answer(Arc::clone(&shared), request);
            let panicked = || webhook::panicked(&shared);
            let connection = serve(stream, &place, watcher, service, panicked);
            let end = to_its_end(&place, connection).await;
            shared.metrics.ports.closed(Port::Admin, end);
        });
    };
    let failed = || ports.failed(Port::Admin);
    accept(listener, &shared.admins, connected, failed).await;
}
