//! The server: sockets, TLS, limits, reloads, health, metrics and a graceful end around the pure [`crate::admission`].
//!
//! It speaks HTTP/1.1 alone, as the API server does to webhooks. It takes bound listeners and a shutdown future, so that
//! tests use free ports and end it as they like.

mod accept;
mod admin;
#[cfg(feature = "bench")]
pub mod bench;
mod body;
mod connection;
mod connections;
mod decisions;
mod metrics;
mod paced;
mod peer;
mod ports;
mod reload;
mod standing;
pub mod tls;
mod watched;
mod webhook;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;

use crate::cluster::Cluster;
use crate::config::Settings;
pub(crate) use admin::Admin;
pub(crate) use connection::Reply;
use connections::Connections;
pub use decisions::Decisions;
pub(crate) use metrics::Lives;
use metrics::Metrics;
pub use metrics::every_metric;
pub(crate) use ports::admin as admin_port;
use standing::Standing;
use tls::{Identity, InForce, TlsError};
pub use watched::Pace;
pub(crate) use webhook::text;

/// How long connections may take to finish what they began once the server is told to end.
const DRAIN: Duration = Duration::from_secs(20);

/// The most bytes that requests and replies under way may hold on the webhook's port: two of the largest.
const HELD: usize = 8 * 1024 * 1024;

/// The most connections to the admin port, and the most bytes of replies under way there.
const ADMINS: (usize, usize) = (64, 4 * 1024 * 1024);

/// A table for the connections of an admin port.
pub(crate) fn admins() -> Arc<Connections> {
    Connections::new(ADMINS.0, ADMINS.1)
}

/// Sockets that are bound already.
#[derive(Debug)]
pub struct Listeners {
    /// For the API server, by TLS.
    pub webhook: TcpListener,
    /// For probes and metrics, in the clear.
    pub admin: TcpListener,
}

/// Where the configuration comes from.
#[derive(Debug)]
pub struct Configuration {
    /// What is in force at the start.
    pub settings: Settings,
    /// The file that it was read from, which is followed from then on.
    pub file: Option<PathBuf>,
}

/// Where the certificate comes from.
#[derive(Debug)]
pub enum Certificate {
    /// It is there, and stays.
    Fixed(Identity),
    /// Two PEM files, which are followed; until they hold a pair, the server is not ready.
    Files {
        /// The certificate, with its chain.
        certificate: PathBuf,
        /// Its key.
        key: PathBuf,
    },
}

/// What is served, and within which limits.
pub struct Server {
    /// The configuration.
    pub configuration: Configuration,
    /// The certificate.
    pub certificate: Certificate,
    /// When files are read again.
    pub pace: Pace,
    /// What is known of the cluster.
    pub cluster: Cluster,
    /// The sockets.
    pub listeners: Listeners,
    /// The most connections to the webhook's port.
    pub max_connections: usize,
    /// How many records of the log were dropped since the start.
    pub log_dropped: LogDropped,
    /// Where each decision is logged.
    pub decisions: Decisions,
}

/// Says how many records of the log were dropped since the start.
pub type LogDropped = Box<dyn Fn() -> u64 + Send + Sync>;

/// What all requests share.
struct Shared {
    settings: Arc<ArcSwap<Settings>>,
    configuration: Standing,
    pair: Arc<InForce>,
    certificate: Standing,
    cluster: Cluster,
    metrics: Metrics,
    webhooks: Arc<Connections>,
    admins: Arc<Connections>,
    log_dropped: LogDropped,
    decisions: Decisions,
    ending: AtomicBool,
}

/// Serves until `shutdown` is done. Its value is how long from then on the server says that it is not ready and still takes
/// all that comes; then it finishes the requests that are under way, for 20 seconds at most.
///
/// # Errors
///
/// When a certificate that is fixed is no pair.
pub async fn run(server: Server, shutdown: impl Future<Output = Duration>) -> Result<(), TlsError> {
    let Server {
        configuration: Configuration { settings, file },
        certificate,
        pace,
        cluster,
        listeners,
        max_connections,
        log_dropped,
        decisions,
    } = server;
    let source = file.as_ref().map_or_else(
        || "the embedded defaults".to_owned(),
        |file| file.display().to_string(),
    );
    let in_force = reload::described(&settings, &source);
    let settings = Arc::new(ArcSwap::from_pointee(settings));
    let shared = Arc::new(Shared {
        metrics: Metrics::new(Arc::clone(&settings)),
        settings,
        configuration: Standing::in_force(in_force),
        pair: Arc::default(),
        certificate: Standing::default(),
        cluster,
        webhooks: Connections::new(max_connections, HELD),
        admins: admins(),
        log_dropped,
        decisions,
        ending: AtomicBool::new(false),
    });
    shared.metrics.configuration.loaded(false);
    let tls = tls::server_config(Arc::clone(&shared.pair))?;
    let certificate = match certificate {
        Certificate::Files { certificate, key } => Some((certificate, key)),
        Certificate::Fixed(identity) => {
            shared.metrics.lives.put("serving", identity.life());
            shared.pair.put(identity.into_pair()?);
            shared.certificate.put("made at start".to_owned());
            shared.metrics.certificate.loaded(false);
            None
        }
    };

    let graceful = (GracefulShutdown::new(), GracefulShutdown::new());
    let mut serving = Box::pin(async {
        tokio::join!(
            reload::follow_configuration(&shared, file, pace.clone()),
            reload::follow_certificate(&shared, certificate, pace),
            ports::webhook(&shared, &listeners.webhook, tls, &graceful.0),
            ports::admin(&shared, &shared.admins, &listeners.admin, &graceful.1),
        )
    });
    let delay = tokio::select! {
        _ = &mut serving => Duration::ZERO,
        delay = shutdown => delay,
    };
    shared.ending.store(true, Ordering::Relaxed);
    if !delay.is_zero() {
        let seconds = delay.as_secs_f64();
        tracing::info!(seconds, "ending: not ready, and serving on meanwhile");
        // That the time is over is what is waited for.
        let _ = tokio::time::timeout(delay, &mut serving).await;
    }
    drop(serving);
    tracing::info!(
        connections = graceful.0.count(),
        "ending: no new connections, finishing what is under way"
    );
    drop(listeners);
    let drained = async {
        graceful.0.shutdown().await;
        graceful.1.shutdown().await;
    };
    if tokio::time::timeout(DRAIN, drained).await.is_err() {
        let seconds = DRAIN.as_secs();
        tracing::warn!(seconds, "some connections did not end in time and were cut");
    }
    Ok(())
}
