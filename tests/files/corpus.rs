//! Real files, hardened as files.

use std::collections::BTreeMap;
use std::path::Path;

use libtest_mimic::Failed;
use pod_hardener::manifest::Manifest;
use serde_json::Value;

use crate::support::{self, Outcome};
use crate::{corpus, effective, yaml};

const SUFFIXES: [&str; 3] = ["yaml", "yml", "json"];

/// Each file by each profile: what it means is what the engine makes of what it meant, and nothing else of it is other.
pub(crate) fn manifests(root: &Path) -> Result<(), Failed> {
    let mut reasons: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let (mut todo, mut done, mut nothing, mut changed_lines) = (0, 0, 0, 0);
    for path in corpus::files(&root.join("manifests"), &SUFFIXES) {
        let text = yaml::read(&path)?;
        let name = path.strip_prefix(root)?.display().to_string();
        // `restricted` is on the ladder, and tried by itself with `FILES=full`.
        let in_full = std::env::var_os("FILES").is_some_and(|value| value == "full");
        let profiles = ["compatible", "strict", "restricted"];
        for profile in profiles.into_iter().take(if in_full { 3 } else { 2 }) {
            match support::harden(&text, profile) {
                Outcome::Same => nothing += 1,
                Outcome::Hardened(hardened) => {
                    todo += 1;
                    done += 1;
                    let check = support::is_right(&text, &hardened, profile);
                    changed_lines += check.map_err(|why| format!("{name} {profile}: {why}"))?;
                }
                Outcome::Failed(reason) => {
                    todo += 1;
                    reasons
                        .entry(reason)
                        .or_default()
                        .push(format!("{name} {profile}"));
                }
            }
        }
    }
    eprintln!(
        "{done} of {todo} done, {nothing} with nothing to do, {changed_lines} lines grew or were `null`"
    );
    reasons
        .iter()
        .for_each(|(reason, files)| eprintln!("{reason}: {files:?}"));
    if done < 750 || done * 100 < todo * 99 {
        return Err(format!("{done} of {todo} were done").into());
    }
    Ok(())
}

/// From profile to profile, file to file.
pub(crate) fn ladder(root: &Path) -> Result<(), Failed> {
    let step = |text: &str, profile: &str| match support::harden(text, profile) {
        Outcome::Hardened(text) => Ok(text),
        Outcome::Same => Ok(text.to_owned()),
        Outcome::Failed(reason) => Err(reason),
    };
    let mut climbed_files = 0;
    for path in corpus::files(&root.join("manifests"), &SUFFIXES) {
        let text = yaml::read(&path)?;
        let climbed = step(&text, "compatible")
            .and_then(|text| step(&text, "restricted"))
            .and_then(|text| step(&text, "strict"));
        let (climbed, at_once) = (climbed?, step(&text, "strict")?);
        let settings = |text: &str| -> Result<Vec<Value>, String> {
            let pods = support::subjects(text)?;
            Ok(pods
                .iter()
                .map(|(_, pod)| effective::settings(pod))
                .collect())
        };
        if settings(&climbed)? != settings(&at_once)? {
            return Err(format!("{}:\n{climbed}\n{at_once}", path.display()).into());
        }
        climbed_files += 1;
    }
    assert!(climbed_files > 400, "{climbed_files}");
    Ok(())
}

/// Files without a pod stay as they are.
pub(crate) fn others(root: &Path) -> Result<(), Failed> {
    let mut files = 0;
    for path in corpus::files(&root.join("nontarget"), &SUFFIXES) {
        let text = yaml::read(&path)?;
        match support::harden(&text, "strict") {
            Outcome::Same => files += 1,
            other => return Err(format!("{}: {other:?}", path.display()).into()),
        }
    }
    assert!(files > 100, "{files}");
    Ok(())
}

/// What is wrong is named with its place, or it is hardened as everything else is; nothing panics.
pub(crate) fn bad(root: &Path) -> Result<(), Failed> {
    let index = yaml::read(&root.join("bad/index.csv"))?;
    let mut outcomes: BTreeMap<String, BTreeMap<&str, usize>> = BTreeMap::new();
    for line in index.lines().skip(1) {
        let mut cells = line.split(',');
        let (path, class) = (cells.next().unwrap(), cells.nth(2).unwrap());
        let text = yaml::read(&root.join(path))?;
        let outcome = support::harden(&text, "strict");
        let said = match &outcome {
            Outcome::Same => "untouched",
            Outcome::Hardened(hardened) => {
                support::is_right(&text, hardened, "strict")
                    .map_err(|why| format!("{path}: {why}"))?;
                "hardened"
            }
            Outcome::Failed(_) => "named",
        };
        *outcomes
            .entry(class.to_owned())
            .or_default()
            .entry(said)
            .or_default() += 1;
        let is_broken = matches!(class, "unparseable" | "helm_template");
        let has_place = match &outcome {
            Outcome::Failed(reason) => {
                let mut numbers = reason.split(':').map(str::parse::<usize>);
                numbers.next().is_some_and(|line| line.is_ok())
                    && numbers.next().is_some_and(|column| column.is_ok())
            }
            _ => false,
        };
        if is_broken != has_place && class != "wrong_type" && !reads_otherwise(&text) {
            return Err(format!("{path}, which is {class}: {outcome:?}").into());
        }
    }
    eprintln!("{outcomes:#?}");
    Ok(())
}

/// Whether what the index calls broken is YAML to us, or the other way round: tags that one parser knows and another does not.
fn reads_otherwise(text: &str) -> bool {
    Manifest::read(text).is_err() && text.contains("!!python")
}
