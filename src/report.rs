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

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Write};

pub use found::items;
pub use item::{Class, Edit, Excerpt, Item};
pub use silence::ignores;

/// What was found in files, but for the findings themselves, which are told one by one.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// How many files were looked at.
    pub files: usize,
    /// The profile that they were looked at by.
    pub profile: String,
    /// How many findings of each class were told.
    pub found: BTreeMap<Class, usize>,
    /// What could not be looked at.
    pub failed: Vec<Failed>,
    /// How many findings are not told, since a comment or the baseline has them.
    pub silenced: usize,
}

/// A text as it can be shown, with `?` for what could move the cursor of a terminal, forge a line or turn text: names are as their
/// authors wrote them.
#[must_use]
pub fn plain(text: &str) -> Cow<'_, str> {
    let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let is_bad = |c: char| c.is_control() || turns(c);
    match text.contains(is_bad) {
        true => Cow::Owned(text.replace(is_bad, "?")),
        false => Cow::Borrowed(text),
    }
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

    /// A report in this format, of which nothing is written yet; with colours where it has them and they are asked for.
    #[must_use]
    pub fn tell(self, colours: bool) -> Box<dyn Tell> {
        match self {
            Self::Text => Box::new(text::Text::new(colours)),
            Self::Concise => Box::new(concise::Concise),
            Self::Json => Box::new(json::Json::default()),
            Self::Sarif => Box::new(sarif::Sarif::default()),
            Self::Github => Box::new(github::Github),
            Self::Markdown => Box::new(markdown::Markdown::default()),
        }
    }
}

/// A report that is written while files are looked at: nothing of it has to be kept.
///
/// The errors of all three are those of `out`.
pub trait Tell {
    /// Writes what comes before all findings.
    fn begin(&mut self, _profile: &str, _out: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }

    /// Writes a finding.
    fn item(&mut self, item: &Item, out: &mut dyn Write) -> io::Result<()>;

    /// Writes what comes after all findings.
    fn end(&mut self, report: &Report, out: &mut dyn Write) -> io::Result<()>;
}

impl Report {
    /// `2 gaps, 1 unsafe choice, 3 steps back in 4 files`.
    fn summary(&self) -> String {
        let mut parts: Vec<String> = Vec::new();
        for (class, one, many) in Class::ALL {
            match self.found.get(&class).copied().unwrap_or_default() {
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

/// Items of a JSON list, one a line, with commas between.
#[derive(Default)]
struct Items {
    any: bool,
}

impl Items {
    fn write(&mut self, item: &serde_json::Value, out: &mut dyn Write) -> io::Result<()> {
        let comma = if self.any { ",\n" } else { "\n" };
        self.any = true;
        write!(out, "{comma}{item}")
    }
}
