//! Everything, as JSON: a finding a line, so that a baseline in a repository changes by lines.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::{Item, Report, write_list};

pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let failed = report.failed.iter();
    let failed: Vec<Value> = failed
        .map(|failed| {
            let (line, column) = failed.at.unzip();
            json!({"file": failed.file, "line": line, "column": column, "message": failed.message})
        })
        .collect();
    let head = json!({
        "version": 1,
        "profile": report.profile,
        "files": report.files,
        "silenced": report.silenced,
        "failed": failed,
    });
    let head = head.to_string();
    let head = head.strip_suffix('}').unwrap_or(&head);
    let head = format!("{head},\"findings\":[");
    write_list(&head, report.items.iter().map(item), "]}", out)
}

fn item(item: &Item) -> Value {
    let fields = item.fields.iter();
    let fields: Vec<Value> = fields
        .map(|(field, value)| json!({"field": field, "value": value}))
        .collect();
    json!({
        "file": item.file,
        "line": item.at.line,
        "column": item.at.column,
        "rule": item.rule_id(),
        "practice": item.rule.map(|rule| rule.practice),
        "class": item.class.as_str(),
        "severity": item.severity.as_str(),
        "object": item.object,
        "container": item.container,
        "fields": fields,
        "message": item.message,
        "why": item.rule.map(|rule| rule.why),
        "remedy": item.remedy(),
        "fingerprint": item.fingerprint,
    })
}
