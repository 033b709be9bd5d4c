//! Findings of the rules, with their places in the text.

use std::ops::Range;

use super::object::Subject;
use super::{Document, Position, locate};
use crate::rule::{self, Exception, Field, Granted, Level, Place, Reason, Verdict};

/// Something that a rule says of an object in a text.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule's id.
    pub rule: &'static str,
    /// The container, by kind and name; `None` for the pod as a whole.
    pub container: Option<String>,
    /// The field that it is about, if it is about one.
    pub field: Option<String>,
    /// The way to that field in its document, or to the container or pod.
    pub path: Vec<String>,
    /// What is said.
    pub word: Word,
    /// Where the field is, or belongs.
    pub at: Position,
    /// The bytes of what is there.
    pub bytes: Range<usize>,
}

/// What is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    /// It is missing, and would be this JSON; whether it is an entry of a list.
    Missing {
        /// The value.
        json: String,
        /// Whether an entry of a list.
        entry: bool,
    },
    /// Nobody wrote it but the API server: it would be taken out.
    Removed,
    /// It was chosen.
    Chosen {
        /// What was chosen, as people say it.
        said: String,
        /// Whether the practice is met by it.
        safe: bool,
    },
    /// It is missing and stays so.
    SteppedBack(Reason),
    /// Somebody asked for something else than the profile says.
    Excepted {
        /// Whether it is granted, and by whom.
        granted: Granted,
        /// Why, in their words.
        words: String,
    },
}

/// A finding of the plan, in the text.
pub(super) fn of(
    text: &str,
    document: &Document,
    subject: &Subject,
    finding: &rule::Finding<'_>,
) -> Finding {
    let (field, level, word) = match &finding.verdict {
        Verdict::Set(field, json) => {
            let (json, entry) = (json.clone().into_owned(), field.is_list());
            (Some(*field), field.level(), Word::Missing { json, entry })
        }
        Verdict::Removed(field, _) => (Some(*field), field.level(), Word::Removed),
        Verdict::Kept(choice) => {
            let (said, safe) = (choice.said.clone().into_owned(), choice.safe);
            (
                Some(choice.field),
                choice.level,
                Word::Chosen { said, safe },
            )
        }
        Verdict::SteppedBack(reason) => (None, Level::Container, Word::SteppedBack(*reason)),
        Verdict::Excepted(Exception { granted, words }) => {
            let (granted, words) = (*granted, (*words).to_owned());
            (None, Level::Container, Word::Excepted { granted, words })
        }
    };
    let mut path = path(subject, finding.place, field, level);
    if let (Word::Removed, Verdict::Removed(_, index)) = (&word, &finding.verdict) {
        path.push(index.to_string());
    }
    let (at, bytes) = locate::deepest(text, &document.tree, &path);
    Finding {
        rule: finding.rule,
        container: match finding.place {
            Place::Container { kind, name, .. } => Some(format!("{kind} {name}")),
            Place::Pod => None,
        },
        field: field.map(|field| field.to_string()),
        path,
        word,
        at,
        bytes,
    }
}

/// The way to a field of a container or of the pod, from the document on.
fn path(subject: &Subject, place: Place<'_>, field: Option<Field>, level: Level) -> Vec<String> {
    let mut path = subject.path.clone();
    path.extend(subject.pod.iter().cloned());
    let names = |path: &mut Vec<String>, names: &[&str]| {
        path.extend(names.iter().map(|name| (*name).to_owned()));
    };
    let of_field = field.map_or([].as_slice(), Field::path);
    match (level, place, field.map(|field| field.level())) {
        (Level::Container, Place::Container { kind, index, .. }, _) => {
            names(&mut path, &["spec", kind.list(), &index.to_string()]);
            names(&mut path, of_field);
        }
        // What the pod says for its containers is written as it is in a container.
        (Level::Pod, _, Some(Level::Container)) => {
            names(&mut path, &["spec"]);
            names(&mut path, of_field);
        }
        (_, _, Some(_)) => names(&mut path, of_field),
        (_, _, None) => names(&mut path, &["spec"]),
    }
    path
}
