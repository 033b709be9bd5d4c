//! A line for each finding: `file:line:column: severity[rule] message`.

use super::{Report, of_object};

pub(super) fn render(report: &Report) -> String {
    let lines = report.items.iter().map(|item| {
        let (at, severity) = (item.at, item.severity.as_str());
        format!(
            "{}:{}:{}: {severity}[{}] {}{}\n",
            item.file,
            at.line,
            at.column,
            item.rule_id(),
            of_object(item),
            item.message
        )
    });
    lines.collect::<String>() + &report.summary() + "\n"
}
