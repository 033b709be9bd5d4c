//! How a report is told. Each format is written piece by piece: as one text it would take many times the memory of the report.

mod html;
mod json;
mod markdown;
mod text;

pub(super) use text::line;

use std::io::{self, Write};

use serde::Serialize;

use super::Report;

/// How a report is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For a terminal.
    Text,
    /// With everything, for programs: docs/audit.md.
    Json,
    /// Tables, for a ticket or the summary of a job.
    Markdown,
    /// One page that holds all it needs.
    Html,
}

impl Format {
    /// All of them, by name.
    pub const ALL: [(&'static str, Self); 4] = [
        ("text", Self::Text),
        ("json", Self::Json),
        ("markdown", Self::Markdown),
        ("html", Self::Html),
    ];

    /// Writes the report in this format, in many small pieces.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub fn write(self, report: &Report, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Text => text::write(report, out),
            Self::Json => json::write(report, out),
            Self::Markdown => markdown::write(report, out),
            Self::Html => html::write(report, out),
        }
    }
}

/// Writes a list of JSON that is never there as a whole.
fn list<T: Serialize>(
    out: &mut dyn Write,
    items: impl IntoIterator<Item = io::Result<T>>,
) -> io::Result<()> {
    out.write_all(b"[")?;
    for (at, item) in items.into_iter().enumerate() {
        if at > 0 {
            out.write_all(b",")?;
        }
        serde_json::to_writer(&mut *out, &item?)?;
    }
    out.write_all(b"]")
}
