//! A table, for the summary of a job or a comment.

use super::Report;

pub(super) fn render(report: &Report) -> String {
    let mut text = format!("**pod-hardener**: {}\n", report.summary());
    if !report.items.is_empty() {
        text += "\n| place | object | rule | severity | what |\n|---|---|---|---|---|\n";
    }
    for item in &report.items {
        text += &format!(
            "| {}:{} | {} | {} | {} | {} |\n",
            cell(&item.file),
            item.at.line,
            cell(&item.object),
            item.rule_id(),
            item.severity.as_str(),
            cell(&item.message),
        );
    }
    text
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
