//! `pod-hardener audit`: what is open in a cluster.

mod file;
mod object;
mod read;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};

use super::output::{self, FailOn, Output};
use crate::audit::report::Format;
use crate::audit::{Audit, Explained, Report, State, Task};
use crate::cluster::listed;
use crate::doctor::look;
use crate::finding::Severity;
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
    #[arg(short, long, value_name = "FORMAT[=FILE]", default_value = "text", value_parser = |text: &str| output::output(text, &Format::ALL))]
    output: Vec<Output<Format>>,
    /// From which severity on findings give exit code 1: error, warning, note, or never.
    #[arg(long, value_name = "SEVERITY", default_value = "warning")]
    fail_on: FailOn,
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
    // One that cannot be written is no reason to lose the others.
    let write = |(format, file): &Output<Format>| {
        output::write(file.as_deref(), |out| format.write(&report, out))
    };
    let written: Vec<anyhow::Result<()>> = args.output.iter().map(write).collect();
    written.into_iter().collect::<anyhow::Result<()>>()?;
    let worst = report.findings().next().transpose()?;
    Ok(args.fail_on.code(worst.iter().map(|found| found.severity)))
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
        output::write(file.as_deref(), |out| out.write_all(text.as_bytes()))?;
    }
    let states = explained.fields.iter().map(|(entry, _)| entry.state);
    let severities = states.filter_map(|state| match state {
        State::Met => None,
        State::Missing | State::Superfluous => Some(Severity::Error),
        State::Unsafe => Some(Severity::Warning),
        _ => Some(Severity::Note),
    });
    Ok(args.fail_on.code(severities))
}

async fn look_at(args: &Args) -> anyhow::Result<Found> {
    let config = super::cluster_config(args.kubeconfig.as_deref()).await?;
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
        spool: file::spool(),
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
        let report = audit.finish().context(
            "what is found cannot be kept in a temporary file: TMPDIR names another folder for it",
        )?;
        return Ok(Found::Cluster(Box::new(report)));
    };
    let namespace = only.unwrap_or(&default_namespace);
    reader.around(&mut audit, namespace).await;
    let (source, above) = object::read(&client, namespace, written).await?;
    let explained = audit.explain(&source, above.as_ref());
    let explained = explained.with_context(|| format!("{written} cannot be read"))?;
    Ok(Found::Object(explained))
}
