//! The values of options: what each kind takes.

use toml::Spanned;
use toml::de::DeValue;

use super::error::Problem;
use super::profile::Lists;
use super::read::wrong_type;
use crate::quantity::Quantity;
use crate::rule::{Key, Kind, NONE, Name, Uid, Value};

/// The users that can be given: below is root, above none exist in a user namespace (G4).
pub(super) const UIDS: std::ops::RangeInclusive<u16> = 1..=65_533;

/// The first user that is not one of images and nodes. Only an override of images that it names takes one before it.
pub(super) const FIRST_HIGH_UID: u16 = 10_000;

/// What is `given` for `key`. Where lists are added to others, an entry may begin with `!`.
pub(super) fn read(
    key: &Key,
    given: &Spanned<DeValue<'_>>,
    lists: Lists,
    problems: &mut Vec<Problem>,
) -> Option<Value> {
    let fits = |fits: fn(&str) -> bool| {
        move |name: &str| match name.strip_prefix('!') {
            Some(gone) => lists == Lists::AreAddedTo && fits(gone),
            None => fits(name),
        }
    };
    match key.kind {
        Kind::Capabilities(_) => names(
            key,
            given,
            problems,
            fits(is_capability),
            "a list of capabilities in upper case and without `CAP_`, like [\"NET_RAW\"]; ALL is not one of them",
        ),
        Kind::Paths(_) => paths(key, given, fits(is_path), problems),
        Kind::Choice(words) => text(
            key,
            given,
            problems,
            |text| words.contains(&text),
            &format!("one of: {}", words.join(", ")),
        ),
        Kind::Amount(_) => text(
            key,
            given,
            problems,
            is_amount,
            "an amount above zero like \"100m\" or \"512Mi\"",
        ),
        Kind::AmountOrNone(_) => text(
            key,
            given,
            problems,
            |text| text == NONE || is_amount(text),
            "an amount above zero like \"100m\" or \"512Mi\", or \"none\"",
        ),
        Kind::Annotations(_) => names(
            key,
            given,
            problems,
            fits(is_annotation),
            "a list of annotations, like [\"vault.hashicorp.com/agent-inject=true\"]",
        ),
        Kind::Text(_) => text(key, given, problems, |_| true, "a text"),
        Kind::Flag(_) => given.get_ref().as_bool().map(Value::Flag).or_else(|| {
            problems.push(wrong_type(given, key.name, "`true` or `false`"));
            None
        }),
        Kind::Uid(_) => uid(key, given, problems),
    }
}

fn names(
    key: &Key,
    given: &Spanned<DeValue<'_>>,
    problems: &mut Vec<Problem>,
    fits: impl Fn(&str) -> bool,
    takes: &str,
) -> Option<Value> {
    let Some(entries) = given.get_ref().as_array() else {
        problems.push(wrong_type(given, key.name, takes));
        return None;
    };
    let mut names = Vec::new();
    for entry in entries.iter() {
        match entry.get_ref().as_str().filter(|name| fits(name)) {
            Some(name) => names.push(Name::new(name)),
            None => problems.push(wrong_type(entry, key.name, takes)),
        }
    }
    Some(Value::Names(names))
}

fn paths(
    key: &Key,
    given: &Spanned<DeValue<'_>>,
    fits: impl Fn(&str) -> bool,
    problems: &mut Vec<Problem>,
) -> Option<Value> {
    let takes =
        "a list of absolute paths without `.`, `..`, `:` or a `/` at the end, like [\"/tmp\"]";
    names(key, given, problems, fits, takes)
}

/// The first of some paths that lies in another one, or is there twice, and that other one.
pub(super) fn first_nested(paths: &[Name]) -> Option<(&str, &str)> {
    let is_in = |path: &Name, other: &Name| {
        path.text == other.text || path.text.starts_with(&format!("{}/", other.text))
    };
    paths.iter().enumerate().find_map(|(at, path)| {
        let mut others = paths.iter().enumerate().filter(|(other, _)| *other != at);
        let (_, other) = others.find(|(_, other)| is_in(path, other))?;
        Some((path.text.as_str(), other.text.as_str()))
    })
}

fn text(
    key: &Key,
    given: &Spanned<DeValue<'_>>,
    problems: &mut Vec<Problem>,
    fits: impl Fn(&str) -> bool,
    takes: &str,
) -> Option<Value> {
    match given.get_ref().as_str().filter(|text| fits(text)) {
        Some(text) => Some(Value::Text(Name::new(text))),
        None => {
            problems.push(wrong_type(given, key.name, takes));
            None
        }
    }
}

fn uid(key: &Key, given: &Spanned<DeValue<'_>>, problems: &mut Vec<Problem>) -> Option<Value> {
    let number = given
        .get_ref()
        .as_integer()
        .filter(|number| number.radix() == 10);
    let number = number.and_then(|number| number.as_str().replace('_', "").parse().ok());
    let uid = match (number, given.get_ref().as_str()) {
        (Some(number), _) if UIDS.contains(&number) => Some(Uid::Number(number)),
        (_, Some("namespace")) => Some(Uid::Namespace),
        (_, Some("image")) => Some(Uid::Image),
        _ => None,
    };
    if uid.is_none() {
        problems.push(wrong_type(
            given,
            key.name,
            "a number from 10000 to 65533, \"namespace\" or \"image\"; from 1 in an override of the images that have such a user",
        ));
    }
    uid.map(Value::Uid)
}

fn is_capability(name: &str) -> bool {
    let letters = |byte: u8| byte.is_ascii_uppercase() || byte == b'_';
    !name.is_empty() && name.bytes().all(letters) && !name.starts_with("CAP_") && name != "ALL"
}

/// The API takes no `:` in a mount's path.
fn is_path(path: &str) -> bool {
    let steps = path.strip_prefix('/').filter(|rest| !rest.is_empty());
    steps.is_some_and(|steps| {
        steps
            .split('/')
            .all(|step| !["", ".", ".."].contains(&step))
    }) && !path.contains(':')
        && !path.chars().any(char::is_control)
}

/// Only the letters that Kubernetes itself writes: what is written here goes into patches as it is.
fn is_amount(text: &str) -> bool {
    Quantity::parse(text).is_some_and(|amount| amount > Quantity::ZERO)
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'.')
}

fn is_annotation(text: &str) -> bool {
    let key = text.split_once('=').map_or(text, |(key, _)| key);
    !key.is_empty() && !text.chars().any(char::is_control)
}
