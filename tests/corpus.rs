//! The engine and the admission function on real inputs, without an API server.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]
#![allow(clippy::print_stderr, missing_docs, reason = "tests")]

#[path = "support/corpus.rs"]
mod corpus;
#[path = "support/effective.rs"]
mod effective;
#[path = "support/harden.rs"]
mod harden;
#[path = "support/token.rs"]
mod token;
#[path = "support/yaml.rs"]
mod yaml;

use std::path::Path;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use pod_hardener::admission::{Mode, answer};
use pod_hardener::config::Settings;
use pod_hardener::object::Template;
use pod_hardener::plan::Facts;
use serde_json::{Value, json};

fn main() -> ExitCode {
    let root = corpus::root();
    if root.is_none() {
        eprintln!("CORPUS names no folder of real inputs: the tests on them are skipped");
    }
    let trial = |name: &str, test: fn(&Path) -> Result<(), Failed>| {
        let folder = root.clone();
        Trial::test(name, move || test(&folder.ok_or("there is no corpus")?))
            .with_ignored_flag(root.is_none())
    };
    let trials = vec![
        trial(
            "every template is hardened once, and nothing of its author's changes",
            templates,
        ),
        trial(
            "climbing from profile to profile ends where strict at once does",
            ladder,
        ),
        trial(
            "every review, and each of its mutilations, gets an answer",
            reviews,
        ),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn templates(root: &Path) -> Result<(), Failed> {
    let settings = Settings::embedded();
    let samples = corpus::samples(root);
    let mut patched = 0;
    for sample in &samples {
        for name in settings.profile_names() {
            let profile = settings.profile(name).unwrap();
            let once = harden::harden(profile, Template::Itself, &sample.pod)?;
            let twice = harden::harden(profile, Template::Itself, &once.object)?;
            patched += usize::from(once.patch.is_some());
            if !harden::contains(&once.object, &sample.pod) {
                return Err(
                    format!("{}: {name} changes what its author wrote", sample.name).into(),
                );
            }
            if twice.patch.is_some() {
                return Err(format!("{}: {name} patches it twice", sample.name).into());
            }
        }
    }
    eprintln!("{} templates, {patched} patches", samples.len());
    if samples.is_empty() || patched == 0 {
        return Err("there was nothing to harden".into());
    }
    Ok(())
}

/// The profiles are a ladder: going up it by steps ends where a jump ends.
fn ladder(root: &Path) -> Result<(), Failed> {
    let settings = Settings::embedded();
    let by = |name: &str, pod: &Value| {
        let profile = settings
            .profile(name)
            .ok_or(format!("there is no profile {name}"))?;
        harden::harden(profile, Template::Itself, pod).map(|hardened| hardened.object)
    };
    for sample in corpus::samples(root) {
        let climbed = by(
            "strict",
            &by("restricted", &by("compatible", &sample.pod)?)?,
        )?;
        let at_once = by("strict", &sample.pod)?;
        if effective::settings(&climbed) != effective::settings(&at_once) {
            return Err(format!("{}: {climbed}\n{at_once}", sample.name).into());
        }
    }
    Ok(())
}

/// Whole, cut short at 64 places, doubled, and with each value in turn of another type: an answer or a failure with
/// a text of one line, and never a panic.
fn reviews(root: &Path) -> Result<(), Failed> {
    let settings = Settings::embedded();
    let (mut answered, mut refused) = (0, 0);
    for path in corpus::files(&root.join("reviews"), &["json"]) {
        let text = yaml::read(&path)?;
        let review: Option<Value> = serde_json::from_str(&text).ok();
        let request = review.as_ref().filter(|value| value.get("uid").is_some());
        let wrapped = request.map(|request| {
            json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request})
        });
        for text in [Some(text.clone()), wrapped.map(|value| value.to_string())]
            .into_iter()
            .flatten()
        {
            let mut bodies: Vec<Vec<u8>> = vec![
                text.clone().into_bytes(),
                format!("{text}{text}").into_bytes(),
            ];
            bodies.extend((0..64).map(|part| text.as_bytes()[..text.len() * part / 64].to_vec()));
            if let Ok(value) = serde_json::from_str::<Value>(&text) {
                swapped(&value, &mut bodies);
            }
            for body in bodies {
                for (mode, profile) in [
                    (Mode::Harden, "strict"),
                    (Mode::Audit, "strict"),
                    (Mode::Preview, "compatible"),
                ] {
                    match answer(&settings, mode, profile, &Facts::default(), &body) {
                        Ok(answer) => {
                            let reply: Value = serde_json::from_slice(&answer.body)?;
                            assert_eq!(reply["response"]["allowed"], true, "{}", path.display());
                            answered += 1;
                        }
                        Err(failure) => {
                            assert!(!failure.to_string().contains('\n'), "{failure}");
                            refused += 1;
                        }
                    }
                }
            }
        }
    }
    eprintln!("{answered} answers, {refused} failures");
    if answered == 0 || refused == 0 {
        return Err(
            "every review fared alike: the samples or the mutilations are not what they should be"
                .into(),
        );
    }
    Ok(())
}

/// The document with each of its values, one at a time, replaced by one of another type.
fn swapped(document: &Value, bodies: &mut Vec<Vec<u8>>) {
    let mut pointers = Vec::new();
    walk(document, "", &mut pointers);
    for pointer in pointers {
        for other in [
            Value::Null,
            json!(7),
            json!("text"),
            json!([]),
            json!({}),
            json!([[]]),
        ] {
            let mut changed = document.clone();
            *changed.pointer_mut(&pointer).unwrap() = other;
            bodies.push(changed.to_string().into_bytes());
        }
    }
}

fn walk(value: &Value, pointer: &str, pointers: &mut Vec<String>) {
    let mut visit = |key: &str, value: &Value| {
        let pointer = format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
        walk(value, &pointer, pointers);
        pointers.push(pointer);
    };
    match value {
        // Deep in managed fields nothing is read: swapping each of them proves nothing more.
        Value::Object(members) => members
            .iter()
            .filter(|(key, _)| *key != "fieldsV1")
            .for_each(|(key, value)| visit(key, value)),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .for_each(|(i, value)| visit(&i.to_string(), value)),
        _ => {}
    }
}
