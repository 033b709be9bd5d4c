//! The reports of `check`, written while files are looked at.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Seek, Write};
use std::path::Path;

use anyhow::Context;

use crate::cli::output::Output;
use crate::report::{Format, Item, Report, Tell};

/// All reports that are asked for.
pub(super) struct Telling<'a>(Vec<One<'a>>);

struct One<'a> {
    tell: Box<dyn Tell>,
    to: To<'a>,
}

/// Where a report goes.
enum To<'a> {
    Stdout(BufWriter<io::Stdout>),
    /// First into a file that has no name, and from there into the one that is meant, or behind another report on stdout: the file may
    /// be among those that are looked at, as it was.
    Later(BufWriter<File>, Option<&'a Path>),
}

impl<'a> Telling<'a> {
    /// Begins the reports.
    pub(super) fn begin(outputs: &'a [Output<Format>], profile: &str) -> anyhow::Result<Self> {
        let mut all = Vec::new();
        for (format, file) in outputs {
            let is_stdout = |one: &One<'_>| matches!(one.to, To::Stdout(_));
            let to = match (file, all.iter().any(is_stdout)) {
                (None, false) => To::Stdout(BufWriter::new(io::stdout())),
                (file, _) => {
                    let unnamed = tempfile::tempfile().context("cannot make a temporary file")?;
                    To::Later(BufWriter::new(unnamed), file.as_deref())
                }
            };
            // https://no-color.org
            let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
            let colours = file.is_none() && !plain && io::stdout().is_terminal();
            let tell = format.tell(colours);
            let mut one = One { tell, to };
            one.write(|tell, out| tell.begin(profile, out))?;
            all.push(one);
        }
        Ok(Self(all))
    }

    /// Tells of what was found in a file.
    pub(super) fn items(&mut self, items: &[Item]) -> anyhow::Result<()> {
        for one in &mut self.0 {
            one.write(|tell, out| items.iter().try_for_each(|item| tell.item(item, out)))?;
        }
        Ok(())
    }

    /// Ends the reports, and puts them where they belong.
    pub(super) fn end(self, report: &Report) -> anyhow::Result<()> {
        for mut one in self.0 {
            one.write(|tell, out| tell.end(report, out))?;
            one.finish()?;
        }
        Ok(())
    }
}

impl One<'_> {
    fn write(
        &mut self,
        what: impl FnOnce(&mut dyn Tell, &mut dyn Write) -> io::Result<()>,
    ) -> anyhow::Result<()> {
        match &mut self.to {
            To::Stdout(out) => {
                what(&mut *self.tell, out).context("cannot write the report to stdout")
            }
            To::Later(out, _) => {
                what(&mut *self.tell, out).context("cannot write to a temporary file")
            }
        }
    }

    fn finish(self) -> anyhow::Result<()> {
        match self.to {
            To::Stdout(mut out) => out.flush().context("cannot write the report to stdout"),
            To::Later(written, file) => {
                let copy = || -> io::Result<()> {
                    let written = written.into_inner();
                    let mut written = written.map_err(io::IntoInnerError::into_error)?;
                    written.rewind()?;
                    match file {
                        Some(file) => io::copy(&mut written, &mut File::create(file)?),
                        None => io::copy(&mut written, &mut io::stdout()),
                    }?;
                    Ok(())
                };
                copy().with_context(|| match file {
                    Some(file) => format!("cannot write the report {}", file.display()),
                    None => "cannot write the report to stdout".to_owned(),
                })
            }
        }
    }
}
