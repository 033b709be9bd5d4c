//! What was set, on the pod itself: the annotation [`KEY`], whose format is in `docs/record.md`.
//!
//! A hint for people and tools, which anybody can forge: no rule reads it, and nothing is left out because of it.

use super::hash::push_hex;
use super::said::{Outcome, Said, What, push_path};
use crate::object::Pod;
use crate::rule::{Field, Finding, Verdict};

/// The annotation's key.
pub const KEY: &str = Field::Hardened.last_name();

/// What the first line of every pass begins with.
const HEADER: &str = "profile=";

/// The end of a line, in JSON.
const END: &str = "\\n";

/// What stands for the hash of what is taken out.
const REMOVED: &str = "removed";

/// The most bytes of the annotation: beyond them it says too little for what it weighs in every copy of the pod.
const MAX: usize = 16 * 1024;

/// The most bytes of all keys and values of a pod's annotations (J11).
const MAX_ALL: usize = 256 * 1024;

/// What became of the annotation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Annotation {
    /// There is nothing for it to say, or nowhere to say it: nothing was set, or the pod runs already.
    Silent,
    /// The configuration switches it off.
    Off,
    /// It is set to this value, as JSON, which may add to what an earlier pass wrote.
    Written(String),
    /// It would be larger than it may be, or than the pod's annotations have room for.
    Full,
    /// The pod's author has one of this name that is none: his stays.
    Authors,
}

impl Annotation {
    /// All of their names.
    pub const NAMES: [&str; 5] = ["silent", "off", "written", "full", "authors"];

    /// Its name in the decision log.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Silent => "silent",
            Self::Off => "off",
            Self::Written(_) => "written",
            Self::Full => "full",
            Self::Authors => "authors",
        }
    }

    /// Why it is left out, if somebody might look for it.
    #[must_use]
    pub fn left_out(&self) -> Option<&'static str> {
        match self {
            Self::Silent | Self::Off | Self::Written(_) => None,
            Self::Full => Some("left out: there is no room for it"),
            Self::Authors => Some("left out: the author has another of this name"),
        }
    }
}

/// The annotation for what `said` sets in `pod`, by a profile and a version of the configuration; `findings` are what it is
/// made of.
#[must_use]
pub fn annotation(
    pod: Pod<'_>,
    profile: &str,
    config: &str,
    findings: &[Finding<'_>],
    said: &[Said],
) -> Annotation {
    let earlier = match pod.annotation(KEY) {
        Some(earlier) if !is_ours(earlier) => return Annotation::Authors,
        Some(earlier) if earlier.len() > MAX => return Annotation::Full,
        earlier => earlier,
    };
    let before = pod.annotations().map_or(0, |all| all.bytes());
    // As JSON at once: in what is added here, nothing but the ends of lines has to be escaped.
    let mut json = String::with_capacity(2_048);
    json.push('"');
    if let Some(earlier) = earlier {
        let quoted = serde_json::Value::from(earlier).to_string();
        json.push_str(quoted.get(1..quoted.len() - 1).unwrap_or_default());
        json.push_str(END);
    }
    for part in [HEADER, profile, " config=", config] {
        json.push_str(part);
    }
    for Said {
        rule, what, places, ..
    } in said
    {
        let (What::Set(field, _) | What::Removed(field)) = what else {
            continue;
        };
        for part in [END, rule, " "] {
            json.push_str(part);
        }
        push_path(&mut json, *field);
        json.push('=');
        match what {
            What::Set(_, hash) => push_hex(&mut json, *hash),
            _ => json.push_str(REMOVED),
        }
        for part in [" ", places] {
            json.push_str(part);
        }
        if json.len() > MAX {
            return Annotation::Full;
        }
    }
    json.push('"');
    let is_cut = |said: &Said| said.more() > 0 && said.what.outcome() == Outcome::Set;
    // What is there already is counted twice where it is added to, and so are escapes: near the limit, this is careful.
    let sum = before + others(findings) + KEY.len() + json.len();
    match sum > MAX_ALL || said.iter().any(is_cut) {
        true => Annotation::Full,
        false => Annotation::Written(json),
    }
}

/// How many passes the pod's annotation has, if it is one of ours: whoever forges one is believed.
#[must_use]
pub fn passes(pod: Pod<'_>) -> usize {
    let text = pod.annotation(KEY).filter(|text| is_ours(text));
    let lines = text.unwrap_or_default().lines();
    lines.filter(|line| is_ours(line)).count()
}

fn is_ours(text: &str) -> bool {
    text.starts_with(HEADER)
}

/// The bytes of the other annotations that are set: as much as they may come to.
fn others(findings: &[Finding<'_>]) -> usize {
    let bytes = findings.iter().map(|finding| match &finding.verdict {
        Verdict::Set(field, json) if field.is_annotation() => field.last_name().len() + json.len(),
        _ => 0,
    });
    bytes.sum()
}
