//! Findings as text for a person, and as JSON.

use std::fmt::Write;

use serde_json::json;

use crate::finding::{Finding, Severity};

/// What is found, for a person: each finding with its remedy, and a line that sums up.
#[must_use]
pub fn text(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{finding}\n");
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
