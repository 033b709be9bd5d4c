//! `pod-hardener check`: what the webhook would find in manifests, and where.

mod telling;

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use serde_json::Value;

use telling::Telling;

use super::files::{self, Input, Task};
use super::output::{self, FailOn, Output};
use crate::manifest::{By, Flaw, Judged, Manifest, Refusal, Splice};
use crate::report::{self, Class, Edit, Failed, Format, Item, Report, plain};

/// Arguments of `check`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    files: files::Which,
    /// How findings are told, and into which file; stdout where none is given. May be repeated. Formats: text, concise, json, sarif,
    /// github, markdown.
    #[arg(long, short, value_name = "FORMAT[=FILE]", default_value = "text", value_parser = |text: &str| output::output(text, &Format::ALL))]
    output: Vec<Output<Format>>,
    /// A JSON report (`-o json=FILE`) of what is known already: only other findings are told.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// From which severity on findings give exit code 1: gaps are errors, unsafe choices warnings, steps back notes; or `never`.
    #[arg(long, value_name = "SEVERITY", default_value = "warning")]
    fail_on: FailOn,
}

/// Looks at files. The exit code is 2 where one of them could not be read, 1 where something was found that fails.
pub(super) fn run(args: Args) -> anyhow::Result<ExitCode> {
    let known = args.baseline.as_deref().map(baseline).transpose()?;
    let task = Task::new(&args.files)?;
    let by = By {
        settings: &task.settings,
        profile: task.profile()?,
        namespace: &task.namespace,
        facts: &task.facts,
    };
    let fixes = args
        .output
        .iter()
        .any(|(format, _)| *format == Format::Sarif);
    let mut report = Report {
        files: task.inputs.len(),
        profile: by.profile.name().to_owned(),
        ..Report::default()
    };
    let mut telling = Telling::begin(&args.output, by.profile.name());
    let mut severities = BTreeSet::new();
    files::each(
        &task.inputs,
        task.jobs,
        |input| look(input, by, fixes),
        |_, mut found| {
            report.silenced += found.silenced + found.without(known.as_ref());
            for item in &found.items {
                *report.found.entry(item.class).or_default() += 1;
                severities.insert(item.severity);
            }
            report.failed.extend(found.failed);
            telling.items(&found.items);
        },
    );
    let told = telling.end(&report);
    say_failures(&report);
    told?;
    Ok(match report.failed.is_empty() {
        true => args.fail_on.code(severities.into_iter()),
        false => ExitCode::from(2),
    })
}

#[expect(
    clippy::print_stderr,
    reason = "what could not be read is said on stderr"
)]
fn say_failures(report: &Report) {
    for Failed { file, at, message } in &report.failed {
        match at {
            Some((line, column)) => eprintln!("error: {file}:{line}:{column}: {message}"),
            None => eprintln!("error: {file}: {message}"),
        }
    }
}

/// The fingerprints in a JSON report.
fn baseline(file: &Path) -> anyhow::Result<HashSet<String>> {
    let read = || -> anyhow::Result<HashSet<String>> {
        let report: Value = serde_json::from_slice(&std::fs::read(file)?)?;
        let findings = report.get("findings").and_then(Value::as_array);
        let findings = findings.context("it is no report of `check -o json`")?;
        let prints = findings
            .iter()
            .filter_map(|one| one.get("fingerprint")?.as_str());
        Ok(prints.map(ToOwned::to_owned).collect())
    };
    read().with_context(|| format!("cannot read the baseline {}", file.display()))
}

/// What was found in a file.
#[derive(Default)]
struct Found {
    items: Vec<Item>,
    failed: Vec<Failed>,
    silenced: usize,
    /// What would harden each object, where it is asked for.
    fixes: Vec<Vec<Edit>>,
}

impl Found {
    /// Leaves out what is known, and puts what would harden an object beside its first gap that is left; how many are left out.
    fn without(&mut self, known: Option<&HashSet<String>>) -> usize {
        let all = self.items.len();
        let is_known = |item: &Item| known.is_some_and(|known| known.contains(&item.fingerprint));
        self.items.retain(|item| !is_known(item));
        let gaps = self
            .items
            .iter_mut()
            .filter(|item| item.class == Class::Gap);
        for gap in gaps {
            let fix = self.fixes.get_mut(gap.position);
            gap.fix = fix.map(std::mem::take).unwrap_or_default();
        }
        all - self.items.len()
    }
}

fn look(input: &Input, by: By<'_>, fixes: bool) -> Found {
    let mut found = Found::default();
    let file = input.name().into_owned();
    let failed = |flaw: &Flaw, hint: &str| Failed {
        file: file.clone(),
        at: Some((flaw.at.line, flaw.at.column)),
        message: format!("{}{hint}", plain(&flaw.message)),
    };
    let text = match input.read() {
        Ok(text) => text,
        Err(error) => {
            let message = format!("{error:#}");
            found.failed.push(Failed {
                file,
                at: None,
                message,
            });
            return found;
        }
    };
    let manifest = match Manifest::read(&text) {
        Ok(manifest) => manifest,
        Err(flaw) => {
            found.failed.push(failed(&flaw, files::hint(&text)));
            return found;
        }
    };
    let (judged, flaws) = manifest.judge(by);
    found
        .failed
        .extend(flaws.iter().map(|flaw| failed(flaw, "")));
    let fixes = match fixes && manifest.harden(&judged).is_ok() {
        true => edits(&manifest, &judged).unwrap_or_default(),
        false => Vec::new(),
    };
    found.fixes = fixes;
    for (position, one) in judged.iter().enumerate() {
        let items = report::items(&file, &manifest, one, position);
        found.items.extend(items);
    }
    found.silenced = report::ignores(&file, &manifest, &mut found.items);
    found
}

/// What would harden each object.
fn edits(manifest: &Manifest<'_>, judged: &[Judged]) -> Result<Vec<Vec<Edit>>, Refusal> {
    let places = manifest.places();
    let edit = |splice: Splice| Edit {
        start: places.at(splice.start),
        end: places.at(splice.end),
        text: splice.text,
    };
    let all = manifest.splices(judged)?.into_iter();
    let all = all.map(|splices| splices.into_iter().map(edit).collect());
    Ok(all.collect())
}
