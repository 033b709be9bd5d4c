//! Everything, as JSON.

use serde_json::{Value, json};

use super::{Item, Report};

pub(super) fn render(report: &Report) -> String {
    let items: Vec<Value> = report.items.iter().map(item).collect();
    let failed = report.failed.iter();
    let failed: Vec<Value> = failed
        .map(|failed| {
            let (line, column) = failed.at.unzip();
            json!({"file": failed.file, "line": line, "column": column, "message": failed.message})
        })
        .collect();
    let report = json!({
        "version": 1,
        "profile": report.profile,
        "files": report.files,
        "silenced": report.silenced,
        "findings": items,
        "failed": failed,
    });
    format!("{report:#}\n")
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
