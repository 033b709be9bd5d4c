//! Everything, as JSON: a finding a line, so that a baseline in a repository changes by lines.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::{Item, Items, Report, Tell};

#[derive(Default)]
pub(super) struct Json(Items);

impl Tell for Json {
    fn begin(&mut self, profile: &str, out: &mut dyn Write) -> io::Result<()> {
        let profile = json!(profile);
        write!(out, "{{\"version\":1,\"profile\":{profile},\"findings\":[")
    }

    fn item(&mut self, item: &Item, out: &mut dyn Write) -> io::Result<()> {
        self.0.write(&finding(item), out)
    }

    fn end(&mut self, report: &Report, out: &mut dyn Write) -> io::Result<()> {
        let failed = report.failed.iter();
        let failed: Vec<Value> = failed
            .map(|failed| {
                let (line, column) = failed.at.unzip();
                json!({"file": failed.file, "line": line, "column": column, "message": failed.message})
            })
            .collect();
        let (files, silenced, failed) = (report.files, report.silenced, json!(failed));
        writeln!(
            out,
            "\n],\"files\":{files},\"silenced\":{silenced},\"failed\":{failed}}}"
        )
    }
}

fn finding(item: &Item) -> Value {
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
