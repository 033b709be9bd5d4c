//! Annotations of GitHub Actions: <https://docs.github.com/actions/reference/workflow-commands-for-github-actions>.

use std::io::{self, Write};

use super::{Report, of_object};
use crate::finding::Severity;

pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    for item in &report.items {
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
        )?;
    }
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

fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
