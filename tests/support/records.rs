//! An admission and all that is on record of it, read as whoever reads the records would.

#![allow(dead_code, reason = "each test program uses its part of this")]

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pod_hardener::admission::{Mode, answer};
use pod_hardener::config::Settings;
use pod_hardener::plan::Facts;
use pod_hardener::record::Level;
use serde_json::{Value, json};

use crate::harden::Hardened;

/// The key of the annotation on the pod.
pub(crate) const ANNOTATION: &str = "pod-hardener.io/hardened";

/// One field of one place that was set, as every record tells of it: rule, place, field, hash (or `removed`).
pub(crate) type Set = BTreeSet<(String, String, String, String)>;

/// An answer, with its records.
#[derive(Clone, Debug)]
pub(crate) struct Answered {
    /// The response.
    pub(crate) response: Value,
    /// The pod with the patch applied.
    pub(crate) pod: Value,
    /// The line of the decision log, in full.
    pub(crate) line: Value,
    /// The same as text.
    pub(crate) text: String,
    /// The line in short.
    pub(crate) summary: Value,
}

impl Answered {
    /// The annotation on the pod.
    pub(crate) fn annotation(&self) -> Option<&str> {
        self.pod["metadata"]["annotations"][ANNOTATION].as_str()
    }

    /// An audit annotation.
    pub(crate) fn audited(&self, key: &str) -> &str {
        self.response["auditAnnotations"][key]
            .as_str()
            .unwrap_or_default()
    }
}

/// A review of a new pod in the namespace `shop`.
pub(crate) fn review(pod: &Value) -> Value {
    json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "u-1", "operation": "CREATE", "namespace": "shop",
        "kind": {"group": "", "version": "v1", "kind": "Pod"}, "object": pod,
    }})
}

/// What becomes of a new pod.
pub(crate) fn ask(settings: &Settings, mode: Mode, profile: &str, pod: &Value) -> Answered {
    ask_with(settings, mode, profile, &Facts::default(), &review(pod))
}

/// What becomes of a review.
pub(crate) fn ask_with(
    settings: &Settings,
    mode: Mode,
    profile: &str,
    facts: &Facts,
    review: &Value,
) -> Answered {
    let body = review.to_string();
    let answer = answer(settings, mode, profile, facts, body.as_bytes()).expect("an answer");
    let mut reply: Value = serde_json::from_slice(&answer.body).expect("JSON");
    let response = reply["response"].take();
    let mut pod = review["request"]["object"].clone();
    if let Some(patch) = response["patch"].as_str() {
        let patch = STANDARD.decode(patch).expect("base64");
        let patch: json_patch::Patch = serde_json::from_slice(&patch).expect("a patch");
        json_patch::patch(&mut pod, &patch).expect("a patch that applies");
    }
    let line = |level| {
        let line = answer.record.line(level, "2026-11-25T00:00:00Z", 1);
        String::from_utf8(line.expect("a line")).expect("UTF-8")
    };
    let parse = |text: &str| serde_json::from_str(text).expect("JSON");
    let (text, summary) = (line(Level::Full), line(Level::Summary));
    Answered {
        response,
        pod,
        line: parse(&text),
        summary: parse(&summary),
        text,
    }
}

/// The hash of a value, as docs/record.md has it: FNV-1a of its JSON, of which the keys are sorted.
pub(crate) fn hash(value: &Value) -> String {
    let text = value.to_string();
    let step = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    format!("{:08x}", text.bytes().fold(0x811c_9dc5, step))
}

/// What the plan sets, as records tell of it.
pub(crate) fn planned_set(planned: &Hardened) -> Set {
    let (mut set, mut values) = (Set::new(), planned.set.iter());
    for line in &planned.said {
        let (who, what) = line.split_once(": ").unwrap();
        let (rule, place) = who.split_once(" of ").unwrap();
        let place = match place {
            "the pod" => "(pod)",
            container => container.rsplit(' ').next().unwrap(),
        };
        let mut words = what.split(' ');
        let (verb, field) = (words.next().unwrap(), words.next().unwrap_or_default());
        let (field, hash) = match verb {
            "set" => {
                let (pointer, value) = values.next().unwrap();
                let entry = if pointer.ends_with("/-") { "[]" } else { "" };
                let hash = hash(value);
                (format!("{field}{entry}"), hash)
            }
            "removed" => (format!("{field}[]"), "removed".to_owned()),
            _ => continue,
        };
        set.insert((rule.to_owned(), place.to_owned(), field, hash));
    }
    set
}

/// What a line of the decision log says was set.
pub(crate) fn set_by_line(line: &Value) -> Set {
    let mut set = Set::new();
    let rules = line["rules"].as_array().expect("a line in full").iter();
    for said in rules.filter(|said| said["result"] == "set") {
        let text = |key: &str| said[key].as_str().unwrap_or("removed").to_owned();
        for place in said["places"].as_array().into_iter().flatten() {
            let place = place.as_str().expect("a name").to_owned();
            set.insert((text("rule"), place, text("field"), text("hash")));
        }
    }
    set
}

/// What the annotation on a pod says was set, and the headers of its passes. By the grammar of docs/record.md alone.
pub(crate) fn set_by_annotation(text: &str) -> (Vec<String>, Set) {
    let (mut headers, mut set) = (Vec::new(), Set::new());
    for line in text.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        match *words.as_slice() {
            [profile, config] => {
                assert!(profile.starts_with("profile="), "{line:?}");
                assert!(config.starts_with("config="), "{line:?}");
                headers.push(line.to_owned());
            }
            [rule, field, places] => {
                assert!(!headers.is_empty(), "a header comes first: {text:?}");
                let (field, hash) = field.rsplit_once('=').expect("a hash");
                for place in places.split(',') {
                    let words = [rule, place, field, hash].map(str::to_owned);
                    set.insert(words.into());
                }
            }
            _ => panic!("{line:?} is no line of an annotation"),
        }
    }
    (headers, set)
}

/// The rules and places that an audit annotation names: `rule: place, place; rule: place (detail)`.
pub(crate) fn listed(text: &str) -> BTreeSet<(String, String, String)> {
    let mut all = BTreeSet::new();
    for entry in text.split("; ").filter(|entry| !entry.is_empty()) {
        let (rule, rest) = entry.split_once(": ").expect("a rule");
        let (places, detail) = match rest.rfind(" (") {
            Some(at) if rest.ends_with(')') && !rest.ends_with("(pod)") => {
                (&rest[..at], &rest[at + 2..rest.len() - 1])
            }
            _ => (rest, ""),
        };
        for place in places.split(", ") {
            all.insert((rule.to_owned(), place.to_owned(), detail.to_owned()));
        }
    }
    all
}

/// The same of a line of the decision log, for what has a result: `set`, `kept-unsafe`, `stepped-back`, `excepted`.
pub(crate) fn listed_by_line(line: &Value, result: &str) -> BTreeSet<(String, String, String)> {
    let mut all = BTreeSet::new();
    for said in line["rules"].as_array().into_iter().flatten() {
        if said["result"] != result {
            continue;
        }
        let text = |key: &str| said[key].as_str().unwrap_or_default().to_owned();
        let detail = match result {
            "kept-unsafe" => text("said"),
            "stepped-back" => text("reason"),
            "excepted" => format!("{}: {}", text("by"), text("words")),
            _ => String::new(),
        };
        for place in said["places"].as_array().into_iter().flatten() {
            let place = place.as_str().expect("a name").to_owned();
            all.insert((text("rule"), place, detail.clone()));
        }
    }
    all
}

/// The keys of audit annotations, and what the decision log calls the same.
pub(crate) const KEYS: [(&str, &str, &str); 4] = [
    ("set", "set", "set"),
    ("kept", "kept", "kept-unsafe"),
    ("stepped-back", "stepped_back", "stepped-back"),
    ("excepted", "excepted", "excepted"),
];
