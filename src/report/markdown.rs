//! A table, for the summary of a job or a comment.

use std::io::{self, Write};

use super::{Item, Report, Tell};

#[derive(Default)]
pub(super) struct Markdown {
    any: bool,
}

impl Tell for Markdown {
    fn item(&mut self, item: &Item, out: &mut dyn Write) -> io::Result<()> {
        if !std::mem::replace(&mut self.any, true) {
            let head = "| place | object | rule | severity | what |\n|---|---|---|---|---|";
            writeln!(out, "{head}")?;
        }
        writeln!(
            out,
            "| {}:{} | {} | {} | {} | {} |",
            cell(&item.file),
            item.at.line,
            cell(&item.object),
            item.rule_id(),
            item.severity.as_str(),
            cell(&item.message),
        )
    }

    fn end(&mut self, report: &Report, out: &mut dyn Write) -> io::Result<()> {
        let before = if self.any { "\n" } else { "" };
        writeln!(out, "{before}**pod-hardener**: {}", report.summary())
    }
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
