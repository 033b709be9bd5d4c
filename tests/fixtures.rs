//! The fixtures of every rule, found by folder: `tests/rules/<id>/<case>.yaml` is an object, `<case>.out` what the rule says of it.
//!
//! `UPDATE=1 cargo test --test fixtures` writes the `.out` files anew; then read the difference.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]
#![allow(missing_docs, reason = "tests")]

#[path = "support/harden.rs"]
mod harden;
#[path = "support/token.rs"]
mod token;
#[path = "support/yaml.rs"]
mod yaml;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use pod_hardener::config::Settings;
use pod_hardener::object::Template;
use pod_hardener::plan::{Facts, Ranges, Resources, ServiceAccount, Subjects};
use pod_hardener::rule::{EPHEMERAL, MIRROR_POD, Rule, WINDOWS};
use pod_hardener::rules::{RULES, find};
use serde_json::Value;

/// What every rule must have: a pod that says nothing, one that is safe already, one whose author chose otherwise, and a workload.
const CASES: [&str; 4] = ["bare", "already-safe", "authors-choice", "workload"];

fn main() -> ExitCode {
    let mut trials = vec![Trial::test(
        "every folder is a rule's, and every rule has its cases",
        complete,
    )];
    for rule in RULES {
        for fixture in fixtures(rule.id) {
            let name = format!(
                "{}/{}",
                rule.id,
                fixture.file_stem().unwrap().to_string_lossy()
            );
            trials.push(Trial::test(name, move || check(rule, &fixture)));
        }
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rules")
}

fn fixtures(rule: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder().join(rule)).into_iter().flatten();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut fixtures: Vec<PathBuf> = paths
        .filter(|path| path.extension().is_some_and(|e| e == "yaml"))
        .collect();
    fixtures.sort();
    fixtures
}

/// No folder without a rule, no rule without its cases, and for every reason to step back a fixture that shows it.
fn complete() -> Result<(), Failed> {
    for entry in std::fs::read_dir(folder())? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        find(&name).ok_or(format!("tests/rules/{name} belongs to no rule"))?;
    }
    for rule in RULES {
        let fixtures = fixtures(rule.id);
        let stems: BTreeSet<_> = fixtures
            .iter()
            .map(|path| path.file_stem().unwrap().to_string_lossy())
            .collect();
        for case in CASES {
            if !stems.contains(case) {
                return Err(format!("tests/rules/{}/{case}.yaml is missing", rule.id).into());
            }
        }
        let said: String = fixtures
            .iter()
            .map(|path| std::fs::read_to_string(path.with_extension("out")))
            .collect::<Result<_, _>>()?;
        let windows = rule.linux_only.then_some(WINDOWS);
        for reason in rule
            .steps_back
            .iter()
            .copied()
            .chain(windows)
            .chain([MIRROR_POD])
        {
            // No fixture is an update: `tests/admission.rs` has the debug containers.
            if reason != EPHEMERAL && !said.contains(&format!("stepped back: {}\n", reason.id)) {
                return Err(format!(
                    "no fixture of {} shows it step back for `{}`",
                    rule.id, reason.id
                )
                .into());
            }
        }
    }
    Ok(())
}

/// The values of the comments `# <name>: <value>` that a fixture begins with.
fn comments<'t>(text: &'t str, name: &str) -> Vec<&'t str> {
    let head = text.lines().map_while(|line| line.strip_prefix("# "));
    head.filter_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
        .collect()
}

/// A profile of the rule alone, with the fixture's `# options: key = value`, and its `# override: key = value` for the image `web`.
fn settings(rule: &Rule, text: &str) -> Settings {
    let lines = |name: &str| -> String {
        let options = comments(text, name);
        let lines = options
            .iter()
            .map(|option| format!("{}.{option}\n", rule.id));
        lines.collect()
    };
    let (options, overrides) = (lines("options"), lines("override"));
    let mut text = format!(
        "version = 1\n[profiles.test]\n{}.enabled = true\n{options}",
        rule.id
    );
    if !overrides.is_empty() {
        text += "[[overrides]]\nreason = \"the fixture\"\nimages = [\"registry.example/web\"]\n";
        text += &overrides;
    }
    Settings::parse(&text, "test.toml").unwrap_or_else(|error| panic!("{error}"))
}

/// The fixture's `# fact: ...`, of its namespace.
fn facts(text: &str) -> Facts {
    let mut facts = Facts::default();
    let namespace = || Box::<str>::from(harden::NAMESPACE);
    for fact in comments(text, "fact") {
        let words: Vec<&str> = fact.split(' ').collect();
        match *words.as_slice() {
            ["range", first] => {
                let range = format!("{first}/10000");
                let ranges = Ranges::parse(&range, &range).expect("a range");
                facts.ranges = Some(HashMap::from([(namespace(), ranges)]).into());
            }
            ["bindings", ref bound @ ..] => {
                let accounts = bound.iter().map(|name| Box::from(*name)).collect();
                let subjects = Subjects {
                    accounts: HashMap::from([(namespace(), accounts)]),
                    ..Subjects::default()
                };
                facts.role_bindings = Some(subjects.into());
                facts.cluster_role_bindings = Some(Subjects::default().into());
            }
            ["account", name, ref words @ ..] => {
                let account = ServiceAccount {
                    automount: words.iter().find_map(|word| word.parse().ok()),
                    is_young: words.contains(&"young"),
                };
                let accounts = HashMap::from([(Box::from(name), account)]);
                facts.service_accounts = Some(HashMap::from([(namespace(), accounts)]).into());
            }
            ["autoscaler", resource] => {
                facts.autoscalers = Some(HashMap::from([(namespace(), only(resource))]).into());
            }
            ["pod-limits", resource] => {
                facts.pod_limits = Some(HashMap::from([(namespace(), only(resource))]).into());
            }
            ["best-effort-quota"] => {
                facts.best_effort_quotas = Some(HashSet::from([namespace()]).into());
            }
            _ => panic!("`# fact: {fact}` is no fact"),
        }
    }
    facts
}

fn only(resource: &str) -> Resources {
    let mut resources = Resources::default();
    resources.insert(resource);
    resources
}

fn check(rule: &Rule, fixture: &Path) -> Result<(), Failed> {
    let text = yaml::read(fixture)?;
    let document = yaml::documents(&text)?
        .into_iter()
        .next()
        .ok_or("the fixture is empty")?;
    let kind = document["kind"].as_str().unwrap_or_default();
    let api = document["apiVersion"].as_str().unwrap_or_default();
    let group = api.split_once('/').map_or("", |(group, _)| group);
    let template = Template::of(group, kind).ok_or(format!("{kind} of {group} holds no pod"))?;
    let (settings, facts) = (settings(rule, &text), facts(&text));
    let profile = settings
        .profile("test")
        .ok_or("the profile is in the text")?;
    let harden = |object: &Value| {
        let namespace = harden::NAMESPACE;
        harden::harden_by(
            Some(&settings),
            namespace,
            &facts,
            profile,
            template,
            object,
        )
    };

    let hardened = harden(&document)?;
    let twice = harden(&hardened.object)?;
    if let Some(patch) = twice.patch {
        return Err(format!("hardened twice, it is patched twice: {patch}").into());
    }

    if !harden::keeps(&hardened.object, &document) {
        return Err("what the author wrote is changed".into());
    }

    let mut out = String::new();
    hardened
        .said
        .iter()
        .for_each(|line| writeln!(out, "{line}").unwrap());
    for operation in hardened
        .patch
        .iter()
        .flat_map(|patch| patch.as_array().unwrap())
    {
        writeln!(out, "{operation}").unwrap();
    }
    let file = fixture.with_extension("out");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&file, out)?;
        return Ok(());
    }
    let expected = std::fs::read_to_string(&file).unwrap_or_default();
    if out != expected {
        return Err(format!(
            "{} says\n{expected}\nand the rule says\n{out}",
            file.display()
        )
        .into());
    }
    Ok(())
}
