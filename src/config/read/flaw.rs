//! What is wrong with values together, though each of them is right.

use std::ops::Range;

use super::Reader;
use crate::config::profile::{Change, Profile, Setting, To};
use crate::config::value::first_nested;
use crate::quantity::Quantity;
use crate::rule::Kind;

/// What is wrong with the values of one rule together.
struct Flaw {
    /// The positions of the keys that it is about.
    keys: Vec<usize>,
    message: String,
    remedy: String,
}

impl Reader<'_> {
    /// Tells of what is wrong with `profile` once `changes` were made to it; `place` is where, if none of them is the cause.
    pub(super) fn flaws(&mut self, profile: &Profile, changes: &[Change], place: &Range<usize>) {
        for setting in profile.settings() {
            for flaw in flaws(setting) {
                let is_cause = |change: &&Change| {
                    let is_key = matches!(&change.to, To::Value(key, _) if flaw.keys.contains(key));
                    change.rule.id == setting.rule.id && is_key
                };
                let cause = changes.iter().rfind(is_cause);
                let span = cause.map_or_else(|| place.clone(), |change| change.span.clone());
                let is_known = |problem: &crate::config::Problem| problem.span == span;
                // One list in three profiles is one mistake.
                if !self.problems.iter().any(is_known) {
                    self.problem(span, flaw.message, flaw.remedy);
                }
            }
        }
    }
}

fn flaws(setting: &Setting) -> Vec<Flaw> {
    let mut found = Vec::new();
    let id = setting.rule.id;
    let key = |name: &str| setting.rule.keys.iter().position(|key| key.name == name);
    if let (Some(request), Some(limit)) = (key("request"), key("limit")) {
        let [asked, most] = [request, limit].map(|key| setting.options.text(key));
        if let (Some(least), Some(top)) = (Quantity::parse(asked), Quantity::parse(most))
            && top < least
        {
            found.push(Flaw {
                keys: vec![request, limit],
                message: format!("the limit `{most}` of `{id}` is below its request `{asked}`"),
                remedy: "the API refuses that: raise the one or lower the other".to_owned(),
            });
        }
    }
    for (at, key) in setting.rule.keys.iter().enumerate() {
        if matches!(key.kind, Kind::Paths(_))
            && let Some((path, other)) = first_nested(setting.options.names(at))
        {
            found.push(Flaw {
                keys: vec![at],
                message: format!("`{path}` is in `{other}`, which `{}` names too", key.name),
                remedy: format!(
                    "name the folders that are needed, and none in another; \"!{other}\" takes away one that was inherited"
                ),
            });
        }
    }
    found
}
