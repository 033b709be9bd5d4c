//! The grammar of the configuration: which tables and keys there are, and what they take.

mod document;
mod flaw;
mod override_table;
mod profile_table;
mod template_table;

use std::borrow::Cow;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

pub(super) use document::{KEYS, settings};
pub(super) use override_table::{REASON, SELECTORS};

use super::error::Problem;
use super::profile::{Change, Lists, Origin, To};
use super::value;
use crate::rule::Rule;
use crate::rules::{RULES, find};

/// Two words this much alike, of 1 for the same, are taken for one misspelt.
const ALIKE: f64 = 0.8;

type Key<'i> = Spanned<Cow<'i, str>>;
type Value<'i> = Spanned<DeValue<'i>>;

/// What reads a text: where its lines are, and what is wrong with it so far.
struct Reader {
    /// Where each line ends but the last, in bytes.
    ends: Vec<usize>,
    /// Whether it is the shipped text, and not the one that is asked for.
    shipped: bool,
    problems: Vec<Problem>,
}

impl Reader {
    fn new(text: &str, shipped: bool) -> Self {
        Self {
            ends: text.match_indices('\n').map(|(end, _)| end).collect(),
            shipped,
            problems: Vec::new(),
        }
    }

    fn problem(&mut self, span: Range<usize>, message: String, remedy: impl Into<String>) {
        self.problems.push(Problem::new(span, message, remedy));
    }

    fn wrong_type(&mut self, value: &Value<'_>, name: &str, takes: &str) {
        self.problems.push(wrong_type(value, name, takes));
    }

    /// The line of a byte, from 1.
    fn line(&self, byte: usize) -> usize {
        self.ends.partition_point(|end| *end < byte) + 1
    }

    fn origin(&self, byte: usize) -> Origin {
        match self.shipped {
            true => Origin::Shipped(self.line(byte)),
            false => Origin::Line(self.line(byte)),
        }
    }

    /// The table of a value.
    fn table<'t, 'i>(&mut self, value: &'t Value<'i>, name: &str) -> Option<&'t DeTable<'i>> {
        let table = value.get_ref().as_table();
        if table.is_none() {
            self.wrong_type(value, name, "a table");
        }
        table
    }

    /// The switch of a value.
    fn flag(&mut self, value: &Value<'_>, name: &str) -> Option<bool> {
        let flag = value.get_ref().as_bool();
        if flag.is_none() {
            self.wrong_type(value, name, "`true` or `false`");
        }
        flag
    }

    /// The text of a value.
    fn text<'t>(&mut self, value: &'t Value<'_>, name: &str, takes: &str) -> Option<&'t str> {
        let text = value.get_ref().as_str();
        if text.is_none() {
            self.wrong_type(value, name, takes);
        }
        text
    }

    /// The texts of a list; those that do not fit are told of.
    fn texts<'t>(
        &mut self,
        value: &'t Value<'_>,
        name: &str,
        takes: &str,
        fits: impl Fn(&str) -> bool,
    ) -> Vec<&'t str> {
        let Some(entries) = value.get_ref().as_array() else {
            self.wrong_type(value, name, takes);
            return Vec::new();
        };
        let mut texts = Vec::new();
        for entry in entries.iter() {
            match entry.get_ref().as_str().filter(|text| fits(text)) {
                Some(text) => texts.push(text),
                None => self.wrong_type(entry, name, takes),
            }
        }
        texts
    }

    /// The rule that a key names; `others` are the keys that may be there beside the rules.
    fn rule(&mut self, key: &Key<'_>, others: &[&str]) -> Option<&'static Rule> {
        let rule = find(key.get_ref());
        if rule.is_none() {
            let rules = RULES.iter().map(|rule| rule.id);
            let known: Vec<&str> = others.iter().copied().chain(rules).collect();
            self.unknown(key, "rule or key", &known);
        }
        rule
    }

    /// What the table of a rule changes.
    fn changes(
        &mut self,
        rule: &'static Rule,
        table: &DeTable<'_>,
        lists: Lists,
        changes: &mut Vec<Change>,
    ) {
        for (name, given) in in_order(table) {
            let key = rule.keys.iter().enumerate();
            let key = key.into_iter().find(|(_, key)| key.name == name.get_ref());
            let to = match (name.get_ref().as_ref(), key) {
                ("enabled", _) => self.flag(given, "enabled").map(To::Enabled),
                (_, Some((at, key))) => value::read(key, given, lists, &mut self.problems)
                    .map(|value| To::Value(at, value)),
                (_, None) => {
                    let keys = rule.keys.iter().map(|key| key.name);
                    let known: Vec<&str> = std::iter::once("enabled").chain(keys).collect();
                    let given = name.get_ref();
                    let message = format!("`{}` has no key `{}`", rule.id, given.escape_debug());
                    self.problem(name.span(), message, suggestion(given, &known));
                    None
                }
            };
            changes.extend(to.map(|to| Change {
                rule,
                to,
                from: self.origin(name.span().start),
                span: given.span(),
            }));
        }
    }

    fn unknown(&mut self, key: &Key<'_>, what: &str, known: &[&str]) {
        let message = format!("there is no {what} `{}`", key.get_ref().escape_debug());
        self.problem(key.span(), message, suggestion(key.get_ref(), known));
    }
}

/// The entries of a table in the order of the text: the parser sorts them by name.
fn in_order<'t, 'i>(table: &'t DeTable<'i>) -> Vec<(&'t Key<'i>, &'t Value<'i>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

/// The known word that was meant, or all of them.
fn suggestion(word: &str, known: &[&str]) -> String {
    let likeness = |known: &str| strsim::jaro_winkler(word, known);
    let nearest = known
        .iter()
        .copied()
        .max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    match nearest {
        Some(nearest) if likeness(nearest) > ALIKE => format!("did you mean `{nearest}`?"),
        Some(_) => format!("it may be: {}", known.join(", ")),
        None => "there is none at all".to_owned(),
    }
}

pub(super) fn wrong_type(value: &Value<'_>, name: &str, takes: &str) -> Problem {
    let given = match value.get_ref() {
        DeValue::String(text) => format!("`{}`", text.escape_debug()),
        DeValue::Integer(number) => format!("the number {}", number.as_str()),
        DeValue::Float(number) => format!("the number {}", number.as_str()),
        DeValue::Boolean(flag) => format!("`{flag}`"),
        DeValue::Datetime(_) => "a date".to_owned(),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    };
    let message = format!("`{name}` does not take {given}");
    Problem::new(value.span(), message, format!("`{name}` takes {takes}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_break_is_of_the_line_that_it_ends() {
        let reader = Reader::new("a\n\nbc\n", false);
        let lines: Vec<usize> = (0..7).map(|byte| reader.line(byte)).collect();
        assert_eq!(lines, [1, 1, 2, 3, 3, 3, 4]);
        assert_eq!(Reader::new("", false).line(0), 1);
    }
}
