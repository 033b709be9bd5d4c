//! The grammar as JSON Schema (draft 7), for editors: from the same declarations that the reader goes by.
//!
//! It refuses nothing that the reader takes; the reader refuses more.

use serde_json::{Map, Value, json};

use super::ALL;
use super::read::{KEYS, REASON, SELECTORS};
use super::value::{FIRST_HIGH_UID, UIDS};
use crate::rule::{Key, Kind, NONE, Rule};
use crate::rules::RULES;

/// A name of a profile: a DNS label (RFC 1123) that is not `off`.
const PROFILE: &str = "^(?!off$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$";

/// A kind of custom resources, by its API group, and its version where that matters.
const CUSTOM_KIND: &str = "^[a-z0-9-]+([.][a-z0-9-]+)+/([a-z0-9-]+/)?[A-Z][A-Za-z0-9]*$";

/// A way to a pod's template.
const WAY: &str = "^([A-Za-z0-9_-]+|[*])([.]([A-Za-z0-9_-]+|[*]))*$";

/// The schema of a configuration.
#[must_use]
pub fn schema() -> Value {
    let [
        version,
        enabled,
        annotate,
        mirrors,
        templates,
        profiles,
        overrides,
    ] = KEYS;
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "pod-hardener's configuration",
        "type": "object",
        "additionalProperties": false,
        "required": [version],
        "properties": {
            version: {"const": 1, "description": "The version of this file's grammar."},
            enabled: {
                "type": "boolean",
                "default": true,
                "description": "`false` admits every pod as it is."
            },
            annotate: {
                "type": "boolean",
                "default": true,
                "description": "Whether a pod is told, in its annotation `pod-hardener.io/hardened`, what was set."
            },
            mirrors: texts("^[A-Za-z0-9][A-Za-z0-9._:/-]*$",
                "What mirrors put before the names of images, which is taken off before images are compared."),
            templates: {
                "type": "object",
                "propertyNames": {"pattern": CUSTOM_KIND},
                "additionalProperties": {"anyOf": [
                    {"type": "string", "pattern": WAY},
                    list(WAY),
                ]},
                "description": "The ways to pod templates in custom resources, for `check` and `harden`, by \"group/Kind\".",
            },
            profiles: {
                "type": "object",
                "propertyNames": {"pattern": PROFILE},
                "additionalProperties": {"$ref": "#/definitions/profile"},
                "description": "The profiles that labels of namespaces name, beside the shipped ones.",
            },
            overrides: {
                "type": "array",
                "items": {"$ref": "#/definitions/override"},
                "description": "Other values for some containers, with a reason. A later one wins, key by key.",
            },
        },
        "definitions": definitions(),
    })
}

/// A table for each rule, by id, and the two that hold such tables.
fn definitions() -> Map<String, Value> {
    let tables = RULES.iter().map(|rule| (rule.id.to_owned(), table(rule)));
    let others = [("profile", profile()), ("override", override_table())];
    let others = others
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value));
    tables.chain(others).collect()
}

fn profile() -> Value {
    let mut properties = rules();
    for rule in RULES {
        let uids = rule
            .keys
            .iter()
            .filter(|key| matches!(key.kind, Kind::Uid(_)));
        for key in uids {
            // A number of a profile is a high one; words have no minimum.
            let high = json!({"properties": {key.name: {"minimum": FIRST_HIGH_UID}}});
            let table = json!({"allOf": [table_of(rule.id), high]});
            properties.insert(rule.id.to_owned(), table);
        }
    }
    let extends = json!({
        "type": "string",
        "pattern": PROFILE,
        "description": "The profile to start from. Lists are then added to, and an entry that begins with `!` takes one away.",
    });
    properties.insert("extends".to_owned(), extends);
    let mut names: Vec<String> = RULES.iter().map(|rule| rule.id.to_owned()).collect();
    names.push(ALL.to_owned());
    let all = names.iter().map(|name| format!("!{name}"));
    let names: Vec<String> = names.iter().cloned().chain(all).collect();
    let may_except = json!({
        "type": "array",
        "items": {"enum": names},
        "description": "The rules that a pod's author may except it from by an annotation.",
    });
    properties.insert("authors-may-except".to_owned(), may_except);
    json!({"type": "object", "additionalProperties": false, "properties": properties})
}

fn override_table() -> Value {
    let mut properties = rules();
    let [namespaces, images, containers, labels, kinds] = SELECTORS;
    let reason = "Why it is there: it goes into every record.";
    for (name, value) in [
        (
            REASON,
            json!({"type": "string", "minLength": 1, "description": reason}),
        ),
        (
            namespaces,
            texts(
                "^[a-z0-9*?-]+$",
                "Namespaces, in which `*` stands for anything.",
            ),
        ),
        (
            images,
            texts(
                "^[^:/ ][^ ]*$",
                "Images as people write them, in which `*` stands for anything.",
            ),
        ),
        (
            containers,
            texts(
                "^[a-z0-9*?-]+$",
                "Containers, in which `*` stands for anything.",
            ),
        ),
        (
            labels,
            json!({
                "type": "object",
                "minProperties": 1,
                "additionalProperties": {"type": "string"},
                "description": "Labels of the pod, all of them, each with a value in which `*` stands for anything.",
            }),
        ),
        (
            kinds,
            texts(
                "^[A-Z][A-Za-z0-9]*$",
                "The kinds that make the pod: a Deployment counts as its ReplicaSet, a CronJob as its Job.",
            ),
        ),
    ] {
        properties.insert(name.to_owned(), value);
    }
    let one_of: Vec<Value> = SELECTORS
        .iter()
        .map(|name| json!({"required": [name]}))
        .collect();
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": [REASON],
        "anyOf": one_of,
        "properties": properties,
    })
}

/// Every rule's key, which holds its table.
fn rules() -> Map<String, Value> {
    RULES
        .iter()
        .map(|rule| (rule.id.to_owned(), table_of(rule.id)))
        .collect()
}

fn table_of(id: &str) -> Value {
    json!({"$ref": format!("#/definitions/{id}")})
}

fn table(rule: &Rule) -> Value {
    let mut properties = Map::new();
    let enabled =
        json!({"type": "boolean", "default": false, "description": "Whether the rule is on."});
    properties.insert("enabled".to_owned(), enabled);
    for key in rule.keys {
        properties.insert(key.name.to_owned(), option(key));
    }
    let practice = match rule.practice {
        Some(number) => format!("Practice {number}"),
        None => "Beside the ten practices".to_owned(),
    };
    json!({
        "type": "object",
        "additionalProperties": false,
        "description": format!("{practice}: {}.", rule.summary),
        "properties": properties,
    })
}

fn option(key: &Key) -> Value {
    let amount = "^[0-9A-Za-z.]+$";
    let (takes, default) = match key.kind {
        Kind::Capabilities(names) => (list("^!?(?!CAP_|ALL$)[A-Z_]+$"), json!(names)),
        Kind::Paths(names) => (list("^!?/[^:]*[^:/]$"), json!(names)),
        Kind::Annotations(names) => (list("^!?[^=]"), json!(names)),
        Kind::Choice(words) => (json!({"enum": words}), json!(words.first())),
        Kind::Flag(on) => (json!({"type": "boolean"}), json!(on)),
        Kind::Amount(text) => (json!({"type": "string", "pattern": amount}), json!(text)),
        Kind::AmountOrNone(text) => {
            let amount = json!({"type": "string", "pattern": amount});
            (json!({"anyOf": [{"const": NONE}, amount]}), json!(text))
        }
        Kind::Text(text) => (json!({"type": "string"}), json!(text)),
        Kind::Uid(uid) => {
            let number = json!({"type": "integer", "minimum": UIDS.start(), "maximum": UIDS.end()});
            let word = json!({"enum": ["namespace", "image"]});
            (json!({"anyOf": [number, word]}), json!(uid))
        }
    };
    described(
        takes,
        [("description", json!(key.doc)), ("default", default)],
    )
}

/// A list of texts, each of them like `pattern`.
fn list(pattern: &str) -> Value {
    json!({"type": "array", "items": {"type": "string", "pattern": pattern}})
}

/// The same, for people.
fn texts(pattern: &str, description: &str) -> Value {
    described(list(pattern), [("description", json!(description))])
}

fn described<const N: usize>(mut schema: Value, more: [(&str, Value); N]) -> Value {
    if let Some(schema) = schema.as_object_mut() {
        schema.extend(more.map(|(key, value)| (key.to_owned(), value)));
    }
    schema
}
