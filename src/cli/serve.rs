//! `pod-hardener serve`: the webhook.

mod announce;
mod log;
mod signals;
mod stdout;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use tokio::net::{TcpListener, TcpSocket};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{oneshot, watch};

use super::settings;
use crate::cluster::{self, Cluster};
use crate::record::Level;
use crate::serve::{
    self, Certificate, Configuration, Decisions, Listeners, Pace, Server, tls::Identity,
};
use announce::{Announcement, announce};
pub(super) use log::Log;
pub(super) use signals::Ends;
use signals::{Told, pass_on};
use stdout::decisions;

/// How many connections the system keeps for us to accept: a burst must not make honest clients wait for a second try.
const BACKLOG: u32 = 4_096;

/// Arguments of `serve`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Where the API server reaches the webhook.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8443")]
    listen: SocketAddr,
    /// Where probes and Prometheus reach /livez, /readyz and /metrics, without TLS.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8080")]
    admin: SocketAddr,
    /// The certificate, with its chain, as PEM; the server waits for it. Without this, one is made at start.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The certificate's private key, as PEM.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Where to store the CA of a certificate that is made at start, as PEM: the registration's `caBundle`.
    #[arg(long, value_name = "FILE", conflicts_with = "tls_cert")]
    write_ca: Option<PathBuf>,
    /// The configuration; the embedded one where none is given.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// How to reach the cluster's API, which is only read. Without it, a pod reaches it by its service account, and
    /// anybody else asks nothing.
    #[arg(long, value_name = "FILE", conflicts_with = "no_cluster")]
    kubeconfig: Option<PathBuf>,
    /// Read nothing from the cluster's API: rules that ask for more than the pod says are careful.
    #[arg(long)]
    no_cluster: bool,
    /// How often the files of --config, --tls-cert and --tls-key are read again, in seconds; SIGHUP does it at once.
    #[arg(long, value_name = "SECONDS", default_value = "2", value_parser = interval)]
    reload_interval: Duration,
    /// How long after SIGTERM the server still takes what comes, while it says that it is not ready.
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    shutdown_delay: Duration,
    /// The most connections to the webhook. Beyond them, one that is not in use is closed.
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u16).range(1..))]
    max_connections: u16,
    /// How much of each decision goes to stdout, as one line of JSON: `off`, `summary`, or `full` with every field and reason.
    #[arg(long, value_name = "LEVEL", default_value = "summary", value_parser = level)]
    decision_log: Level,
}

/// Serves until SIGTERM or SIGINT; a second one ends at once.
pub(super) fn run(args: Args) -> anyhow::Result<ExitCode> {
    let log = Log::to_stderr();
    let (decisions, _rest) = decisions(args.decision_log)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let done = runtime.block_on(serve(args, &log, decisions));
    // A file that is still being read, from a disk that hangs, is not waited for.
    runtime.shutdown_background();
    done
}

async fn serve(args: Args, log: &Log, decisions: Decisions) -> anyhow::Result<ExitCode> {
    let Args {
        listen,
        admin,
        tls_cert,
        tls_key,
        write_ca,
        config,
        kubeconfig,
        no_cluster,
        reload_interval,
        shutdown_delay,
        max_connections,
        decision_log: _,
    } = args;
    let settings = settings(config.as_deref())?;
    let certificate = match (&tls_cert, tls_key) {
        (Some(certificate), Some(key)) => Certificate::Files {
            certificate: certificate.clone(),
            key,
        },
        _ => Certificate::Fixed(made(listen, write_ca.as_deref())?),
    };
    let reached = match no_cluster {
        true => None,
        false => cluster::config(kubeconfig.as_deref()).await?,
    };
    let cluster_url = reached
        .as_ref()
        .map(|config| config.cluster_url.to_string());
    let listeners = Listeners {
        webhook: bind("--listen", listen)?,
        admin: bind("--admin", admin)?,
    };
    let (mut ends, hangup) = (Ends::new()?, signal(SignalKind::hangup())?);
    announce(&Announcement {
        settings: &settings,
        config: config.as_ref().map_or_else(
            || "embedded defaults".to_owned(),
            |file| file.display().to_string(),
        ),
        certificate: match (tls_cert, write_ca) {
            (Some(file), _) => file.display().to_string(),
            (None, Some(ca)) => format!("made at start, its CA is in {}", ca.display()),
            (None, None) => "made at start; --write-ca FILE stores its CA".to_owned(),
        },
        webhook: listeners.webhook.local_addr()?,
        admin: listeners.admin.local_addr()?,
        cluster: match (cluster_url, no_cluster) {
            (Some(url), _) => format!("read at {url}, see /readyz?verbose"),
            (None, true) => "not read (--no-cluster)".to_owned(),
            (None, false) => "not read: this is no pod, and there is no --kubeconfig".to_owned(),
        },
    });
    let (asks, now) = watch::channel(());
    let server = Server {
        configuration: Configuration {
            settings,
            file: config,
        },
        certificate,
        pace: Pace {
            interval: reload_interval,
            now,
        },
        cluster: match reached {
            Some(config) => Cluster::follow(config, cluster::Pace::default())?,
            None => Cluster::unknown(),
        },
        listeners,
        max_connections: max_connections.into(),
        log_dropped: Box::new(log.dropped()),
        decisions,
    };
    let (ended, second) = oneshot::channel();
    let server = serve::run(server, async move {
        let told = ends.next().await;
        // Whoever waits for the second signal may be gone already: then the server has ended.
        let _ = ended.send(ends);
        match told {
            Told::Terminate => shutdown_delay,
            Told::Interrupt => Duration::ZERO,
        }
    });
    let second = async {
        match second.await {
            Ok(mut ends) => ends.next().await,
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        done = server => {
            done?;
            Ok(ExitCode::SUCCESS)
        }
        _ = second => {
            tracing::warn!("ended at once by a second signal");
            Ok(ExitCode::FAILURE)
        }
        () = pass_on(hangup, asks) => Ok(ExitCode::FAILURE),
    }
}

/// A certificate made now, whose CA goes to `write_ca`.
fn made(listen: SocketAddr, write_ca: Option<&std::path::Path>) -> anyhow::Result<Identity> {
    let identity = Identity::self_made(listen.ip())?;
    if let (Some(file), Some(ca)) = (write_ca, identity.ca_pem()) {
        std::fs::write(file, ca)
            .with_context(|| format!("--write-ca: cannot write {}", file.display()))?;
    }
    Ok(identity)
}

pub(super) fn bind(flag: &str, address: SocketAddr) -> anyhow::Result<TcpListener> {
    let bound = || {
        let socket = match address {
            SocketAddr::V4(_) => TcpSocket::new_v4()?,
            SocketAddr::V6(_) => TcpSocket::new_v6()?,
        };
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    bound().with_context(|| {
        format!("{flag}: cannot listen on {address}; give another address or end who listens there")
    })
}

fn level(text: &str) -> Result<Level, String> {
    let mut levels = Level::ALL.into_iter();
    let level = levels.find(|level| level.as_str() == text);
    level.ok_or_else(|| "it is off, summary or full".to_owned())
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok();
    seconds
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| "give seconds, as 2 or 0.5".to_owned())
}

fn interval(text: &str) -> Result<Duration, String> {
    let interval = seconds(text)?;
    match interval < Duration::from_millis(100) {
        true => Err("give 0.1 or more".to_owned()),
        false => Ok(interval),
    }
}
