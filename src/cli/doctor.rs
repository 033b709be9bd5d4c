//! `pod-hardener doctor`: whether what is installed works.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::SystemTime;

use anyhow::{Context, bail};
use kube::config::{KubeConfigOptions, Kubeconfig};

use crate::cluster;
use crate::doctor::{self, Severity, look, probe};

/// Arguments of `doctor`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// How to reach the cluster's API. Without it: as kubectl does, or, in a pod, by its service account.
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// The MutatingWebhookConfiguration that hardens.
    #[arg(long, value_name = "NAME", default_value = "zz-pod-hardener")]
    mutating: String,
    /// The ValidatingWebhookConfiguration that looks.
    #[arg(long, value_name = "NAME", default_value = "pod-hardener")]
    validating: String,
    /// Run a pod on each node that tells whether user namespaces can be switched on.
    #[arg(long)]
    probe: bool,
    /// The image of these pods: this program. Without it, the one of the servers.
    #[arg(long, value_name = "IMAGE", requires = "probe")]
    probe_image: Option<String>,
    /// The namespace of these pods.
    #[arg(
        long,
        value_name = "NAME",
        requires = "probe",
        default_value = "pod-hardener"
    )]
    probe_namespace: String,
    /// How the findings are written.
    #[arg(short, long, value_enum, default_value_t)]
    output: Format,
    /// What the pods of --probe do: tell by the exit code whether they are in a user namespace of their own.
    #[arg(long, hide = true)]
    in_user_namespace: bool,
}

/// How findings are written.
#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
enum Format {
    /// For a person.
    #[default]
    Text,
    /// For a program.
    Json,
}

/// Says what is wrong. The exit code is 0 where nothing is, and 1 where there are errors or warnings.
pub(super) fn run(args: Args) -> anyhow::Result<ExitCode> {
    if args.in_user_namespace {
        let map = std::fs::read_to_string("/proc/self/uid_map").context("/proc/self/uid_map")?;
        return Ok(match probe::is_own_namespace(&map) {
            true => ExitCode::SUCCESS,
            false => ExitCode::FAILURE,
        });
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(examine(args))
}

async fn examine(args: Args) -> anyhow::Result<ExitCode> {
    let config = match cluster::config(args.kubeconfig.as_deref()).await? {
        Some(config) => config,
        None => {
            let missing =
                "there is no kubeconfig: name the cluster by --kubeconfig, or in KUBECONFIG";
            let kubeconfig = Kubeconfig::read().context(missing)?;
            kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default())
                .await
                .context(missing)?
        }
    };
    let url = config.cluster_url.to_string();
    let client = kube::Client::try_from(config.clone())?;
    let seen = look::look(config, [args.mutating, args.validating]).await;
    let seen = seen.with_context(|| format!("cannot look at the cluster at {url}"))?;
    let mut findings = doctor::diagnose(&seen, SystemTime::now());
    if args.probe {
        let of_server = seen.servers.first().map(|server| server.image.clone());
        let Some(image) = args.probe_image.or(of_server) else {
            bail!("there is no server whose image the probe could have: name one by --probe-image");
        };
        let probed = probe::probe(&client, &args.probe_namespace, &image).await;
        findings.extend(probed.context("cannot probe the nodes")?);
        findings.sort_by_key(|finding| finding.severity);
    }
    let text = match args.output {
        Format::Text => doctor::text(&findings),
        Format::Json => doctor::json(&findings),
    };
    std::io::stdout().lock().write_all(text.as_bytes())?;
    let wrong = findings
        .iter()
        .any(|finding| finding.severity < Severity::Note);
    Ok(if wrong {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}
