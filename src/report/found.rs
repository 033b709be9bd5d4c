//! What the rules found in an object, as it is told.

use super::item::{Class, Excerpt, Item, fingerprint};
use super::plain;
use crate::finding::Severity;
use crate::manifest::{Finding, Judged, Manifest, Word};
use crate::rule::Granted;
use crate::rules::find;

/// What is told of the findings of the object at `position`: those of one rule in one place together, and nothing of what is safe.
#[must_use]
pub fn items(file: &str, manifest: &Manifest<'_>, judged: &Judged, position: usize) -> Vec<Item> {
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
            excerpt: Excerpt::new(manifest, finding.bytes.clone()),
            rule,
            class,
            severity,
            object: format!("{} {}/{}", subject.kind, judged.namespace, subject.name),
            container: finding.container.clone(),
            fields,
            message: message(finding),
            fingerprint: String::new(),
            position,
            fix: Vec::new(),
        });
    }
    for item in &mut items {
        if item.class == Class::Gap {
            item.message = gap(item);
        }
        item.message = plain(&item.message).into_owned();
        item.object = plain(&item.object).into_owned();
        item.fingerprint = fingerprint(item);
    }
    items
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
