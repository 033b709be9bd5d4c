//! Annotations of GitHub Actions: <https://docs.github.com/actions/reference/workflow-commands-for-github-actions>.

use std::io::{self, Write};

use super::{Item, Report, Tell, of_object};
use crate::finding::Severity;

pub(super) struct Github;

impl Tell for Github {
    fn item(&mut self, item: &Item, out: &mut dyn Write) -> io::Result<()> {
        let level = match item.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "notice",
        };
        writeln!(
            out,
            "::{level} file={},line={},col={},title={}::{}",
            property(&item.file),
            item.at.line,
            item.at.column,
            property(item.rule_id()),
            data(&(of_object(item) + &item.message)),
        )
    }

    fn end(&mut self, report: &Report, out: &mut dyn Write) -> io::Result<()> {
        for failed in &report.failed {
            let (line, column) = failed.at.unwrap_or((1, 1));
            writeln!(
                out,
                "::error file={},line={line},col={column},title=unreadable::{}",
                property(&failed.file),
                data(&failed.message),
            )?;
        }
        Ok(())
    }
}

fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
