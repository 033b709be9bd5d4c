//! Plan to record: the audit annotations, the warnings and the log record of one admission.
//!
//! Nothing that a rule did or left undone is hidden, and nothing else of the object is shown: names of containers, and the
//! values of the fields that rules look at. What comes from the cluster is cleaned first, since it is checked by nobody
//! yet when a mutating webhook sees it.

mod warnings;

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;

pub use warnings::warnings;

use crate::admission::Mode;
use crate::rule::{Exception, Finding, Verdict};

/// The longest name of a container (N6), and the most that is shown of anything out of the cluster.
const MAX_SHOWN: usize = 63;

/// The most that is shown of a reason that somebody wrote.
const MAX_WORDS: usize = 160;

/// The most bytes of one audit annotation: audit backends cut long ones (J7).
const MAX_ANNOTATION: usize = 4_096;

/// One admission, as it is logged and counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Record {
    /// The request's uid: new for each call (I4).
    pub uid: String,
    /// What was asked for.
    pub mode: Mode,
    /// By which profile.
    pub profile: String,
    /// `CREATE`, `UPDATE`, ...
    pub operation: String,
    /// The object's kind.
    pub kind: String,
    /// The namespace.
    pub namespace: String,
    /// The object's name, or what its name will begin with (I2).
    pub name: String,
    /// Whether nothing will be stored.
    pub dry_run: bool,
    /// `patched`, `unchanged`, `shadow` (a plan that is only reported), `skipped` (nothing that rules speak of) or `disabled`
    /// (by the configuration).
    pub outcome: &'static str,
    /// What was set, or would be: rules and containers.
    pub set: String,
    /// Unsafe choices of the author that were kept.
    pub kept: String,
    /// Steps back.
    pub stepped_back: String,
    /// What overrides and the pod's author asked for otherwise.
    pub excepted: String,
    /// Bytes of the patch.
    pub patch_bytes: usize,
    /// Warnings in the reply.
    pub warnings: usize,
}

/// What the rules did, by rule, in short.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// `rule: container, container; rule: container`.
    pub set: String,
    /// Unsafe choices, each with what was chosen in brackets. Safe ones are not listed: in a second round our own
    /// values would be among them, and an audit annotation cannot be written twice (J7).
    pub kept: String,
    /// Steps back, each with its reason in brackets.
    pub stepped_back: String,
    /// What was asked for otherwise, each with who asked in brackets.
    pub excepted: String,
}

impl Summary {
    /// The summary of `findings`.
    #[must_use]
    pub fn of(findings: &[Finding<'_>]) -> Self {
        let (mut set, mut kept) = (List::default(), List::default());
        let (mut stepped_back, mut excepted) = (List::default(), List::default());
        for finding in findings {
            let (rule, name) = (finding.rule, finding.place.name());
            match &finding.verdict {
                Verdict::Set(..) | Verdict::Removed(..) => set.push(rule, "", name),
                Verdict::Kept(choice) if choice.safe => {}
                Verdict::Kept(choice) => kept.push(rule, &*choice.said, name),
                Verdict::SteppedBack(reason) => stepped_back.push(rule, reason.id, name),
                Verdict::Excepted(Exception { granted, words }) => {
                    excepted.push(rule, format!("{}: {words}", granted.as_str()), name);
                }
            }
        }
        Self {
            set: set.render(),
            kept: kept.render(),
            stepped_back: stepped_back.render(),
            excepted: excepted.render(),
        }
    }

    /// The audit annotations: short keys, which the API server puts the webhook's name before (J7).
    #[must_use]
    pub fn audit_annotations<'s>(
        &'s self,
        profile: &'s str,
        config: &'s str,
    ) -> BTreeMap<&'static str, &'s str> {
        let all = [
            ("profile", profile),
            ("config", config),
            ("set", self.set.as_str()),
            ("kept", self.kept.as_str()),
            ("stepped-back", self.stepped_back.as_str()),
            ("excepted", self.excepted.as_str()),
        ];
        all.into_iter()
            .filter(|(_, value)| !value.is_empty())
            .collect()
    }
}

/// Containers by rule and detail, in the order of their first appearance.
#[derive(Default)]
struct List<'f>(Vec<(&'static str, Cow<'f, str>, Vec<&'f str>)>);

impl<'f> List<'f> {
    fn push(&mut self, rule: &'static str, detail: impl Into<Cow<'f, str>>, name: &'f str) {
        let detail = detail.into();
        let names = match self
            .0
            .iter_mut()
            .position(|(r, d, _)| *r == rule && *d == detail)
        {
            Some(at) => self.0.get_mut(at),
            None => {
                self.0.push((rule, detail, Vec::new()));
                self.0.last_mut()
            }
        };
        if let Some((_, _, names)) = names
            && names.last() != Some(&name)
        {
            names.push(name);
        }
    }

    fn render(&self) -> String {
        let mut text = String::new();
        for (rule, detail, names) in &self.0 {
            if !text.is_empty() {
                text.push_str("; ");
            }
            text.push_str(rule);
            text.push_str(": ");
            for (i, name) in names.iter().enumerate() {
                if i > 0 {
                    text.push_str(", ");
                }
                match name.is_empty() {
                    true => text.push_str("(pod)"),
                    false => show(&mut text, name),
                }
            }
            if !detail.is_empty() {
                text.push_str(" (");
                show_words(&mut text, detail);
                text.push(')');
            }
        }
        cut(&mut text, MAX_ANNOTATION);
        text
    }
}

/// Appends what can be shown of a string out of the cluster: letters, digits and a few signs; anything else, and
/// so every way to forge a list, a line or a terminal's escape, becomes `?`.
fn show(text: &mut String, from_cluster: &str) {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._/".contains(c);
    text.extend(
        from_cluster
            .chars()
            .take(MAX_SHOWN)
            .map(|c| if plain(c) { c } else { '?' }),
    );
}

/// The same for words of somebody: what sentences need is shown too, but nothing that could end the brackets around them.
fn show_words(text: &mut String, words: &str) {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._/ :,'#".contains(c);
    let shown = words.chars().take(MAX_WORDS);
    text.extend(shown.map(|c| if plain(c) { c } else { '?' }));
}

/// Cuts a text of ASCII to at most `max` bytes, visibly.
fn cut(text: &mut String, max: usize) {
    if text.len() > max {
        text.truncate(text.floor_char_boundary(max - 3));
        text.push_str("...");
    }
}
