//! The reports of `check`, written while files are looked at.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Seek, Write};
use std::path::Path;

use anyhow::Context;
use tempfile::SpooledTempFile;

use crate::cli::output::{Output, unless_closed};
use crate::report::{Format, Item, Report, Tell};

/// How many bytes of a report that is written later are held in memory; what is more is in a file without a name.
const HELD: usize = 8 * 1024 * 1024;

/// All reports that are asked for.
pub(super) struct Telling<'a>(Vec<One<'a>>);

struct One<'a> {
    tell: Box<dyn Tell>,
    to: To<'a>,
    /// What went wrong with it, of which the others know nothing.
    done: io::Result<()>,
}

/// Where a report goes.
enum To<'a> {
    Stdout(BufWriter<io::Stdout>),
    /// First elsewhere, and from there into the file that is meant, or behind another report on stdout: the file may be among those
    /// that are looked at, as it was.
    Later(SpooledTempFile, Option<&'a Path>),
}

impl<'a> Telling<'a> {
    /// Begins the reports.
    pub(super) fn begin(outputs: &'a [Output<Format>], profile: &str) -> Self {
        let mut all: Vec<One<'a>> = Vec::new();
        for (format, file) in outputs {
            let is_stdout = |one: &One<'_>| matches!(one.to, To::Stdout(_));
            let to = match (file, all.iter().any(is_stdout)) {
                (None, false) => To::Stdout(BufWriter::new(io::stdout())),
                (file, _) => {
                    // Where the report will be, something can be written: a container may have no folder for temporary files.
                    let folder = file.as_deref().and_then(Path::parent);
                    let folder = folder.filter(|folder| !folder.as_os_str().is_empty());
                    let held =
                        tempfile::spooled_tempfile_in(HELD, folder.unwrap_or(Path::new(".")));
                    To::Later(held, file.as_deref())
                }
            };
            // https://no-color.org
            let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
            let colours = file.is_none() && !plain && io::stdout().is_terminal();
            let mut one = One {
                tell: format.tell(colours),
                to,
                done: Ok(()),
            };
            one.write(|tell, out| tell.begin(profile, out));
            all.push(one);
        }
        Self(all)
    }

    /// Tells of what was found in a file.
    pub(super) fn items(&mut self, items: &[Item]) {
        for one in &mut self.0 {
            one.write(|tell, out| items.iter().try_for_each(|item| tell.item(item, out)));
        }
    }

    /// Ends the reports, and puts them where they belong: all that can be, and the first thing that went wrong.
    pub(super) fn end(self, report: &Report) -> anyhow::Result<()> {
        let mut first = Ok(());
        for mut one in self.0 {
            one.write(|tell, out| tell.end(report, out));
            first = first.and(one.finish());
        }
        first
    }
}

impl One<'_> {
    fn write(&mut self, what: impl FnOnce(&mut dyn Tell, &mut dyn Write) -> io::Result<()>) {
        if self.done.is_ok() {
            let out: &mut dyn Write = match &mut self.to {
                To::Stdout(out) => out,
                To::Later(out, _) => out,
            };
            self.done = what(&mut *self.tell, out);
        }
    }

    fn finish(self) -> anyhow::Result<()> {
        let Self { to, done, .. } = self;
        match to {
            To::Stdout(mut out) => {
                let done = done.and_then(|()| out.flush());
                // What is still in it goes nowhere.
                drop(out.into_parts());
                unless_closed(done).context("cannot write the report to stdout")
            }
            To::Later(held, None) => {
                let done = done.and_then(|()| copy(held, &mut io::stdout()));
                unless_closed(done).context("cannot write the report to stdout")
            }
            To::Later(held, Some(file)) => done
                .and_then(|()| copy(held, &mut File::create(file)?))
                .with_context(|| format!("cannot write the report {}", file.display())),
        }
    }
}

fn copy(mut held: SpooledTempFile, to: &mut dyn Write) -> io::Result<()> {
    held.rewind()?;
    io::copy(&mut held, to).map(drop)
}
