//! A line for each finding: `file:line:column: severity[rule] message`.

use std::io::{self, Write};

use super::{Report, of_object};

pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    for item in &report.items {
        let (at, severity) = (item.at, item.severity.as_str());
        writeln!(
            out,
            "{}:{}:{}: {severity}[{}] {}{}",
            item.file,
            at.line,
            at.column,
            item.rule_id(),
            of_object(item),
            item.message
        )?;
    }
    writeln!(out, "{}", report.summary())
}
