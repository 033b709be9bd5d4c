//! What the commands that report have in common: `-o FORMAT[=FILE]` and `--fail-on SEVERITY`.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;

use crate::finding::Severity;

/// A format, and the file that it is written into; stdout where there is none.
pub(super) type Output<F> = (F, Option<PathBuf>);

/// Reads `FORMAT[=FILE]`, with formats of these names.
pub(super) fn output<F: Copy>(text: &str, formats: &[(&str, F)]) -> Result<Output<F>, String> {
    let (name, file) = match text.split_once('=') {
        Some((name, file)) => (name, Some(PathBuf::from(file))),
        None => (text, None),
    };
    match formats.iter().find(|(other, _)| *other == name) {
        Some((_, format)) => Ok((*format, file)),
        None => {
            let names: Vec<&str> = formats.iter().map(|(name, _)| *name).collect();
            Err(format!("it is one of {}", names.join(", ")))
        }
    }
}

/// From which severity on what is found fails; `None` is never.
#[derive(Clone, Copy, Debug)]
pub(super) struct FailOn(Option<Severity>);

impl FailOn {
    /// The exit code, 1 or 0, where this is all that was found.
    pub(super) fn code(self, mut found: impl Iterator<Item = Severity>) -> ExitCode {
        match self.0.is_some_and(|from| found.any(|one| one >= from)) {
            true => ExitCode::FAILURE,
            false => ExitCode::SUCCESS,
        }
    }
}

impl std::str::FromStr for FailOn {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut all = Severity::ALL.into_iter();
        match (text, all.find(|severity| severity.as_str() == text)) {
            ("never", _) => Ok(Self(None)),
            (_, Some(severity)) => Ok(Self(Some(severity))),
            _ => Err("it is error, warning, note or never".to_owned()),
        }
    }
}

/// Writes a report, as `report` gives it, into its file, or to stdout.
pub(super) fn write(
    file: Option<&Path>,
    report: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> anyhow::Result<()> {
    let write = |out: &mut dyn Write| {
        let mut out = BufWriter::new(out);
        report(&mut out)?;
        out.flush()
    };
    match file {
        Some(file) => File::create(file)
            .and_then(|mut file| write(&mut file))
            .with_context(|| format!("cannot write the report {}", file.display())),
        None => unless_closed(write(&mut io::stdout().lock()))
            .context("cannot write the report to stdout"),
    }
}

/// Whoever closes our stdout, as `head` does, has read enough: that is no failure.
pub(super) fn unless_closed(written: io::Result<()>) -> io::Result<()> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}
