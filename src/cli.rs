//! The commands.

mod audit;
mod check;
mod config;
mod controller;
mod doctor;
mod explain;
mod facts;
mod files;
mod harden;
mod output;
mod review;
mod rules;
mod serve;

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use clap::{CommandFactory, Parser, Subcommand};
use kube::config::{KubeConfigOptions, Kubeconfig};

use crate::cluster;
use crate::config::Settings;

/// Fills in the security settings that a pod's author left out.
#[derive(Debug, Parser)]
#[command(version, about, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the webhook.
    Serve(serve::Args),
    /// Look after the certificates of the webhook, and who trusts them.
    Controller(controller::Args),
    /// Say what is wrong with what is installed, and what to do.
    Doctor(doctor::Args),
    /// Look at manifests: what is missing, unsafe, or left undone, and where.
    Check(check::Args),
    /// Harden manifests: print them, or write them in place.
    Harden(harden::Args),
    /// Take along what files do not say of the cluster that they are for.
    #[command(subcommand)]
    Facts(facts::Command),
    /// Say what is open in a cluster: by the webhook's own rules, and by reading alone.
    Audit(audit::Args),
    /// Answer one AdmissionReview from a file, as the webhook would, and check the patch.
    Review(review::Args),
    /// Check a configuration, print what it comes to, or its grammar.
    #[command(subcommand)]
    Config(config::Command),
    /// Print the rules as the Markdown of docs/rules.md.
    Rules,
    /// Explain a rule: what it sets, why, when it does not, and how to be excepted from it.
    Explain(explain::Args),
    /// Print what makes a shell complete the commands.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

impl Cli {
    /// Runs the command. An error goes to stderr with its causes, and the exit code is 2.
    #[must_use]
    #[expect(
        clippy::print_stderr,
        reason = "the one place where an error of a command is said"
    )]
    pub fn run(self) -> ExitCode {
        let done = match self.command {
            Command::Serve(args) => serve::run(args),
            Command::Controller(args) => controller::run(args),
            Command::Doctor(args) => doctor::run(args),
            Command::Check(args) => check::run(args),
            Command::Harden(args) => harden::run(args),
            Command::Facts(command) => facts::run(command),
            Command::Audit(args) => audit::run(args),
            Command::Review(args) => review::run(args),
            Command::Config(command) => config::run(command),
            Command::Rules => rules::run(),
            Command::Explain(args) => explain::run(&args),
            Command::Completions { shell } => {
                let mut out = std::io::stdout();
                clap_complete::generate(shell, &mut Self::command(), "pod-hardener", &mut out);
                Ok(ExitCode::SUCCESS)
            }
        };
        done.unwrap_or_else(|error| {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        })
    }
}

/// The configuration in `file`, or the embedded one.
fn settings(file: Option<&Path>) -> anyhow::Result<Settings> {
    let Some(file) = file else {
        return Ok(Settings::embedded());
    };
    parse(&read(file)?, &file.display().to_string())
}

/// The text of a configuration.
fn read(file: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(file)
        .with_context(|| format!("cannot read the configuration {}", file.display()))
}

/// The configuration in a text that is called `name`.
fn parse(text: &str, name: &str) -> anyhow::Result<Settings> {
    Settings::parse(text, name)
        .map_err(|error| anyhow::anyhow!("the configuration is refused\n{error}"))
}

/// How to reach a cluster, as kubectl finds it: `kubeconfig`, or a pod's service account, or the usual places of a kubeconfig.
async fn cluster_config(kubeconfig: Option<&Path>) -> anyhow::Result<kube::Config> {
    if let Some(config) = cluster::config(kubeconfig).await? {
        return Ok(config);
    }
    let missing = "there is no kubeconfig: name the cluster by --kubeconfig, or in KUBECONFIG";
    let kubeconfig = Kubeconfig::read().context(missing)?;
    let options = KubeConfigOptions::default();
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, &options);
    config.await.context(missing)
}
