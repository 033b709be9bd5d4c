//! What is wrong with values together, though each of them is right.

use super::Reader;
use crate::config::profile::{Change, Profile, Setting, To};
use crate::config::value::{FIRST_HIGH_UID, first_nested};
use crate::quantity::Quantity;
use crate::rule::{Kind, Uid, Value};

/// What is wrong with the values of one rule together.
struct Flaw {
    /// The positions of the keys that it is about.
    keys: Vec<usize>,
    message: String,
    remedy: String,
}

impl Reader {
    /// Tells of what `changes` made wrong with `profile`.
    pub(super) fn flaws(&mut self, profile: &Profile, changes: &[Change]) {
        for setting in profile.settings() {
            for flaw in flaws(setting) {
                let is_cause = |change: &&Change| {
                    let is_key = matches!(&change.to, To::Value(key, _) if flaw.keys.contains(key));
                    change.rule.id == setting.rule.id && is_key
                };
                let Some(cause) = changes.iter().rfind(is_cause) else {
                    continue;
                };
                // One mistake of an override shows in all profiles.
                let is_known = |known: &crate::config::Problem| {
                    known.span == cause.span && known.remedy == flaw.remedy
                };
                if !self.problems.iter().any(is_known) {
                    let message = format!("in `{}`, {}", profile.name(), flaw.message);
                    self.problem(cause.span.clone(), message, flaw.remedy);
                }
            }
        }
    }

    /// Tells of users in `changes` that mean something to images and nodes: only of a named image it is known which user it has.
    pub(super) fn low_users(&mut self, changes: &[Change], remedy: &str) {
        for change in changes {
            if let To::Value(_, Value::Uid(Uid::Number(uid))) = change.to
                && uid < FIRST_HIGH_UID
            {
                let message = format!("the user {uid} may be somebody in an image and on a node");
                self.problem(change.span.clone(), message, remedy);
            }
        }
    }

    /// Tells of entries that a list takes away from `profile`, which does not have them.
    pub(super) fn takes_away(&mut self, profile: &Profile, change: &Change) {
        let To::Value(key, Value::Names(names)) = &change.to else {
            return;
        };
        let setting = profile.setting(change.rule);
        let there = setting.map_or(&[][..], |setting| setting.options.names(*key));
        for gone in names.iter().filter_map(|name| name.text.strip_prefix('!')) {
            if !there.iter().any(|name| name.text == gone) {
                let there: Vec<&str> = there.iter().map(|name| name.text.as_str()).collect();
                let message = format!("`!{gone}` takes away what is not there");
                let remedy = format!("take it out; there is: {}", there.join(", "));
                self.problem(change.span.clone(), message, remedy);
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
