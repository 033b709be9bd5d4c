//! Findings in files, and how they are told. Each format is written piece by piece, since a report may be long.

mod concise;
mod found;
mod github;
mod item;
mod json;
mod markdown;
mod sarif;
mod silence;
mod text;

use std::io::{self, Write};

pub use found::items;
pub use item::{Class, Edit, Excerpt, Item};
pub use silence::ignores;

/// What was found in files.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// How many files were looked at.
    pub files: usize,
    /// The profile that they were looked at by.
    pub profile: String,
    /// What was found, file by file.
    pub items: Vec<Item>,
    /// What could not be looked at.
    pub failed: Vec<Failed>,
    /// How many findings are not told, since a comment or the baseline has them.
    pub silenced: usize,
}

/// What could not be looked at, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// The file.
    pub file: String,
    /// The line and the column, from 1.
    pub at: Option<(usize, usize)>,
    /// Why.
    pub message: String,
}

/// How findings are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// With the line of the file, for people.
    Text,
    /// A line each, for people and editors.
    Concise,
    /// JSON, with everything, which is a baseline too.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// Annotations of GitHub Actions.
    Github,
    /// A table, for summaries and comments.
    Markdown,
}

impl Format {
    /// All of them, by name.
    pub const ALL: [(&'static str, Self); 6] = [
        ("text", Self::Text),
        ("concise", Self::Concise),
        ("json", Self::Json),
        ("sarif", Self::Sarif),
        ("github", Self::Github),
        ("markdown", Self::Markdown),
    ];

    /// Writes the report in this format, in many small pieces; with colours where it has them and they are asked for.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub fn write(self, report: &Report, colours: bool, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Text => text::write(report, colours, out),
            Self::Concise => concise::write(report, out),
            Self::Json => json::write(report, out),
            Self::Sarif => sarif::write(report, out),
            Self::Github => github::write(report, out),
            Self::Markdown => markdown::write(report, out),
        }
    }
}

impl Report {
    /// How many findings are of a class.
    fn count(&self, class: Class) -> usize {
        self.items.iter().filter(|item| item.class == class).count()
    }

    /// `2 gaps, 1 unsafe choice, 3 steps back in 4 files`.
    fn summary(&self) -> String {
        let mut parts: Vec<String> = Vec::new();
        for (class, one, many) in Class::ALL {
            match self.count(class) {
                0 => {}
                1 => parts.push(format!("1 {one}")),
                n => parts.push(format!("{n} {many}")),
            }
        }
        if parts.is_empty() {
            parts.push("nothing".to_owned());
        }
        let files = match self.files {
            1 => "1 file".to_owned(),
            n => format!("{n} files"),
        };
        let mut text = format!("{} in {files} by {}", parts.join(", "), self.profile);
        if self.silenced > 0 {
            text += &format!(
                "; {} more are silenced by a comment or known from the baseline",
                self.silenced
            );
        }
        if !self.failed.is_empty() {
            text += &format!("; {} could not be read", self.failed.len());
        }
        text
    }
}

/// `Deployment shop/web: `, where there is an object.
fn of_object(item: &Item) -> String {
    match item.object.as_str() {
        "" => String::new(),
        object => format!("{object}: "),
    }
}

/// Writes JSON whose `list`, at the end of `head`, is to have `items`: one by one, since all of them would take many times the memory
/// of the report.
fn write_list(
    head: &str,
    items: impl Iterator<Item = serde_json::Value>,
    tail: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    write!(out, "{head}")?;
    for (at, item) in items.enumerate() {
        let comma = if at > 0 { ",\n" } else { "\n" };
        write!(out, "{comma}{item}")?;
    }
    writeln!(out, "{tail}")
}
