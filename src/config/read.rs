//! The grammar of the configuration: which tables and keys there are, and what they take.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::Problem;
use super::{Profile, value};
use crate::rule::{Options, Rule, Value};
use crate::rules::{RULES, find};

/// The version of the configuration's grammar that this program reads.
const GRAMMAR: &str = "1";

/// The longest DNS label (RFC 1123), which a profile's name is.
const MAX_LABEL: usize = 63;

type Entry<'t, 'i> = (
    &'t Spanned<std::borrow::Cow<'i, str>>,
    &'t Spanned<DeValue<'i>>,
);

/// The profiles of a configuration, or all that is wrong with it.
pub(super) fn profiles(text: &str) -> Result<Vec<Profile>, Vec<Problem>> {
    let (document, errors) = DeTable::parse_recoverable(text);
    let mut problems: Vec<Problem> = errors
        .iter()
        .map(|error| {
            let message = error.message().lines().collect::<Vec<_>>().join(", ");
            let span = error.span().unwrap_or_default();
            Problem::new(
                span,
                message,
                "see https://toml.io/en/v1.0.0 for how TOML is written",
            )
        })
        .collect();
    let mut profiles = Vec::new();
    if problems.is_empty() {
        document_of(&document, &mut profiles, &mut problems);
    }
    if problems.is_empty() {
        Ok(profiles)
    } else {
        Err(problems)
    }
}

fn document_of(
    document: &Spanned<DeTable<'_>>,
    profiles: &mut Vec<Profile>,
    problems: &mut Vec<Problem>,
) {
    let mut versioned = false;
    for (key, value) in in_order(document.get_ref()) {
        match key.get_ref().as_ref() {
            "version" => {
                versioned = true;
                version(value, problems);
            }
            "profiles" => {
                let Some(table) = table(value, "profiles", problems) else {
                    continue;
                };
                profiles.extend(
                    in_order(table)
                        .into_iter()
                        .filter_map(|entry| profile(entry, problems)),
                );
            }
            _ => problems.push(unknown(key, "key", &["version", "profiles"])),
        }
    }
    if !versioned {
        let message =
            "the configuration does not say which version of its grammar it is written in";
        problems.push(Problem::new(
            0..0,
            message.to_owned(),
            "begin the file with `version = 1`",
        ));
    }
}

fn version(value: &Spanned<DeValue<'_>>, problems: &mut Vec<Problem>) {
    if value
        .get_ref()
        .as_integer()
        .is_none_or(|version| version.as_str() != GRAMMAR)
    {
        let message = "this program reads version 1 of the configuration, and no other".to_owned();
        problems.push(Problem::new(value.span(), message, "write `version = 1`"));
    }
}

fn profile((key, value): Entry<'_, '_>, problems: &mut Vec<Problem>) -> Option<Profile> {
    let name = key.get_ref();
    if !is_label(name) || name == "off" {
        let message = format!("`{name}` cannot be the name of a profile");
        let remedy = "a profile is named in a label of the namespace: lower-case letters, digits and `-`, at most 63, \
                      and not `off`, which opts a namespace out";
        problems.push(Problem::new(key.span(), message, remedy));
    }
    let mut rules = Vec::new();
    for (key, value) in in_order(table(value, name, problems)?) {
        match find(key.get_ref()) {
            Some(rule) => {
                let Some(table) = table(value, rule.id, problems) else {
                    continue;
                };
                rules.extend(options(rule, table, problems).map(|options| (rule, options)));
            }
            None => {
                let ids: Vec<&str> = RULES.iter().map(|rule| rule.id).collect();
                problems.push(unknown(key, "rule", &ids));
            }
        }
    }
    rules.sort_by_key(|(rule, _)| RULES.iter().position(|other| other.id == rule.id));
    Some(Profile {
        name: name.to_string(),
        rules,
    })
}

/// The options of an enabled rule; `None` where it is off.
fn options(rule: &Rule, table: &DeTable<'_>, problems: &mut Vec<Problem>) -> Option<Options> {
    let mut enabled = false;
    let mut values: Vec<Value> = rule
        .keys
        .iter()
        .map(|key| key.kind.default_value())
        .collect();
    for (name, given) in in_order(table) {
        if name.get_ref() == "enabled" {
            match given.get_ref().as_bool() {
                Some(switch) => enabled = switch,
                None => problems.push(wrong_type(given, "enabled", "`true` or `false`")),
            }
            continue;
        }
        let position = rule.keys.iter().position(|key| key.name == name.get_ref());
        let declared = position.and_then(|at| Some((rule.keys.get(at)?, values.get_mut(at)?)));
        match declared {
            Some((key, value)) => value::read(key, given, value, problems),
            None => {
                let known: Vec<&str> = rule.keys.iter().map(|key| key.name).collect();
                let known: Vec<&str> = std::iter::once("enabled").chain(known).collect();
                problems.push(unknown(name, &format!("key of `{}`", rule.id), &known));
            }
        }
    }
    enabled.then(|| Options::new(values))
}

fn is_label(name: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=MAX_LABEL).contains(&name.len())
        && name.bytes().all(inner)
        && !name.starts_with('-')
        && !name.ends_with('-')
}

fn table<'t, 'i>(
    value: &'t Spanned<DeValue<'i>>,
    name: &str,
    problems: &mut Vec<Problem>,
) -> Option<&'t DeTable<'i>> {
    let table = value.get_ref().as_table();
    if table.is_none() {
        problems.push(wrong_type(value, name, "a table"));
    }
    table
}

/// The entries of a table in the order of the text: the parser sorts them by name.
fn in_order<'t, 'i>(table: &'t DeTable<'i>) -> Vec<Entry<'t, 'i>> {
    let mut entries: Vec<Entry<'t, 'i>> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

fn unknown(key: &Spanned<std::borrow::Cow<'_, str>>, what: &str, known: &[&str]) -> Problem {
    let message = format!("there is no {what} `{}`", key.get_ref());
    Problem::new(
        key.span(),
        message,
        format!("it may be: {}", known.join(", ")),
    )
}

pub(super) fn wrong_type(value: &Spanned<DeValue<'_>>, name: &str, takes: &str) -> Problem {
    let message = format!("`{name}` does not take this {}", value.get_ref().type_str());
    Problem::new(value.span(), message, format!("`{name}` takes {takes}"))
}
