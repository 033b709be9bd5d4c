//! One finding, as it is told.

use std::fmt::Write;
use std::ops::Range;

use crate::finding::Severity;
use crate::manifest::{Manifest, Position};
use crate::rule::Rule;

/// What kind of finding it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Something is missing that would be set.
    Gap,
    /// Its author chose something that the practice is not met by.
    Choice,
    /// Something is missing and stays so.
    StepBack,
    /// Somebody asked for something else than the profile says.
    Exception,
    /// A comment that asks for silence is wrong or of no use.
    Ignore,
}

impl Class {
    /// All of them, with their names for one and for many.
    pub const ALL: [(Self, &'static str, &'static str); 5] = [
        (Self::Gap, "gap", "gaps"),
        (Self::Choice, "unsafe choice", "unsafe choices"),
        (Self::StepBack, "step back", "steps back"),
        (Self::Exception, "exception", "exceptions"),
        (Self::Ignore, "comment of no use", "comments of no use"),
    ];

    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gap => "gap",
            Self::Choice => "choice",
            Self::StepBack => "step-back",
            Self::Exception => "exception",
            Self::Ignore => "ignore",
        }
    }
}

/// A part of a file that would be other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// Where it begins.
    pub start: Position,
    /// Where it ends.
    pub end: Position,
    /// The text that would be there.
    pub text: String,
}

/// A line of a file, of which something is meant.
#[derive(Clone, Debug)]
pub struct Excerpt {
    /// The line; of a long one, what is around.
    pub text: String,
    /// The bytes of it that are meant.
    pub meant: Range<usize>,
    /// Whether it is a part of its line.
    pub is_part: bool,
}

/// How much of a line is shown on either side, in bytes: a compact JSON file is one line with every finding in it.
const AROUND: usize = 120;

impl Excerpt {
    /// What of a text is on the line on which `bytes` begin.
    pub(super) fn new(manifest: &Manifest<'_>, bytes: Range<usize>) -> Self {
        let text = manifest.text();
        let line = manifest.places().line_of(bytes.start);
        let from = bytes.start.clamp(line.start, line.end);
        let to = bytes.end.clamp(from, line.end);
        let start = text.floor_char_boundary(line.start.max(from.saturating_sub(AROUND)));
        let end = text.ceil_char_boundary(line.end.min(to + AROUND));
        Self {
            text: text.get(start..end).unwrap_or_default().to_owned(),
            meant: from - start..to - start,
            is_part: (start..end) != line,
        }
    }
}

/// A finding in a file.
#[derive(Clone, Debug)]
pub struct Item {
    /// The file.
    pub file: String,
    /// Where in it.
    pub at: Position,
    /// The line of the file, and what of it is meant.
    pub excerpt: Excerpt,
    /// The rule; `None` of a comment that is wrong.
    pub rule: Option<&'static Rule>,
    /// What kind of finding it is.
    pub class: Class,
    /// How much it matters.
    pub severity: Severity,
    /// The object, as `Deployment shop/web`.
    pub object: String,
    /// The container, by kind and name.
    pub container: Option<String>,
    /// The fields, as a path from the container or the pod, and what they would be or are.
    pub fields: Vec<(String, String)>,
    /// What is found, in a sentence.
    pub message: String,
    /// What is the same as long as the finding is, wherever in the file it is.
    pub fingerprint: String,
    /// Which of the judged objects of the file it is about, from 0; of a comment it says nothing.
    pub position: usize,
    /// What would harden the object, at its first gap that is told.
    pub fix: Vec<Edit>,
}

impl Item {
    /// The rule's id.
    #[must_use]
    pub fn rule_id(&self) -> &'static str {
        self.rule.map_or("ignore", |rule| rule.id)
    }

    /// What to do about it.
    #[must_use]
    pub fn remedy(&self) -> &'static str {
        match self.class {
            Class::Gap => "`pod-hardener harden --write` fills it in",
            Class::Choice => {
                "it stays as written: change it, or say why it must be so by `# pod-hardener:ignore <rule> -- <reason>`"
            }
            Class::StepBack | Class::Exception => "nothing is changed",
            Class::Ignore => "correct the comment, or take it out",
        }
    }
}

/// The same for the same finding in the same object of the same file, wherever it is in the file.
pub(super) fn fingerprint(item: &Item) -> String {
    let mut fields: Vec<&str> = item
        .fields
        .iter()
        .map(|(field, _)| field.as_str())
        .collect();
    fields.sort_unstable();
    let parts = [
        item.file.trim_start_matches("./"),
        item.rule_id(),
        item.class.as_str(),
        &item.object,
        item.container.as_deref().unwrap_or_default(),
        &fields.join(","),
    ];
    let digest = ring::digest::digest(&ring::digest::SHA256, parts.join("\0").as_bytes());
    let mut text = String::with_capacity(32);
    for byte in digest.as_ref().iter().take(16) {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
