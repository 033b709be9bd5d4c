//! A table, for the summary of a job or a comment.

use std::io::{self, Write};

use super::Report;

pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "**pod-hardener**: {}", report.summary())?;
    if !report.items.is_empty() {
        let head = "\n| place | object | rule | severity | what |\n|---|---|---|---|---|";
        writeln!(out, "{head}")?;
    }
    for item in &report.items {
        writeln!(
            out,
            "| {}:{} | {} | {} | {} | {} |",
            cell(&item.file),
            item.at.line,
            cell(&item.object),
            item.rule_id(),
            item.severity.as_str(),
            cell(&item.message),
        )?;
    }
    Ok(())
}

/// What comes from files cannot end its cell, nor be markup.
fn cell(text: &str) -> String {
    let mut cell = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '|' | '\\' | '`' | '*' | '_' | '<' | '>' | '[' | ']' => {
                cell.push('\\');
                cell.push(c);
            }
            '\n' | '\r' => cell.push(' '),
            _ => cell.push(c),
        }
    }
    cell
}
