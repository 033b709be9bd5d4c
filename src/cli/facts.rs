//! `pod-hardener facts`: what rules ask of a cluster, taken along to where files are.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};

use super::output;
use crate::cluster::{exported, listed};
use crate::plan::Facts;

/// The commands on facts.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Write what rules ask of a cluster, for `check --facts` and `harden --facts`: who has a role, which accounts there are, where
    /// an autoscaler, a quota or a LimitRange is. Exit code 1 where the API gave a part of it only.
    Export(Export),
}

/// Arguments of `facts export`.
#[derive(Debug, clap::Args)]
pub(super) struct Export {
    /// Where to write it; stdout where nothing is given.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// How to reach the cluster's API. Without it: as kubectl does, or, in a pod, by its service account.
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
}

/// Runs a command on facts.
pub(super) fn run(command: Command) -> anyhow::Result<ExitCode> {
    let Command::Export(args) = command;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let (facts, unknown) = runtime.block_on(look(args.kubeconfig.as_deref()))?;
    let text = exported::write(&facts)?;
    output::write(args.output.as_deref(), |out| out.write_all(text.as_bytes()))?;
    say_unknown(&unknown);
    Ok(match unknown.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// The facts in a file.
pub(super) fn read(file: &Path) -> anyhow::Result<Facts> {
    let text = std::fs::read_to_string(file);
    let text = text.with_context(|| format!("cannot read the facts {}", file.display()))?;
    exported::read(&text).with_context(|| format!("--facts: {} is refused", file.display()))
}

#[expect(
    clippy::print_stderr,
    reason = "what could not be read is said on stderr"
)]
fn say_unknown(unknown: &[(&str, String)]) {
    for (kind, why) in unknown {
        eprintln!("unknown: {kind}: {why}: rules that ask for it are careful");
    }
}

async fn look(kubeconfig: Option<&Path>) -> anyhow::Result<(Facts, Vec<(&'static str, String)>)> {
    let config = super::cluster_config(kubeconfig).await?;
    let url = config.cluster_url.to_string();
    let client = kube::Client::try_from(config)?;
    let (facts, unknown) = listed::facts(&client).await;
    if facts == Facts::default() {
        let why = unknown.into_iter().next().map(|(_, why)| why);
        bail!(
            "nothing can be read of the cluster at {url}: {}",
            why.unwrap_or_default()
        );
    }
    Ok((facts, unknown))
}
