//! `pod-hardener serve`: the webhook.

use std::fmt::Write;
use std::io::IsTerminal;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing_subscriber::EnvFilter;

use super::settings;
use crate::cluster::{self, Cluster, Pace};
use crate::config::Settings;
use crate::serve::{self, Listeners, tls::Identity};

/// Arguments of `serve`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Where the API server reaches the webhook.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8443")]
    listen: SocketAddr,
    /// Where probes and Prometheus reach /livez, /readyz and /metrics, without TLS.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8080")]
    admin: SocketAddr,
    /// The certificate, with its chain, as PEM. Without it, one is made at start.
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
}

/// Serves until SIGTERM or SIGINT; a second one ends at once.
pub(super) fn run(args: Args) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(serve(args))
}

async fn serve(args: Args) -> anyhow::Result<ExitCode> {
    let Args {
        listen,
        admin,
        tls_cert,
        tls_key,
        write_ca,
        config,
        kubeconfig,
        no_cluster,
    } = args;
    log_to_stderr();
    let settings = settings(config.as_deref())?;
    let identity = match (tls_cert.as_deref(), tls_key.as_deref()) {
        (Some(certificate), Some(key)) => {
            Identity::from_files(certificate, key).context("--tls-cert and --tls-key")?
        }
        _ => Identity::self_made(listen.ip())?,
    };
    if let (Some(file), Some(ca)) = (&write_ca, identity.ca_pem()) {
        std::fs::write(file, ca)
            .with_context(|| format!("--write-ca: cannot write {}", file.display()))?;
    }
    let tls = identity.into_server_config()?;
    let reached = match no_cluster {
        true => None,
        false => cluster::config(kubeconfig.as_deref()).await?,
    };
    let cluster_url = reached
        .as_ref()
        .map(|config| config.cluster_url.to_string());
    let listeners = Listeners {
        webhook: bind("--listen", listen).await?,
        admin: bind("--admin", admin).await?,
    };
    let mut signals = Signals::new()?;

    let bound = (
        listeners.webhook.local_addr()?,
        listeners.admin.local_addr()?,
    );
    announce(&Announcement {
        settings: &settings,
        config: config.map_or_else(
            || "embedded defaults".to_owned(),
            |file| file.display().to_string(),
        ),
        certificate: match (tls_cert, write_ca) {
            (Some(file), _) => file.display().to_string(),
            (None, Some(ca)) => format!("made at start, its CA is in {}", ca.display()),
            (None, None) => "made at start; --write-ca FILE stores its CA".to_owned(),
        },
        webhook: bound.0,
        admin: bound.1,
        cluster: match (cluster_url, no_cluster) {
            (Some(url), _) => format!("read at {url}, see /readyz?verbose"),
            (None, true) => "not read (--no-cluster)".to_owned(),
            (None, false) => "not read: this is no pod, and there is no --kubeconfig".to_owned(),
        },
    });
    let (ended, second) = tokio::sync::oneshot::channel();
    let cluster = match reached {
        Some(config) => Cluster::follow(config, Pace::default())?,
        None => Cluster::unknown(),
    };
    let server = serve::run(settings, cluster, tls, listeners, async move {
        signals.next().await;
        // Whoever waits for the second signal may be gone already: then the server has ended.
        let _ = ended.send(signals);
    });
    let second = async {
        match second.await {
            Ok(mut signals) => signals.next().await,
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        () = server => Ok(ExitCode::SUCCESS),
        () = second => {
            tracing::warn!("ended at once by a second signal");
            Ok(ExitCode::FAILURE)
        }
    }
}

async fn bind(flag: &str, address: SocketAddr) -> anyhow::Result<TcpListener> {
    let bound = TcpListener::bind(address).await;
    bound.with_context(|| {
        format!("{flag}: cannot listen on {address}; give another address or end who listens there")
    })
}

/// The signals that end the server.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// What a person wants to know once the server listens.
struct Announcement<'a> {
    settings: &'a Settings,
    config: String,
    certificate: String,
    webhook: SocketAddr,
    admin: SocketAddr,
    cluster: String,
}

/// Says where the server listens: as text on a terminal, as a log record otherwise.
#[expect(
    clippy::print_stderr,
    reason = "the start of a server is said to the person who started it"
)]
fn announce(this: &Announcement<'_>) {
    let profiles: Vec<&str> = this.settings.profile_names().collect();
    if !std::io::stderr().is_terminal() {
        tracing::info!(
            version = env!("CARGO_PKG_VERSION"),
            webhook = %this.webhook,
            admin = %this.admin,
            profiles = profiles.join(","),
            config = this.config,
            config_version = this.settings.version(),
            certificate = this.certificate,
            cluster = this.cluster,
            "serving"
        );
        return;
    }
    let first = profiles.first().copied().unwrap_or("compatible");
    let mut text = format!("pod-hardener {}\n\n", env!("CARGO_PKG_VERSION"));
    for (name, value) in [
        (
            "webhook",
            format!(
                "https://{}/harden/<profile>, /audit/<profile>, /preview/<profile>",
                this.webhook
            ),
        ),
        (
            "admin",
            format!("http://{}/livez, /readyz, /metrics", this.admin),
        ),
        (
            "profiles",
            format!(
                "{} ({}, version {})",
                profiles.join(", "),
                this.config,
                this.settings.version()
            ),
        ),
        ("certificate", this.certificate.clone()),
        ("cluster", this.cluster.clone()),
    ] {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {name:<12}{value}");
    }
    eprintln!(
        "{text}\nTry it, from the checkout:\n\n  curl -sk https://{}/harden/{first} -H 'content-type: application/json' \
         -d @examples/review.json\n",
        this.webhook
    );
}

/// What is logged where `RUST_LOG` is silent. The watches' own library repeats what we say ourselves.
const LOGGED: &str = "info,kube_runtime=off,kube_client=off";

/// Records go to stderr: as text on a terminal, as JSON otherwise. `RUST_LOG` chooses which.
fn log_to_stderr() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(LOGGED));
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    if std::io::stderr().is_terminal() {
        subscriber.init();
    } else {
        subscriber.json().flatten_event(true).init();
    }
}
