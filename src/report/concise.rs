//! A line for each finding: `file:line:column: severity[rule] message`.

use std::io::{self, Write};

use super::{Item, Report, Tell, of_object};

pub(super) struct Concise;

impl Tell for Concise {
    fn item(&mut self, item: &Item, out: &mut dyn Write) -> io::Result<()> {
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
        )
    }

    fn end(&mut self, report: &Report, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}", report.summary())
    }
}
