//! `pod-hardener controller`: the certificates, and who trusts them.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};

use super::serve::{Ends, Log, bind};
use crate::cluster;
use crate::controller::held::Asked;
use crate::controller::{self, Controller, Names};
use crate::x509;

/// The part of a CA's lifetime that a serving certificate may have: what it signs while it is renewed must end before it.
const PART: u32 = 3;

/// The shortest and the longest time that anything may take: certificates count seconds, and years up to 9999.
const LEAST: Duration = Duration::from_secs(1);
const MOST: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);

/// Arguments of `controller`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The Secret of the certificates, which is made where it is missing.
    #[arg(long, value_name = "NAME")]
    secret: String,
    /// The Service by which the API server reaches the webhook: the certificate is for its names.
    #[arg(long, value_name = "NAME")]
    service: String,
    /// A further name, or address, that the webhook is reached by; may be repeated.
    #[arg(long, value_name = "NAME")]
    dns_name: Vec<String>,
    /// A MutatingWebhookConfiguration that is to trust the certificate; may be repeated.
    #[arg(long, value_name = "NAME")]
    mutating: Vec<String>,
    /// A ValidatingWebhookConfiguration that is to trust the certificate; may be repeated.
    #[arg(long, value_name = "NAME")]
    validating: Vec<String>,
    /// The Deployment that the Secret is removed with.
    #[arg(long, value_name = "NAME")]
    owner: Option<String>,
    /// The namespace of the Secret, the Service and the Deployment; the one of the pod, or of the kubeconfig's context, where
    /// none is named.
    #[arg(long, value_name = "NAME")]
    namespace: Option<String>,
    /// How long a CA is valid. A new one is made when a third of that is left.
    #[arg(long, value_name = "DURATION", default_value = "730d", value_parser = duration)]
    ca_lifetime: Duration,
    /// How long a serving certificate is valid. A new one is made when a third of that is left.
    #[arg(long, value_name = "DURATION", default_value = "90d", value_parser = duration)]
    certificate_lifetime: Duration,
    /// How long every registration must have trusted a CA before it signs.
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = duration)]
    settle: Duration,
    /// Where probes and Prometheus reach /livez, /readyz and /metrics, without TLS.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8080")]
    admin: SocketAddr,
    /// How to reach the cluster's API. Without it, a pod reaches it by its service account.
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
}

/// Keeps the certificates until SIGTERM or SIGINT.
pub(super) fn run(args: Args) -> anyhow::Result<ExitCode> {
    let _log = Log::to_stderr();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let done = runtime.block_on(control(args));
    runtime.shutdown_background();
    done
}

async fn control(args: Args) -> anyhow::Result<ExitCode> {
    let least = args.certificate_lifetime * PART;
    if least > args.ca_lifetime {
        bail!(
            "--certificate-lifetime is more than a third of --ca-lifetime: give a CA at least {}",
            humantime::format_duration(least)
        );
    }
    let Some(config) = cluster::config(args.kubeconfig.as_deref()).await? else {
        bail!("this is no pod: name the cluster by --kubeconfig");
    };
    let namespace = args
        .namespace
        .unwrap_or_else(|| config.default_namespace.clone());
    let names = names(&args.service, &namespace, args.dns_name);
    if let Some(name) = names.iter().find(|name| !x509::is_name(name)) {
        bail!(
            "`{name}` is no name or address that a server can be asked for by: give one as hardener.example or 192.0.2.1"
        );
    }
    let admin = bind("--admin", args.admin)?;
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        admin = %admin.local_addr()?,
        cluster = %config.cluster_url,
        secret = format!("{namespace}/{}", args.secret),
        names = names.join(","),
        "looking after the certificates"
    );
    let controller = Controller {
        config,
        names: Names {
            namespace,
            secret: args.secret,
            owner: args.owner,
            mutating: args.mutating,
            validating: args.validating,
        },
        asked: Asked {
            names,
            ca_lifetime: args.ca_lifetime,
            certificate_lifetime: args.certificate_lifetime,
        },
        settle: args.settle,
        admin,
    };
    let mut ends = Ends::new()?;
    tokio::select! {
        done = controller::run(controller) => {
            done.context("the API cannot be asked")?;
            Ok(ExitCode::FAILURE)
        }
        // Whatever is under way is taken up again by the next one.
        _ = ends.next() => Ok(ExitCode::SUCCESS),
    }
}

/// The names of a Service as clients in and out of its namespace say them, and further ones. The API server says the first
/// (C9).
fn names(service: &str, namespace: &str, more: Vec<String>) -> Vec<String> {
    let of_service = [
        format!("{service}.{namespace}.svc"),
        format!("{service}.{namespace}.svc.cluster.local"),
        format!("{service}.{namespace}"),
    ];
    let mut names = Vec::from(of_service);
    names.extend(more);
    names
}

fn duration(text: &str) -> Result<Duration, String> {
    let duration = humantime::parse_duration(text);
    let duration =
        duration.map_err(|error| format!("{error}; give a duration, as 90d, 12h or 30s"))?;
    match (LEAST..=MOST).contains(&duration) {
        true => Ok(duration),
        false => Err("give between a second and thirty years".to_owned()),
    }
}
