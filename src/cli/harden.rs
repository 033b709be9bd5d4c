//! `pod-hardener harden`: manifests with what the webhook would add, and nothing else changed.

use std::io::Write;
use std::process::ExitCode;

use super::files::{self, Input, Task};
use crate::manifest::{By, Judged, Manifest, Word};
use crate::report::plain;

/// Arguments of `harden`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    files: files::Which,
    /// Write the files in place, instead of all to stdout.
    #[arg(long, short, group = "to")]
    write: bool,
    /// Print what would change, and write nothing. Exit code 1 where something would.
    #[arg(long, group = "to")]
    diff: bool,
    /// Only say whether something would change. Exit code 1 where something would.
    #[arg(long, group = "to")]
    check: bool,
    /// Say nothing of what was done, only what could not be done.
    #[arg(long, short)]
    quiet: bool,
}

/// What became of a text.
struct Outcome {
    /// The text as it was.
    before: String,
    /// The hardened text, where it is another.
    after: Option<String>,
    /// What was done, a line for each object.
    said: Vec<String>,
    /// What could not be done.
    failed: Vec<String>,
}

/// Hardens files. The exit code is 2 where one of them could not be, 1 where something would change and nothing is written.
pub(super) fn run(args: Args) -> anyhow::Result<ExitCode> {
    let task = Task::new(&args.files)?;
    let by = By {
        settings: &task.settings,
        profile: task.profile()?,
        namespace: &task.namespace,
        facts: &task.facts,
    };
    let mut output = Output {
        args: &args,
        stdout: std::io::stdout().lock(),
        any: false,
        alone: task.inputs.len() == 1,
    };
    let (mut changed, mut failed) = (false, false);
    let mut broken = None;
    files::each(
        &task.inputs,
        task.jobs,
        |input| harden(input, by),
        |input, outcome| {
            changed |= outcome.after.is_some();
            failed |= !outcome.failed.is_empty();
            match output.take(input, &outcome) {
                Ok(written) => failed |= !written,
                Err(error) => broken = broken.take().or(Some(error)),
            }
        },
    );
    if let Some(error) = broken {
        return Err(error.into());
    }
    let tells = args.diff || args.check;
    Ok(ExitCode::from(match (failed, changed && tells) {
        (true, _) => 2,
        (false, true) => 1,
        (false, false) => 0,
    }))
}

fn harden(input: &Input, by: By<'_>) -> Outcome {
    let mut outcome = Outcome {
        before: String::new(),
        after: None,
        said: Vec::new(),
        failed: Vec::new(),
    };
    let name = input.name();
    let text = match input.read() {
        Ok(text) => text,
        Err(error) => {
            outcome.failed.push(format!("{name}: {error:#}"));
            return outcome;
        }
    };
    match Manifest::read(&text) {
        Err(flaw) => outcome
            .failed
            .push(format!("{name}:{flaw}{}", super::files::hint(&text))),
        Ok(manifest) => {
            let (judged, flaws) = manifest.judge(by);
            outcome
                .failed
                .extend(flaws.iter().map(|flaw| format!("{name}:{flaw}")));
            // A file with something wrong in it is not touched: whoever corrects it should not have to look for what else changed.
            if flaws.is_empty() {
                match manifest.harden(&judged) {
                    Ok(hardened) => outcome.after = hardened.map(|hardened| hardened.text),
                    Err(refusal) => outcome
                        .failed
                        .push(format!("{name}: left as it is: {refusal}")),
                }
            }
            if outcome.after.is_some() {
                let changed = judged.iter().filter(|one| one.changes());
                outcome.said = changed
                    .map(|one| format!("{name}: {}", summary(one)))
                    .collect();
            }
        }
    }
    outcome.before = text.into_owned();
    outcome
}

/// `Deployment shop/web: drop-capabilities, probes; 1 unsafe choice kept, 2 steps back`.
fn summary(judged: &Judged) -> String {
    let mut rules: Vec<&str> = Vec::new();
    let (mut kept, mut back) = (0, 0);
    for finding in &judged.findings {
        match &finding.word {
            Word::Missing { .. } | Word::Removed if !rules.contains(&finding.rule) => {
                rules.push(finding.rule)
            }
            Word::Chosen { safe: false, .. } => kept += 1,
            Word::SteppedBack(_) => back += 1,
            _ => {}
        }
    }
    let (subject, rules) = (&judged.subject, rules.join(", "));
    let mut text = format!(
        "{} {}/{}: {rules}",
        subject.kind, judged.namespace, subject.name
    );
    if kept + back > 0 {
        text += &format!(
            " (`check` says more of {kept} unsafe choices that stay and {back} steps back)"
        );
    }
    text
}

/// Where results go.
struct Output<'a> {
    args: &'a Args,
    stdout: std::io::StdoutLock<'a>,
    /// Whether anything was printed yet.
    any: bool,
    /// Whether there is one text only.
    alone: bool,
}

impl Output<'_> {
    /// Puts out what became of a text; whether it could be written.
    #[expect(
        clippy::print_stderr,
        reason = "what is said of the files goes to stderr"
    )]
    fn take(&mut self, input: &Input, outcome: &Outcome) -> std::io::Result<bool> {
        let Args {
            write,
            diff,
            check,
            quiet,
            files: _,
        } = self.args;
        outcome
            .failed
            .iter()
            .for_each(|line| eprintln!("error: {}", plain(line)));
        let after = outcome.after.as_deref();
        match (input, after) {
            (Input::File(path), Some(after)) if *write => {
                if let Err(error) = files::replace(path, after) {
                    eprintln!("error: {}: {error:#}", input.name());
                    return Ok(false);
                }
            }
            (_, Some(after)) if *diff => self.print_diff(&input.name(), &outcome.before, after)?,
            (_, Some(_)) if *check => {}
            (Input::File(_), None) if *write => {}
            (_, None) if *diff || *check => {}
            // What could not be hardened is not passed on as if it were.
            _ if !outcome.failed.is_empty() => {}
            _ => self.print(after.unwrap_or(&outcome.before))?,
        }
        if !quiet {
            let verb = if *write { "hardened" } else { "to harden" };
            if *write || *check {
                outcome
                    .said
                    .iter()
                    .for_each(|line| eprintln!("{verb} {}", plain(line)));
            }
        }
        Ok(true)
    }

    /// Prints a text: one by itself byte for byte, several as documents of one.
    fn print(&mut self, text: &str) -> std::io::Result<()> {
        if !self.alone {
            let text = text.trim_start_matches('\u{feff}');
            if self.any && !text.starts_with("---") {
                self.stdout.write_all(b"---\n")?;
            }
            self.stdout.write_all(text.as_bytes())?;
            if !text.ends_with('\n') {
                self.stdout.write_all(b"\n")?;
            }
        } else {
            self.stdout.write_all(text.as_bytes())?;
        }
        self.any = true;
        self.stdout.flush()
    }

    fn print_diff(&mut self, name: &str, before: &str, after: &str) -> std::io::Result<()> {
        let diff = similar::TextDiff::from_lines(before, after);
        let (old, new) = (format!("a/{name}"), format!("b/{name}"));
        let text = diff.unified_diff().header(&old, &new).to_string();
        self.stdout.write_all(text.as_bytes())
    }
}
