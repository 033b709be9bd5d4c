//! Texts hardened by the library, and what must hold for each.

use pod_hardener::config::Settings;
use pod_hardener::manifest::{By, Manifest};
use pod_hardener::object::Template;
use pod_hardener::plan::Facts;
use serde_json::{Map, Value};
use std::sync::LazyLock;

use crate::{harden as engine, yaml};

static SETTINGS: LazyLock<Settings> = LazyLock::new(Settings::embedded);
static FACTS: LazyLock<Facts> = LazyLock::new(Facts::default);

const NAMESPACE: &str = "default";

/// What became of a text.
#[derive(Debug)]
pub(crate) enum Outcome {
    Same,
    Hardened(String),
    Failed(String),
}

pub(crate) fn by(profile: &str) -> By<'static> {
    By {
        settings: &SETTINGS,
        profile: SETTINGS.profile(profile).unwrap(),
        namespace: NAMESPACE,
        facts: &FACTS,
    }
}

pub(crate) fn harden(text: &str, profile: &str) -> Outcome {
    let manifest = match Manifest::read(text) {
        Ok(manifest) => manifest,
        Err(flaw) => return Outcome::Failed(flaw.to_string()),
    };
    let (judged, flaws) = manifest.judge(by(profile));
    if let Some(flaw) = flaws.first() {
        return Outcome::Failed(flaw.to_string());
    }
    match manifest.harden(&judged) {
        Ok(None) => Outcome::Same,
        Ok(Some(hardened)) => Outcome::Hardened(hardened.text),
        Err(refusal) => Outcome::Failed(refusal.to_string()),
    }
}

/// Whether `hardened` means what the engine makes of the objects of `text`, and is `text` with something put between; how many of
/// its lines are not lines of the other any more.
///
/// # Errors
///
/// What is not so.
pub(crate) fn is_right(text: &str, hardened: &str, profile: &str) -> Result<usize, String> {
    let (before, after) = (yaml::documents(text)?, yaml::documents(hardened)?);
    if before.len() != after.len() {
        return Err(format!("{} documents became {}", before.len(), after.len()));
    }
    for (before, after) in before.iter().zip(&after) {
        let expected = expected(before, ("", ""), profile)?;
        if filled_in(after) != expected {
            return Err(format!(
                "the text means\n{}\nand not\n{expected}",
                filled_in(after)
            ));
        }
        if !engine::contains(after, before) {
            return Err("something of its author's is other".to_owned());
        }
    }
    if comments(text) != comments(hardened) {
        return Err("a comment is lost or other".to_owned());
    }
    if let Outcome::Same = harden(hardened, profile) {
    } else {
        return Err(format!("it is hardened twice:\n{hardened}"));
    }
    lines(text, hardened)
}

/// What the engine makes of a document, filled in as the API server does.
fn expected(document: &Value, of_list: (&str, &str), profile: &str) -> Result<Value, String> {
    let text = |name: &str| document[name].as_str();
    let api = text("apiVersion").unwrap_or(of_list.0);
    let kind = text("kind").unwrap_or(of_list.1);
    let mut document = document.clone();
    if let (Some(item), Some(items)) = (
        kind.strip_suffix("List"),
        document.get_mut("items").and_then(Value::as_array_mut),
    ) {
        let of_list = if item.is_empty() {
            ("", "")
        } else {
            (api, item)
        };
        for item in items {
            *item = expected(item, of_list, profile)?;
        }
        return Ok(document);
    }
    let document = filled_in(&document);
    let Some(template) = template(api, kind) else {
        return Ok(document);
    };
    let namespace = document["metadata"]["namespace"]
        .as_str()
        .filter(|name| !name.is_empty());
    let (settings, profile) = (&*SETTINGS, SETTINGS.profile(profile).unwrap());
    let namespace = namespace.unwrap_or(NAMESPACE);
    let hardened = engine::harden_by(
        Some(settings),
        namespace,
        &FACTS,
        profile,
        template,
        &document,
    );
    match hardened {
        Ok(hardened) => Ok(hardened.object),
        Err(error) if error == "the object has no pod spec" => Ok(document),
        Err(error) => Err(error),
    }
}

fn template(api: &str, kind: &str) -> Option<Template> {
    let group = api.rsplit_once('/').map_or("", |(group, _)| group);
    match (group, kind) {
        ("extensions", kind) => Template::of("apps", kind),
        ("argoproj.io", "Rollout") | ("serving.knative.dev", "Service") => Some(Template::Spec),
        (group, kind) => Template::of(group, kind),
    }
}

/// The pods in the documents of a text, each with its kind, as pods of their own.
///
/// # Errors
///
/// Where the text is not YAML.
pub(crate) fn subjects(text: &str) -> Result<Vec<(String, Value)>, String> {
    let mut found = Vec::new();
    for document in yaml::documents(text)? {
        collect(&document, &mut found);
    }
    Ok(found)
}

fn collect(document: &Value, found: &mut Vec<(String, Value)>) {
    let kind = document["kind"].as_str().unwrap_or_default();
    if let (true, Some(items)) = (kind.ends_with("List"), document["items"].as_array()) {
        return items.iter().for_each(|item| collect(item, found));
    }
    let api = document["apiVersion"].as_str().unwrap_or_default();
    let pod = template(api, kind).and_then(|template| document.pointer(template.pointer()));
    if let Some(pod) = pod.filter(|pod| pod["spec"].is_object()) {
        found.push((kind.to_owned(), pod.clone()));
    }
}

/// Every limit is a request where there is none (A2), anywhere in a document.
fn filled_in(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let filled = members.iter().map(|(name, member)| {
                let member = match (name.as_str(), member) {
                    ("resources", Value::Object(resources)) => requested(resources),
                    _ => filled_in(member),
                };
                (name.clone(), member)
            });
            Value::Object(filled.collect())
        }
        Value::Array(items) => items.iter().map(filled_in).collect(),
        other => other.clone(),
    }
}

fn requested(resources: &Map<String, Value>) -> Value {
    let mut resources = resources.clone();
    if let Some(Value::Object(limits)) = resources.get("limits").cloned() {
        let mut requests = match resources.get("requests") {
            Some(Value::Object(requests)) => requests.clone(),
            _ => Map::new(),
        };
        for (name, limit) in limits {
            requests.entry(name).or_insert(limit);
        }
        if !requests.is_empty() {
            resources.insert("requests".to_owned(), Value::Object(requests));
        }
    }
    Value::Object(resources)
}

/// The comments of a text, as the parser finds them.
pub(crate) fn comments(text: &str) -> Vec<String> {
    let options = granit_parser::options! { max_buffered_comment_events: usize::MAX };
    let events = granit_parser::Parser::new_from_str_with_options(text, options);
    let mut comments: Vec<(usize, String)> = events
        .filter_map(Result::ok)
        .filter_map(|(event, span)| match event {
            granit_parser::Event::Comment(text, _) => {
                Some((span.start.byte_offset().unwrap(), text.into_owned()))
            }
            _ => None,
        })
        .collect();
    comments.sort();
    comments.into_iter().map(|(_, text)| text).collect()
}

/// How many lines of `text` are not lines of `hardened` any more: those of flow collections grow, `null` is replaced, and the value
/// of one annotation gets longer. All others are there, in order.
fn lines(text: &str, hardened: &str) -> Result<usize, String> {
    let before: Vec<&str> = text.lines().collect();
    let mut after = hardened.lines();
    let there: std::collections::HashSet<&str> = hardened.lines().collect();
    let mut grown = 0;
    for (at, line) in before.iter().enumerate() {
        let closes = |line: &&str| line.trim_start().starts_with(['}', ']']);
        let is_flow =
            line.contains(['{', '[', '}', ']', ',', '"']) || before.get(at + 1).is_some_and(closes);
        let is_replaced = REPLACED.iter().any(|word| line.contains(word));
        if is_flow || is_replaced {
            grown += usize::from(!there.contains(line));
        } else if !after.any(|other| other == *line) {
            return Err(format!("the line `{line}` is not where it was"));
        }
    }
    is_within(text, hardened)?;
    Ok(grown)
}

/// What another value takes the place of.
const REPLACED: [&str; 5] = ["null", "Null", "NULL", "~", "safe-to-evict-local-volumes"];

/// Whether every byte of `text` is in `hardened`, in order, where nothing of it is replaced.
fn is_within(text: &str, hardened: &str) -> Result<(), String> {
    let mut rest = hardened.bytes();
    if REPLACED.iter().any(|word| text.contains(word)) {
        return Ok(());
    }
    match text.bytes().all(|byte| rest.any(|other| other == byte)) {
        true => Ok(()),
        false => Err("a byte of the text is lost".to_owned()),
    }
}
