//! Findings as text for a person, and as JSON.

use std::fmt::Write;

use serde_json::json;

use crate::finding::{Finding, Severity};

/// What is found, for a person: each finding with its remedy, and a line that sums up.
#[must_use]
pub fn text(findings: &[Finding]) -> String {
    let mut text = String::new();
    for Finding {
        severity,
        check,
        object,
        what,
        remedy,
    } in findings
    {
        let (severity, object, what, remedy) =
            (severity.as_str(), clean(object), clean(what), clean(remedy));
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{severity}[{check}]: {object}: {what}\n  = help: {remedy}\n"
        );
    }
    let count = |severity| {
        findings
            .iter()
            .filter(|finding| finding.severity == severity)
            .count()
    };
    let (errors, warnings, notes) = (
        count(Severity::Error),
        count(Severity::Warning),
        count(Severity::Note),
    );
    let _ = match errors + warnings {
        0 => writeln!(text, "healthy: nothing wrong was found, {notes} notes"),
        _ => writeln!(text, "{errors} errors, {warnings} warnings, {notes} notes"),
    };
    text
}

/// The same as JSON: `{"findings": [{"severity", "check", "object", "what", "remedy"}]}`.
#[must_use]
pub fn json(findings: &[Finding]) -> String {
    let mut text = json!({ "findings": findings }).to_string();
    text.push('\n');
    text
}

/// Without what could forge a line or a terminal's escape: names and messages are the cluster's.
fn clean(text: &str) -> String {
    text.replace(char::is_control, " ")
}
