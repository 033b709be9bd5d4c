//! One finding, as it is told.

use std::fmt::Write;
use std::ops::Range;

use crate::finding::Severity;
use crate::manifest::{Finding, Ignore, Judged, Manifest, Position, Word};
use crate::rule::{Granted, Rule};
use crate::rules::find;

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

/// A finding in a file.
#[derive(Clone, Debug)]
pub struct Item {
    /// The file.
    pub file: String,
    /// Where in it.
    pub at: Position,
    /// The line of the file, and the bytes of it that are meant.
    pub line: (String, Range<usize>),
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
    /// What would harden the object, at its first gap.
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

/// What is told of one object's findings: those of one rule in one place together, and nothing of what is safe.
#[must_use]
pub fn items(file: &str, manifest: &Manifest<'_>, judged: &Judged) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    for finding in &judged.findings {
        let Some((class, severity)) = class(&finding.word) else {
            continue;
        };
        let fields = field(finding).into_iter().collect();
        let rule = find(finding.rule);
        let same = items.iter_mut().find(|item| {
            let same_rule = item.rule.map(|rule| rule.id) == rule.map(|rule| rule.id);
            class == Class::Gap
                && item.class == class
                && same_rule
                && item.container == finding.container
        });
        if let Some(item) = same {
            item.fields.extend::<Vec<_>>(fields);
            continue;
        }
        let subject = &judged.subject;
        items.push(Item {
            file: file.to_owned(),
            at: finding.at,
            line: line(manifest.text(), finding),
            rule,
            class,
            severity,
            object: format!("{} {}/{}", subject.kind, judged.namespace, subject.name),
            container: finding.container.clone(),
            fields,
            message: message(finding),
            fingerprint: String::new(),
            fix: Vec::new(),
        });
    }
    for item in &mut items {
        if item.class == Class::Gap {
            item.message = gap(item);
        }
        clean(&mut item.message);
        clean(&mut item.object);
        item.fingerprint = fingerprint(item);
    }
    items
}

/// Takes out what could move the cursor of a terminal or forge a line: names are as their authors wrote them.
fn clean(text: &mut String) {
    if text.contains(char::is_control) {
        *text = text.replace(char::is_control, "?");
    }
}

fn class(word: &Word) -> Option<(Class, Severity)> {
    Some(match word {
        Word::Missing { .. } | Word::Removed => (Class::Gap, Severity::Error),
        Word::Chosen { safe: false, .. } => (Class::Choice, Severity::Warning),
        Word::Chosen { safe: true, .. } => return None,
        Word::SteppedBack(_) => (Class::StepBack, Severity::Note),
        Word::Excepted {
            granted: Granted::ByOverride | Granted::ByAuthor,
            ..
        } => (Class::Exception, Severity::Note),
        Word::Excepted { .. } => (Class::Exception, Severity::Warning),
    })
}

/// A field, and what it would be or is.
fn field(finding: &Finding) -> Option<(String, String)> {
    let field = finding.field.clone()?;
    let value = match &finding.word {
        Word::Missing { json, entry: false } => json.clone(),
        Word::Missing { json, entry: true } => format!("+ {json}"),
        Word::Removed => "taken out".to_owned(),
        Word::Chosen { said, .. } => said.clone(),
        Word::SteppedBack(_) | Word::Excepted { .. } => return None,
    };
    Some((field, value))
}

fn place(container: Option<&str>) -> &str {
    container.unwrap_or("the pod")
}

fn gap(item: &Item) -> String {
    let mut said: Vec<String> = Vec::new();
    for of_field in item.fields.chunk_by(|(a, _), (b, _)| a == b) {
        let Some((field, value)) = of_field.first() else {
            continue;
        };
        let entries = of_field
            .iter()
            .filter_map(|(_, value)| value.strip_prefix("+ "));
        let entries: Vec<&str> = entries.collect();
        said.push(match entries.is_empty() {
            true => format!("{field}: {value}"),
            false => format!("{} in {field}", entries.join(", ")),
        });
    }
    let verb = if item.fields.len() == 1 { "is" } else { "are" };
    let place = place(item.container.as_deref());
    format!("{place}: {} {verb} missing", said.join(", "))
}

fn message(finding: &Finding) -> String {
    let place = place(finding.container.as_deref());
    let rule = finding.rule;
    match &finding.word {
        Word::Missing { .. } | Word::Removed => String::new(),
        Word::Chosen { said, .. } => {
            let field = finding.field.as_deref().unwrap_or_default();
            format!("{place}: {field}: {said} is against {rule}")
        }
        Word::SteppedBack(reason) => format!("{place}: {rule} steps back: {}", reason.text),
        Word::Excepted { granted, words } => {
            format!(
                "{place}: excepted from {rule} ({}): {words}",
                granted.as_str()
            )
        }
    }
}

/// The line of a finding, and which bytes of it are meant.
fn line(text: &str, finding: &Finding) -> (String, Range<usize>) {
    line_at(text, finding.bytes.clone())
}

fn line_at(text: &str, bytes: Range<usize>) -> (String, Range<usize>) {
    let before = text.get(..bytes.start).unwrap_or_default();
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let rest = text.get(start..).unwrap_or_default();
    let line = rest.lines().next().unwrap_or_default();
    let from = (bytes.start - start).min(line.len());
    let to = bytes.end.saturating_sub(start).clamp(from, line.len());
    (line.to_owned(), from..to)
}

/// The same for the same finding in the same object of the same file, wherever it is in the file.
fn fingerprint(item: &Item) -> String {
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

/// Leaves out what comments ask to be silent about, and tells of comments that are wrong or of no use; how many are left out.
pub fn ignores(file: &str, text: &str, ignores: &[Ignore], items: &mut Vec<Item>) -> usize {
    let before = items.len();
    let mut wrong = Vec::new();
    for ignore in ignores {
        let mut complain = |message: String| wrong.push(of_comment(file, text, ignore, message));
        if ignore.reason.is_empty() {
            complain("the comment gives no reason: write `-- <reason>` behind the rule".to_owned());
            continue;
        }
        if ignore.rules.is_empty() {
            complain("the comment names no rule".to_owned());
        }
        for name in &ignore.rules {
            if find(name).is_none() {
                complain(format!("there is no rule `{name}`"));
                continue;
            }
            let all = items.len();
            let is_meant =
                |item: &Item| item.rule_id() == name && ignore.about.contains(&item.at.byte);
            items.retain(|item| !is_meant(item));
            if items.len() == all {
                complain(format!("{name} has nothing to say here"));
            }
        }
    }
    let silenced = before - items.len();
    items.extend(wrong);
    silenced
}

fn of_comment(file: &str, text: &str, ignore: &Ignore, message: String) -> Item {
    let at = ignore.at;
    let line_end = text
        .get(at.byte..)
        .and_then(|rest| rest.lines().next())
        .map_or(0, str::len);
    let mut message = message;
    clean(&mut message);
    let mut item = Item {
        file: file.to_owned(),
        at,
        line: line_at(text, at.byte..at.byte + line_end),
        rule: None,
        class: Class::Ignore,
        severity: Severity::Warning,
        object: String::new(),
        container: None,
        fields: Vec::new(),
        message,
        fingerprint: String::new(),
        fix: Vec::new(),
    };
    item.fields.push((item.message.clone(), String::new()));
    item.fingerprint = fingerprint(&item);
    item.fields.clear();
    item
}
