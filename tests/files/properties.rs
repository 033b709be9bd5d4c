//! The editor on texts that nobody wrote: generated manifests in many styles, and the cases with something torn out or put in.

use libtest_mimic::Failed;
use pod_hardener::manifest::Manifest;
use pod_hardener::report;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, RngSeed, TestRunner};

use crate::support::{self, Outcome};
use crate::{cases, corpus, yaml};

/// How a manifest is written.
#[derive(Clone, Debug)]
struct Style {
    step: usize,
    list_step: usize,
    newline: &'static str,
    comments: bool,
    last_newline: bool,
    name: &'static str,
}

fn style() -> impl Strategy<Value = Style> {
    let newline = select(vec!["\n", "\n", "\r\n"]);
    let name = select(vec!["name", "\"name\"", "'name'", "? name\n: "]);
    (
        1..6_usize,
        prop::bool::ANY,
        newline,
        prop::bool::ANY,
        prop::bool::ANY,
        name,
    )
        .prop_map(
            |(step, indented, newline, comments, last_newline, name)| Style {
                step,
                list_step: if indented { step } else { 0 },
                newline,
                comments,
                last_newline,
                name: name.split('\n').next().unwrap_or("name"),
            },
        )
}

/// Something in a container, by its lines below the container's column; `STEP` is one step.
const PARTS: [&str; 16] = [
    "securityContext:",
    "securityContext: {}",
    "securityContext: null",
    "securityContext:\nSTEPrunAsUser: 1001 # hers",
    "securityContext: { allowPrivilegeEscalation: true, capabilities: {drop: [ KILL ]} }",
    "securityContext:\nSTEPcapabilities:\nSTEPSTEPdrop:\nSTEPSTEP- NET_RAW\nSTEPSTEP# - KILL",
    "securityContext: {\nSTEPrunAsUser: 1001, # one\nSTEPreadOnlyRootFilesystem: true # two\n}",
    "resources:\nSTEP# none yet",
    "resources: {limits: {cpu: 1, memory: 64Mi}}",
    "resources:\nSTEPlimits:\nSTEPSTEPmemory: 0x10",
    "command: |\nSTEPsleep 1\n\nSTEP# not a comment",
    "args:\n- >-\nSTEPfolded\nSTEPtext\n- |+\nSTEPkept\n",
    "env:\n- {name: A, value: \"#\"}\n# - name: B",
    "env: [\nSTEP{name: A, value: 'it''s'},\n]",
    "volumeMounts:\n- name: v\n  mountPath: /v",
    "terminationMessagePath: \"/dev/\\\n  log\"",
];

fn parts() -> impl Strategy<Value = Vec<&'static str>> {
    prop::collection::vec(select(PARTS.to_vec()), 0..4).prop_map(|parts| {
        let mut seen = std::collections::HashSet::new();
        let key = |part: &&str| part.split(':').next().unwrap().to_owned();
        parts
            .into_iter()
            .filter(|part| seen.insert(key(part)))
            .collect()
    })
}

fn manifest() -> impl Strategy<Value = String> {
    let containers = prop::collection::vec(parts(), 1..4);
    let documents = prop::collection::vec((containers, prop::bool::ANY), 1..3);
    (style(), documents).prop_map(|(style, documents)| {
        let documents: Vec<String> = documents
            .iter()
            .map(|(containers, is_pod)| document(&style, containers, *is_pod))
            .collect();
        let text = documents.join("---\n# Another one.\n");
        let text = text.replace('\n', style.newline);
        match style.last_newline {
            true => text,
            false => text.trim_end().to_owned(),
        }
    })
}

fn document(style: &Style, containers: &[Vec<&str>], is_pod: bool) -> String {
    let step = " ".repeat(style.step);
    let mut text = match is_pod {
        true => "apiVersion: v1\nkind: Pod\nspec:\n".to_owned(),
        false => format!(
            "apiVersion: apps/v1\nkind: Deployment\nspec:\n{step}template:\n{step}{step}spec:\n"
        ),
    };
    let depth = if is_pod { 1 } else { 3 };
    let indent = " ".repeat(style.step * depth);
    text += &format!("{indent}containers:\n");
    let dash = indent.clone() + &" ".repeat(style.list_step);
    let inside = format!("{dash}  ");
    for (at, parts) in containers.iter().enumerate() {
        text += &match style.name.strip_prefix("? ") {
            Some(name) => format!("{dash}- ? {name}\n{inside}: c{at}\n"),
            None => format!("{dash}- {}: c{at}\n", style.name),
        };
        for part in parts {
            let part = part.replace("STEP", &step);
            for line in part.split('\n') {
                let is_blank = line.is_empty();
                text += &if is_blank {
                    "\n".to_owned()
                } else {
                    format!("{inside}{line}\n")
                };
            }
        }
        if style.comments {
            text += &format!("{inside}# the end of it\n\n{dash}# the next one\n");
        }
    }
    if style.comments {
        text += &format!("{indent}# of the spec\n");
        text += &format!("{indent}hostNetwork: false # no\n");
    }
    text
}

/// By how much more is tried than in every run: `FUZZ` times as much, and other texts than then.
fn times() -> u32 {
    let times = std::env::var("FUZZ")
        .ok()
        .and_then(|times| times.parse().ok());
    times.unwrap_or(1)
}

fn runner(cases: u32, seed: u64) -> TestRunner {
    TestRunner::new(Config {
        cases: cases * times(),
        rng_seed: RngSeed::Fixed(seed + u64::from(times())),
        failure_persistence: None,
        ..Config::default()
    })
}

/// Every generated manifest is hardened, and rightly.
pub(crate) fn generated() -> Result<(), Failed> {
    let profiles = select(vec!["compatible", "restricted", "strict"]);
    let run = runner(400, 12).run(&(manifest(), profiles), |(text, profile)| {
        match support::harden(&text, profile) {
            Outcome::Hardened(hardened) => {
                let right = support::is_right(&text, &hardened, profile);
                prop_assert!(
                    right.is_ok(),
                    "{}\n{text}\n===\n{hardened}",
                    right.unwrap_err()
                );
            }
            other => prop_assert!(false, "{other:?}\n{text}"),
        }
        Ok(())
    });
    run.map_err(|error| error.to_string().into())
}

/// What is put into a text to break it.
const PIECES: [&str; 24] = [
    "\n", " ", "  ", "\t", "- ", ": ", "{", "}", "[", "]", "#", "\"", "'", "|", "&a ", "*a", "? ",
    "---\n", "...\n", "!!str ", ",", "\r", "<<: *a\n", "é",
];

/// However a text is torn, nothing panics, and what comes out as hardened can be read, has every comment, and is hardened once.
pub(crate) fn torn() -> Result<(), Failed> {
    let texts: Vec<String> = corpus::files(&cases::folder(), &["yaml", "json"])
        .iter()
        .map(|path| yaml::read(path).unwrap())
        .collect();
    let tear = (prop::num::u16::ANY, 0..12_usize, select(PIECES.to_vec()));
    let strategy = (select(texts), prop::collection::vec(tear, 1..3));
    let hardened = std::cell::Cell::new(0_u32);
    let run = runner(3_000, 13).run(&strategy, |(text, tears)| {
        let text = torn_by(text, &tears);
        if let Outcome::Hardened(after) = support::harden(&text, "strict") {
            hardened.set(hardened.get() + 1);
            prop_assert!(yaml::documents(&after).is_ok(), "{text}\n===\n{after}");
            prop_assert_eq!(
                support::comments(&text),
                support::comments(&after),
                "{}",
                after
            );
            let again = support::harden(&after, "strict");
            prop_assert!(
                matches!(again, Outcome::Same),
                "{again:?}\n{text}\n===\n{after}"
            );
        }
        Ok(())
    });
    run.map_err(|error| error.to_string())?;
    assert!(hardened.get() > 400, "{}", hardened.get());
    let all = 3_000 * times();
    eprintln!("{} of {all} torn texts were hardened", hardened.get());
    Ok(())
}

/// A text with pieces put in, each in the place of some of its characters.
fn torn_by(mut text: String, tears: &[(u16, usize, &str)]) -> String {
    for (at, length, piece) in tears {
        let from = usize::from(*at) * text.len() / usize::from(u16::MAX);
        let boundary = |at: usize| {
            (at..=text.len())
                .find(|at| text.is_char_boundary(*at))
                .unwrap()
        };
        let (from, to) = (boundary(from), boundary((from + length).min(text.len())));
        text.replace_range(from..to.max(from), piece);
    }
    text
}

/// A compact JSON is one line: what is told of each finding is a part of it, with the column that it has in the file.
pub(crate) fn long_lines() -> Result<(), Failed> {
    let item = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"é"},"spec":{"containers":[{"name":"ü","image":"registry.example/ü:1"}]}}"#;
    let items = vec![item; 50].join(",");
    let text = format!(r#"{{"apiVersion":"v1","kind":"List","items":[{items}]}}"#);
    let manifest = Manifest::read(&text).map_err(|flaw| flaw.to_string())?;
    let (judged, _) = manifest.judge(support::by("restricted"));
    assert_eq!(judged.len(), 50);
    for one in &judged {
        for item in report::items("list.json", &manifest, one, 0) {
            let excerpt = &item.excerpt;
            assert!(excerpt.text.len() < 300, "{}", excerpt.text.len());
            let meant = &excerpt.text[excerpt.meant.clone()];
            let there: String = text
                .chars()
                .skip(item.at.column - 1)
                .take(meant.chars().count())
                .collect();
            assert_eq!(there, meant);
            assert_eq!(item.at, manifest.places().at(item.at.byte));
        }
    }
    Ok(())
}
