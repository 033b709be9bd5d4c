//! `[profiles.<name>]`.

use std::ops::Range;

use toml::de::DeTable;

use super::{Key, Reader, Value, document, in_order, suggestion};
use crate::config::ALL;
use crate::config::profile::{Change, Lists, Profile, Said};
use crate::rule::Rule;
use crate::rules::{RULES, find};

/// The longest DNS label (RFC 1123), which a profile's name is.
const MAX_LABEL: usize = 63;

const EXTENDS: &str = "extends";
const MAY_EXCEPT: &str = "authors-may-except";

/// A profile as it is written, before the one that it extends is known.
struct Draft {
    name: String,
    span: Range<usize>,
    extends: Option<(String, Range<usize>)>,
    lists: Lists,
    /// Rules, each with whether it is added or taken away.
    may_except: Option<Said<Vec<(&'static Rule, bool)>>>,
    changes: Vec<Change>,
}

/// The profiles of a table, in its order.
pub(super) fn read(reader: &mut Reader<'_>, table: &DeTable<'_>) -> Vec<Profile> {
    let entries = in_order(table).into_iter();
    let drafts: Vec<Draft> = entries
        .filter_map(|(key, value)| reader.draft(key, value))
        .collect();
    // The shipped text is read only for those that extend it.
    let shipped = match reader.shipped || drafts.iter().all(|draft| draft.extends.is_none()) {
        true => Vec::new(),
        false => document::shipped_profiles(),
    };
    let mut family = Family {
        done: drafts.iter().map(|_| None).collect(),
        drafts,
        shipped,
    };
    for at in 0..family.drafts.len() {
        family.finish(reader, at, &mut Vec::new());
    }
    family.done.into_iter().flatten().collect()
}

impl Reader<'_> {
    fn draft(&mut self, key: &Key<'_>, value: &Value<'_>) -> Option<Draft> {
        let name = key.get_ref();
        if !is_label(name) || name == "off" {
            let message = format!("`{}` cannot be the name of a profile", name.escape_debug());
            let remedy = "a profile is named in a label of the namespace: lower-case letters, digits and `-`, at most 63, \
                          and not `off`, which opts a namespace out";
            self.problem(key.span(), message, remedy);
        }
        let table = self.table(value, name)?;
        let mut draft = Draft {
            name: name.to_string(),
            span: key.span(),
            extends: None,
            lists: Lists::AreReplaced,
            may_except: None,
            changes: Vec::new(),
        };
        if let Some((_, base)) = table.get_key_value(EXTENDS) {
            let text = self.text(base, EXTENDS, "the name of a profile");
            draft.extends = text.map(|text| (text.to_owned(), base.span()));
            draft.lists = Lists::AreAddedTo;
        }
        for (key, value) in in_order(table) {
            match key.get_ref().as_ref() {
                EXTENDS => {}
                MAY_EXCEPT => {
                    draft.may_except = Some(Said {
                        value: self.may_except(value, draft.lists),
                        from: self.origin(key.span().start),
                    });
                }
                _ => {
                    if let Some(rule) = self.rule(key, &[EXTENDS, MAY_EXCEPT])
                        && let Some(table) = self.table(value, rule.id)
                    {
                        self.changes(rule, table, draft.lists, &mut draft.changes);
                    }
                }
            }
        }
        Some(draft)
    }

    fn may_except(&mut self, value: &Value<'_>, lists: Lists) -> Vec<(&'static Rule, bool)> {
        let takes = match lists {
            Lists::AreReplaced => "a list of rules, like [\"probes\"], or [\"all\"]",
            Lists::AreAddedTo => {
                "a list of rules, like [\"probes\"], or [\"all\"]; \"!probes\" takes one away"
            }
        };
        let named = |text: &str| text == ALL || find(text).is_some();
        let fits = |text: &str| match text.strip_prefix('!') {
            Some(gone) => lists == Lists::AreAddedTo && named(gone),
            None => named(text),
        };
        let mut rules = Vec::new();
        for text in self.texts(value, MAY_EXCEPT, takes, fits) {
            let (name, added) = match text.strip_prefix('!') {
                Some(gone) => (gone, false),
                None => (text, true),
            };
            let meant = RULES.iter().filter(|rule| [ALL, rule.id].contains(&name));
            rules.extend(meant.map(|rule| (*rule, added)));
        }
        rules
    }
}

/// The profiles of a text: as they are written, and as they are once the ones that they extend are done.
struct Family {
    drafts: Vec<Draft>,
    shipped: Vec<Profile>,
    done: Vec<Option<Profile>>,
}

impl Family {
    /// Completes the profile at `at`, and before it the one that it extends. `waiting` are those that wait for it.
    fn finish(
        &mut self,
        reader: &mut Reader<'_>,
        at: usize,
        waiting: &mut Vec<usize>,
    ) -> Option<Profile> {
        if let Some(profile) = self.done.get(at)? {
            return Some(profile.clone());
        }
        waiting.push(at);
        let base = self.base(reader, at, waiting);
        waiting.pop();
        let draft = self.drafts.get(at)?;
        let mut profile = base.unwrap_or_else(|| Profile::empty(&draft.name));
        profile.name.clone_from(&draft.name);
        profile.extends = draft.extends.as_ref().map(|(name, _)| name.clone());
        if let Some(asked) = &draft.may_except {
            profile.may_except.from = asked.from;
            for (rule, added) in &asked.value {
                let rules = &mut profile.may_except.value;
                rules.retain(|other| other.id != rule.id);
                if *added {
                    rules.push(rule);
                }
            }
        }
        for change in &draft.changes {
            profile.take(change, draft.lists);
        }
        reader.flaws(&profile, &draft.changes, &draft.span);
        self.done.get_mut(at)?.replace(profile.clone());
        Some(profile)
    }

    /// The profile that the one at `at` extends, if any: one of the same text, else a shipped one. A profile that extends its own
    /// name means the shipped one.
    fn base(
        &mut self,
        reader: &mut Reader<'_>,
        at: usize,
        waiting: &mut Vec<usize>,
    ) -> Option<Profile> {
        let draft = self.drafts.get(at)?;
        let (name, span) = draft.extends.clone()?;
        let others = self.drafts.iter().enumerate();
        let other = others
            .filter(|(other, _)| *other != at)
            .find(|(_, other)| other.name == name);
        let shipped = self.shipped.iter().find(|profile| profile.name == name);
        match (other, shipped) {
            (Some((other, _)), _) if waiting.contains(&other) => {
                let circle = waiting.iter().skip_while(|at| **at != other);
                let drafts = circle.filter_map(|at| self.drafts.get(*at));
                let mut names: Vec<&str> = drafts.map(|draft| draft.name.as_str()).collect();
                names.push(&name);
                let message = format!("`extends` goes in a circle: {}", names.join(", "));
                reader.problem(span, message, "let one of them stand for itself");
                None
            }
            (Some((other, _)), _) => self.finish(reader, other, waiting),
            (None, Some(shipped)) => Some(shipped.clone()),
            (None, None) => {
                let own = self.drafts.iter().map(|draft| draft.name.as_str());
                let shipped = self.shipped.iter().map(Profile::name);
                let known: Vec<&str> = shipped
                    .chain(own.filter(|own| *own != draft.name))
                    .collect();
                let message = format!("there is no profile `{}` to extend", name.escape_debug());
                reader.problem(span, message, suggestion(&name, &known));
                None
            }
        }
    }
}

fn is_label(name: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=MAX_LABEL).contains(&name.len())
        && name.bytes().all(inner)
        && !name.starts_with('-')
        && !name.ends_with('-')
}
