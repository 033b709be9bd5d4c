//! `pod-hardener audit`: what is open in a cluster.

mod object;
mod read;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use kube::config::{KubeConfigOptions, Kubeconfig};

use crate::audit::report::Format;
use crate::audit::{Audit, Explained, Finding, Report, Severity, State, Task};
use crate::cluster::{self, listed};
use crate::doctor::look;
use read::Reader;

/// Arguments of `audit`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Explain one object, as pod/NAME or deploy/NAME: each field, who set it and why, or what is missing.
    #[arg(value_name = "KIND/NAME")]
    object: Option<String>,
    /// Look at this namespace only.
    #[arg(short, long, value_name = "NAME")]
    namespace: Option<String>,
    /// Look at everything by this profile, whatever the labels say: what it would change.
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// The configuration. Without it, the one that the servers in the cluster have, or else the embedded one.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// How to reach the cluster's API. Without it: as kubectl does, or, in a pod, by its service account.
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// The MutatingWebhookConfiguration that hardens.
    #[arg(long, value_name = "NAME", default_value = "zz-pod-hardener")]
    mutating: String,
    /// How the report is told, and into which file; stdout where none is given. May be repeated. Formats: text, json, markdown,
    /// html.
    #[arg(short, long, value_name = "FORMAT[=FILE]", default_value = "text", value_parser = output)]
    output: Vec<(Format, Option<PathBuf>)>,
    /// From which severity on findings give exit code 1: error, warning, note, or never.
    #[arg(long, value_name = "SEVERITY", default_value = "warning", value_parser = fail_on)]
    fail_on: FailOn,
}

fn output(text: &str) -> Result<(Format, Option<PathBuf>), String> {
    let (name, file) = match text.split_once('=') {
        Some((name, file)) => (name, Some(PathBuf::from(file))),
        None => (text, None),
    };
    let names: Vec<&str> = Format::ALL.iter().map(|(name, _)| *name).collect();
    let format = Format::named(name).ok_or_else(|| format!("it is one of {}", names.join(", ")))?;
    Ok((format, file))
}

/// From which severity on findings fail; `None` is never.
#[derive(Clone, Copy, Debug)]
struct FailOn(Option<Severity>);

fn fail_on(text: &str) -> Result<FailOn, String> {
    Ok(FailOn(match text {
        "never" => None,
        "note" => Some(Severity::Note),
        "warning" => Some(Severity::Warning),
        "error" => Some(Severity::Error),
        _ => return Err("it is error, warning, note or never".to_owned()),
    }))
}

/// Looks at the cluster. The exit code is 1 where something is found that fails, and 2 where nothing could be looked at.
pub(super) fn run(args: Args) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let report = match runtime.block_on(look_at(&args))? {
        Found::Cluster(report) => report,
        Found::Object(explained) => return explain(&args, &explained),
    };
    for (format, file) in &args.output {
        put_out(&report, *format, file.as_deref())?;
    }
    let fails = |found: &Finding| args.fail_on.0.is_some_and(|from| found.severity >= from);
    Ok(match report.findings().iter().any(fails) {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    })
}

/// What was looked at.
enum Found {
    Cluster(Box<Report>),
    Object(Explained),
}

/// Tells of one object. The exit code is 1 where something is missing.
fn explain(args: &Args, explained: &Explained) -> anyhow::Result<ExitCode> {
    for (format, file) in &args.output {
        let text = match format {
            Format::Text => explained.text(),
            Format::Json => explained.json(),
            Format::Markdown | Format::Html => bail!("one object is told as text or json"),
        };
        write(&text, file.as_deref())?;
    }
    let mut states = explained.fields.iter().map(|(entry, _)| entry.state);
    let severity = |state: State| match state {
        State::Missing | State::Superfluous => Severity::Error,
        State::Unsafe => Severity::Warning,
        _ => Severity::Note,
    };
    let fails =
        |state| state != State::Met && args.fail_on.0.is_some_and(|from| severity(state) >= from);
    Ok(match states.any(fails) {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    })
}

async fn look_at(args: &Args) -> anyhow::Result<Found> {
    let config = config(args.kubeconfig.as_deref()).await?;
    let url = config.cluster_url.to_string();
    let default_namespace = config.default_namespace.clone();
    let client = kube::Client::try_from(config)?;
    let version = client.apiserver_version().await;
    version.with_context(|| format!("cannot look at the cluster at {url}"))?;
    let seen = look::installed(&client, &args.mutating).await;
    let (settings, configuration) = match (&args.config, &seen.settings) {
        (Some(file), _) => (super::settings(Some(file))?, file.display().to_string()),
        (None, Some((from, Ok(settings)))) => (settings.clone(), from.clone()),
        (None, Some((from, Err(error)))) => {
            bail!(
                "the configuration in force cannot be read, name one by --config: {from}: {error}"
            )
        }
        (None, None) => (super::settings(None)?, "embedded".to_owned()),
    };
    if let Some(profile) = &args.profile
        && settings.profile(profile).is_none()
    {
        let known: Vec<&str> = settings.profile_names().collect();
        bail!(
            "--profile: there is no profile `{profile}`: there is {}",
            known.join(", ")
        );
    }
    let (facts, unknown) = listed::facts(&client).await;
    let mut audit = Audit::new(Task {
        settings: settings.clone(),
        configuration,
        facts,
        profile: args.profile.clone(),
    });
    for (kind, why) in unknown {
        audit.unseen(
            &format!("facts: {kind}"),
            &format!("{why}: rules that ask for it are careful"),
        );
    }
    for unseen in &seen.unseen {
        audit.unseen(&unseen.what, &unseen.why);
    }
    if seen.entries().is_empty() {
        audit.unseen(
            "the registration of the webhook",
            "there is none, or it cannot be read: labels are taken at their word",
        );
    }
    let reader = Reader {
        client: &client,
        seen: &seen,
        settings: &settings,
    };
    let only = args.namespace.as_deref();
    let Some(written) = &args.object else {
        reader.all(&mut audit, only).await;
        return Ok(Found::Cluster(Box::new(audit.finish())));
    };
    let namespace = only.unwrap_or(&default_namespace);
    reader.around(&mut audit, namespace).await;
    let (source, above) = object::read(&client, namespace, written).await?;
    let explained = audit.explain(&source, above.as_ref());
    let explained = explained.with_context(|| format!("{written} cannot be read"))?;
    Ok(Found::Object(explained))
}

async fn config(kubeconfig: Option<&Path>) -> anyhow::Result<kube::Config> {
    if let Some(config) = cluster::config(kubeconfig).await? {
        return Ok(config);
    }
    let missing = "there is no kubeconfig: name the cluster by --kubeconfig, or in KUBECONFIG";
    let kubeconfig = Kubeconfig::read().context(missing)?;
    let options = KubeConfigOptions::default();
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, &options);
    config.await.context(missing)
}

fn put_out(report: &Report, format: Format, file: Option<&Path>) -> anyhow::Result<()> {
    write(&format.render(report), file)
}

fn write(text: &str, file: Option<&Path>) -> anyhow::Result<()> {
    match file {
        Some(file) => std::fs::write(file, text)
            .with_context(|| format!("cannot write the report {}", file.display())),
        None => Ok(std::io::stdout().lock().write_all(text.as_bytes())?),
    }
}
