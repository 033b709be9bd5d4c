//! How a report is told. Each format gives a text; who writes it where is the caller's.

mod html;
mod json;
mod markdown;
mod text;

pub(super) use text::line;

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

    /// The report in this format.
    #[must_use]
    pub fn render(self, report: &Report) -> String {
        match self {
            Self::Text => text::render(report),
            Self::Json => json::render(report),
            Self::Markdown => markdown::render(report),
            Self::Html => html::render(report),
        }
    }
}
