//! `pod-hardener doctor`: whether what is installed works.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::SystemTime;

use anyhow::Context;

use crate::doctor::probe::{self, Probe};
use crate::doctor::{self, Program, look};
use crate::finding::{self, Finding, Severity};

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
    /// The servers' configuration, where it cannot be read from the cluster.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Run a pod on each node that tells whether user namespaces can be switched on.
    #[arg(long)]
    probe: bool,
    /// The image of these pods: this program. Without it, the one of the servers.
    #[arg(long, value_name = "IMAGE", requires = "probe")]
    probe_image: Option<String>,
    /// The namespace of these pods. Without it, the one of the servers.
    #[arg(long, value_name = "NAME", requires = "probe")]
    probe_namespace: Option<String>,
    /// How the findings are written.
    #[arg(short, long, value_enum, default_value_t)]
    output: Format,
    /// What the pods of --probe do: tell by the exit code whether they are in a user namespace of their own.
    #[arg(long, hide = true)]
    in_user_namespace: bool,
}

/// What a probe finds; that it cannot be made is a finding too.
async fn probed(client: &kube::Client, probe: &Probe) -> Vec<Finding> {
    let why = if probe.image.is_empty() || probe.namespace.is_empty() {
        "there is no server whose image and namespace its pods could have: name them by --probe-image and --probe-namespace".to_owned()
    } else {
        match probe::probe(client, probe).await {
            Ok(findings) => return findings,
            Err(error) => error.to_string(),
        }
    };
    vec![Finding {
        severity: Severity::Warning,
        check: "user-namespaces",
        object: "the probe".to_owned(),
        what: format!("could not be made: {why}"),
        remedy: "it needs to list nodes, and to make and delete pods in its namespace".to_owned(),
    }]
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
    let config = super::cluster_config(args.kubeconfig.as_deref()).await?;
    let url = config.cluster_url.to_string();
    let client = kube::Client::try_from(config)?;
    let given = match &args.config {
        Some(file) => Some((file.display().to_string(), super::settings(Some(file))?)),
        None => None,
    };
    let seen = look::look(&client, [args.mutating, args.validating], given).await;
    let seen = seen.with_context(|| format!("cannot look at the cluster at {url}"))?;
    let mut findings = doctor::diagnose(&seen, SystemTime::now());
    if args.probe {
        let Program {
            namespace,
            servers,
            pull_secrets,
        } = seen.program;
        let of_server = servers.into_iter().next().map(|server| server.image);
        let probe = Probe {
            namespace: args.probe_namespace.unwrap_or(namespace),
            image: args.probe_image.or(of_server).unwrap_or_default(),
            pull_secrets,
        };
        findings.extend(probed(&client, &probe).await);
        finding::sort(&mut findings);
    }
    let text = match args.output {
        Format::Text => doctor::text(&findings),
        Format::Json => doctor::json(&findings),
    };
    std::io::stdout().lock().write_all(text.as_bytes())?;
    let wrong = findings
        .iter()
        .any(|finding| finding.severity > Severity::Note);
    Ok(if wrong {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}
