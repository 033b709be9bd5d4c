//! SARIF 2.1.0: <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::{Edit, Item, Items, Report, Tell, of_object};
use crate::manifest::Position;
use crate::rules::RULES;

/// Where the schema is.
const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

#[derive(Default)]
pub(super) struct Sarif(Items);

impl Tell for Sarif {
    fn begin(&mut self, _: &str, out: &mut dyn Write) -> io::Result<()> {
        let driver = json!({
            "name": "pod-hardener",
            "version": env!("CARGO_PKG_VERSION"),
            "rules": rules(),
        });
        write!(
            out,
            "{{\"$schema\":\"{SCHEMA}\",\"version\":\"2.1.0\",\"runs\":[{{\"tool\":{{\"driver\":{driver}}},\
             \"columnKind\":\"unicodeCodePoints\",\"results\":["
        )
    }

    fn item(&mut self, item: &Item, out: &mut dyn Write) -> io::Result<()> {
        self.0.write(&result(item), out)
    }

    fn end(&mut self, report: &Report, out: &mut dyn Write) -> io::Result<()> {
        let failed = report.failed.iter();
        let failed: Vec<Value> = failed
            .map(|failed| {
                let (line, column) = failed.at.unwrap_or((1, 1));
                json!({
                    "level": "error",
                    "message": {"text": failed.message},
                    "locations": [{"physicalLocation": {
                        "artifactLocation": {"uri": uri(&failed.file)},
                        "region": {"startLine": line.max(1), "startColumn": column.max(1)},
                    }}],
                })
            })
            .collect();
        let invocations = json!([{
            "executionSuccessful": report.failed.is_empty(),
            "toolExecutionNotifications": failed,
        }]);
        writeln!(out, "\n],\"invocations\":{invocations}}}]}}")
    }
}

/// What there is to know of each rule.
fn rules() -> Vec<Value> {
    let of_comments = "comments that ask for silence and are wrong or of no use";
    let of_comments = json!({"id": "ignore", "shortDescription": {"text": of_comments}});
    let rules = RULES.iter().map(|rule| {
        json!({
            "id": rule.id,
            "shortDescription": {"text": rule.summary},
            "fullDescription": {"text": rule.why},
            "help": {"text": format!("Who notices: {}", rule.breaks)},
            "properties": {"tags": ["security", "kubernetes"], "practice": rule.practice},
        })
    });
    rules.chain([of_comments]).collect()
}

fn result(item: &Item) -> Value {
    let meant = item.excerpt.text.get(item.excerpt.meant.clone());
    let meant = meant.unwrap_or_default();
    let at = item.at;
    let mut result = json!({
        "ruleId": item.rule_id(),
        "level": item.severity.as_str(),
        "message": {"text": of_object(item) + &item.message},
        "locations": [{
            "physicalLocation": {
                "artifactLocation": {"uri": uri(&item.file)},
                "region": {
                    "startLine": at.line,
                    "startColumn": at.column,
                    "endLine": at.line,
                    "endColumn": at.column + meant.chars().count(),
                },
            },
            "logicalLocations": [{"fullyQualifiedName": item.object}],
        }],
        "partialFingerprints": {"podHardener/v1": item.fingerprint},
        "properties": {"class": item.class.as_str()},
    });
    if let (false, Some(result)) = (item.fix.is_empty(), result.as_object_mut()) {
        let replacements: Vec<Value> = item.fix.iter().map(replacement).collect();
        let fix = json!([{
            "description": {"text": format!("what hardens the {}", item.object)},
            "artifactChanges": [{
                "artifactLocation": {"uri": uri(&item.file)},
                "replacements": replacements,
            }],
        }]);
        result.insert("fixes".to_owned(), fix);
    }
    result
}

fn replacement(edit: &Edit) -> Value {
    let Edit { start, end, text } = edit;
    let region = |start: &Position, end: &Position| {
        json!({
            "startLine": start.line,
            "startColumn": start.column,
            "endLine": end.line,
            "endColumn": end.column,
        })
    };
    json!({"deletedRegion": region(start, end), "insertedContent": {"text": text}})
}

/// A file's name as a relative URI (RFC 3986).
fn uri(file: &str) -> String {
    let mut uri = String::with_capacity(file.len());
    for byte in file.trim_start_matches("./").bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte));
            }
            _ => uri += &format!("%{byte:02X}"),
        }
    }
    uri
}
