//! The audit annotations: what the API server's own audit log says of an admission. Decision 0015 has their keys.

use std::borrow::Cow;

use super::clean;
use super::said::{Said, What};

/// The most bytes of one audit annotation: audit backends cut long ones (J7).
const MAX_ANNOTATION: usize = 4_096;

/// How many rules speak of most pods, and how much most of them say: about.
const ABOUT: usize = 12;

/// The most passes that are told apart.
const MAX_PASSES: usize = 9;

/// Keys, which the API server puts the webhook's name before (J7), and values.
pub type AuditAnnotations<'s> = Vec<(Cow<'static, str>, &'s str)>;

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
    /// The summary of what was said.
    #[must_use]
    pub fn of(said: &[Said]) -> Self {
        let (mut set, mut kept) = (List::default(), List::default());
        let (mut stepped_back, mut excepted) = (List::default(), List::default());
        for one in said {
            match &one.what {
                What::Set(..) | What::Removed(_) => set.push(one, Cow::Borrowed("")),
                What::Kept { safe: true, .. } => {}
                What::Kept { said, .. } => kept.push(one, Cow::Borrowed(said)),
                What::SteppedBack(reason) => stepped_back.push(one, Cow::Borrowed(reason)),
                What::Excepted { by, words } => {
                    excepted.push(one, Cow::Owned(format!("{}: {words}", by.as_str())));
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

    /// The audit annotations of a pod whose own annotation tells of `passes` before this one. Where it tells of any, what may
    /// differ is there a second time, by a key of its own: the plain key is lost where an earlier round wrote it.
    #[must_use]
    pub fn audit_annotations<'s>(
        &'s self,
        profile: &'s str,
        config: &'s str,
        left_out: Option<&'static str>,
        passes: usize,
    ) -> AuditAnnotations<'s> {
        let may_differ = [
            ("set", self.set.as_str()),
            ("kept", self.kept.as_str()),
            ("stepped-back", self.stepped_back.as_str()),
            ("excepted", self.excepted.as_str()),
            ("annotation", left_out.unwrap_or_default()),
        ];
        let mut all: AuditAnnotations<'s> = vec![
            (Cow::Borrowed("profile"), profile),
            (Cow::Borrowed("config"), config),
        ];
        all.extend(may_differ.map(|(key, value)| (Cow::Borrowed(key), value)));
        if passes > 0 {
            let round = passes.min(MAX_PASSES - 1) + 1;
            let own = |(key, value)| (Cow::Owned(format!("{key}-{round}")), value);
            all.extend(may_differ.map(own));
        }
        all.retain(|(_, value)| !value.is_empty());
        all
    }
}

/// Places by rule and detail, in the order of their first appearance.
#[derive(Default)]
struct List<'s>(Vec<(&'static str, Cow<'s, str>, Vec<&'s Said>)>);

impl<'s> List<'s> {
    fn push(&mut self, said: &'s Said, detail: Cow<'s, str>) {
        // What a rule says in a row is of one topic mostly, and what comes later belongs to it.
        let is_same = |(rule, other, _): &&mut (&str, Cow<'_, str>, _)| {
            *rule == said.rule && *other == detail
        };
        match self.0.iter_mut().rev().find(is_same) {
            Some((_, _, all)) => all.push(said),
            None => {
                if self.0.is_empty() {
                    self.0.reserve(ABOUT);
                }
                let mut all = Vec::with_capacity(ABOUT);
                all.push(said);
                self.0.push((said.rule, detail, all));
            }
        }
    }

    fn render(&self) -> String {
        let mut text = String::with_capacity(64 * self.0.len());
        for (rule, detail, all) in &self.0 {
            if !text.is_empty() {
                text.push_str("; ");
            }
            text.push_str(rule);
            text.push_str(": ");
            places(&mut text, all);
            if !detail.is_empty() {
                text.push_str(" (");
                text.push_str(detail);
                text.push(')');
            }
        }
        clean::cut(&mut text, MAX_ANNOTATION);
        text
    }
}

/// The places of all of them, each once, with commas between.
fn places(text: &mut String, all: &[&Said]) {
    for (i, said) in all.iter().enumerate() {
        // What is behind that is cut.
        if text.len() > MAX_ANNOTATION {
            return;
        }
        let earlier = all.get(..i).unwrap_or_default();
        if earlier.iter().any(|other| other.places == said.places) {
            continue;
        }
        let is_new = |place: &&str| {
            let mut others = earlier.iter().flat_map(|other| other.places());
            i == 0 || !others.any(|other| other == *place)
        };
        for place in said.places().filter(is_new) {
            if !text.ends_with(": ") {
                text.push_str(", ");
            }
            text.push_str(place);
        }
    }
    let more = all.iter().map(|said| said.more()).max().unwrap_or_default();
    if more > 0 {
        // The number may be too small where each thing is said of other places.
        text.push_str(&format!(" and {more} more"));
    }
}
