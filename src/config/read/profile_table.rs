//! `[profiles.<name>]`.

use std::ops::Range;

use toml::de::DeTable;

use super::{Key, Reader, Value, in_order, suggestion};
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
    extends: Option<(String, Range<usize>)>,
    lists: Lists,
    /// Rules, each with whether it is added or taken away.
    may_except: Option<Said<Vec<(&'static Rule, bool)>>>,
    changes: Vec<Change>,
}

/// All profiles: the `shipped` ones that the text has not, then those of its table, in its order.
pub(super) fn read(
    reader: &mut Reader,
    table: Option<&DeTable<'_>>,
    shipped: Vec<Profile>,
) -> Vec<Profile> {
    let entries = table.into_iter().flat_map(in_order);
    let drafts: Vec<Draft> = entries
        .filter_map(|(key, value)| reader.draft(key, value))
        .collect();
    let mut family = Family {
        done: drafts.iter().map(|_| None).collect(),
        drafts,
        shipped,
    };
    for at in 0..family.drafts.len() {
        family.finish(reader, at);
    }
    let Family {
        drafts,
        shipped,
        done,
    } = family;
    let is_left = |profile: &Profile| drafts.iter().all(|draft| draft.name != profile.name);
    let shipped = shipped.into_iter().filter(is_left);
    shipped.chain(done.into_iter().flatten()).collect()
}

impl Reader {
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
        self.low_users(
            &draft.changes,
            "take one from 10000 to 65533; an image's own user belongs into an override of that image: \
             `[[overrides]]` with `reason`, `images` and this line",
        );
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
    /// Completes the profile at `at`, and before it those that it extends.
    fn finish(&mut self, reader: &mut Reader, at: usize) {
        let mut chain = Vec::new();
        let mut next = Some(at);
        while let Some(at) = next.filter(|at| self.done.get(*at).is_some_and(Option::is_none)) {
            if chain.contains(&at) {
                self.circle(
                    reader,
                    chain
                        .iter()
                        .copied()
                        .skip_while(|other| *other != at)
                        .collect(),
                );
                break;
            }
            chain.push(at);
            next = self.extended(at);
        }
        for at in chain.into_iter().rev() {
            self.complete(reader, at);
        }
    }

    /// The profile of the same text that the one at `at` extends, if any. Who extends his own name means the shipped one.
    fn extended(&self, at: usize) -> Option<usize> {
        let (name, _) = self.drafts.get(at)?.extends.as_ref()?;
        let mut others = self.drafts.iter().enumerate();
        let (other, _) = others.find(|(other, draft)| *other != at && draft.name == *name)?;
        Some(other)
    }

    fn circle(&self, reader: &mut Reader, circle: Vec<usize>) {
        let drafts = || circle.iter().filter_map(|at| self.drafts.get(*at));
        let names = drafts().chain(drafts().take(1));
        let names: Vec<&str> = names.map(|draft| draft.name.as_str()).collect();
        if let Some((_, span)) = drafts()
            .next_back()
            .and_then(|draft| draft.extends.as_ref())
        {
            let message = format!("`extends` goes in a circle: {}", names.join(", "));
            let remedy = "let one of them stand for itself";
            reader.problem(span.clone(), message, remedy);
        }
    }

    /// Completes the profile at `at`, once the one that it extends is.
    fn complete(&mut self, reader: &mut Reader, at: usize) -> Option<()> {
        let base = self.base(reader, at);
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
            if draft.lists == Lists::AreAddedTo {
                reader.takes_away(&profile, change);
            }
            profile.take(change, draft.lists);
        }
        reader.flaws(&profile, &draft.changes);
        self.done.get_mut(at)?.replace(profile);
        Some(())
    }

    /// The profile that the one at `at` extends, if any: one of the same text, else a shipped one.
    fn base(&self, reader: &mut Reader, at: usize) -> Option<Profile> {
        let draft = self.drafts.get(at)?;
        let (name, span) = draft.extends.as_ref()?;
        if let Some(other) = self.extended(at) {
            // In a circle, it is not done.
            return self.done.get(other)?.clone();
        }
        let shipped = self.shipped.iter().find(|profile| profile.name == *name);
        if shipped.is_none() {
            let own = self.drafts.iter().map(|draft| draft.name.as_str());
            let own = own.filter(|own| *own != draft.name);
            let known: Vec<&str> = self.shipped.iter().map(Profile::name).chain(own).collect();
            let message = format!("there is no profile `{}` to extend", name.escape_debug());
            reader.problem(span.clone(), message, suggestion(name, &known));
        }
        shipped.cloned()
    }
}

fn is_label(name: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=MAX_LABEL).contains(&name.len())
        && name.bytes().all(inner)
        && !name.starts_with('-')
        && !name.ends_with('-')
}
