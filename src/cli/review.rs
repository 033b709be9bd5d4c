//! `pod-hardener review`: the webhook's answer without the webhook.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::settings;
use crate::admission::{Answer, Mode, answer};
use crate::plan::Facts;
use crate::record::Level;

/// Arguments of `review`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// An AdmissionReview of admission.k8s.io/v1, as JSON; `-` reads it from stdin.
    #[arg(default_value = "-")]
    file: PathBuf,
    /// The profile to answer by.
    #[arg(long, default_value = "restricted")]
    profile: String,
    /// `harden` patches, `audit` reports what would be patched, `preview` warns where a person is needed.
    #[arg(long, default_value = "harden", value_parser = mode)]
    mode: Mode,
    /// The configuration; the embedded one where none is given.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

fn mode(text: &str) -> Result<Mode, String> {
    Mode::from_path_segment(text).ok_or_else(|| "it is harden, audit or preview".to_owned())
}

/// Answers the review on stdout, with the patch in plain JSON beside it, and applies the patch as a check.
pub(super) fn run(args: Args) -> anyhow::Result<ExitCode> {
    let Args {
        file,
        profile,
        mode,
        config,
    } = args;
    let settings = settings(config.as_deref())?;
    let body = read(&file)?;
    let answer = answer(&settings, mode, &profile, &Facts::default(), &body)
        .with_context(|| format!("cannot answer {}", file.display()))?;

    let mut reply: Value = serde_json::from_slice(&answer.body)?;
    let patch = patch_of(&reply)?;
    if let Some(patch) = &patch {
        let review: Value = serde_json::from_slice(&body)?;
        let mut object = review
            .pointer("/request/object")
            .cloned()
            .unwrap_or_default();
        let operations: json_patch::Patch = serde_json::from_value(patch.clone())?;
        if let Err(error) = json_patch::patch(&mut object, &operations) {
            bail!("the patch does not apply, which is a bug of this program: {error}");
        }
    }
    if let (Some(patch), Some(response)) = (patch, reply.get_mut("response")) {
        // For people: the API server reads the base64 form, which `patch` is in the webhook's reply.
        if let Some(response) = response.as_object_mut() {
            response.insert("patch".to_owned(), patch);
        }
    }
    let text =
        serde_json::to_string_pretty(&json!({ "reply": reply, "record": record(&answer)? }))?;
    writeln!(std::io::stdout(), "{text}")?;
    Ok(ExitCode::SUCCESS)
}

/// What the decision log would say of the answer, but when it was given.
fn record(answer: &Answer) -> anyhow::Result<Value> {
    let line = answer.record.line(Level::Full, "", 0).unwrap_or_default();
    let mut record: Value = serde_json::from_slice(&line)?;
    if let Some(record) = record.as_object_mut() {
        record.retain(|key, _| !["time", "duration_us"].contains(&key.as_str()));
    }
    Ok(record)
}

fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    let mut body = Vec::new();
    if file == Path::new("-") {
        std::io::stdin()
            .read_to_end(&mut body)
            .context("cannot read stdin")?;
    } else {
        body = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    }
    Ok(body)
}

/// The patch in a reply, out of its base64.
fn patch_of(reply: &Value) -> anyhow::Result<Option<Value>> {
    let Some(encoded) = reply.pointer("/response/patch").and_then(Value::as_str) else {
        return Ok(None);
    };
    Ok(Some(serde_json::from_slice(&STANDARD.decode(encoded)?)?))
}
