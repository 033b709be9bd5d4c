//! Findings in files, and how they are told. Each format gives a text; who writes it where is the caller's.

mod concise;
mod github;
mod item;
mod json;
mod markdown;
mod sarif;
mod text;

pub use item::{Class, Edit, Item, ignores, items};

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

    /// The report in this format; with colours where it has them and they are asked for.
    #[must_use]
    pub fn render(self, report: &Report, colours: bool) -> String {
        match self {
            Self::Text => text::render(report, colours),
            Self::Concise => concise::render(report),
            Self::Json => json::render(report),
            Self::Sarif => sarif::render(report),
            Self::Github => github::render(report),
            Self::Markdown => markdown::render(report),
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
