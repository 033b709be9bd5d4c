//! Real files, hardened as files.

use std::collections::BTreeMap;
use std::path::Path;

use libtest_mimic::Failed;
use pod_hardener::config::Settings;
use pod_hardener::manifest::{By, Manifest};
use pod_hardener::plan::Facts;

use crate::{corpus, yaml};

const SUFFIXES: [&str; 3] = ["yaml", "yml", "json"];

pub(crate) fn manifests(root: &Path) -> Result<(), Failed> {
    let settings = Settings::embedded();
    let facts = Facts::default();
    let mut table: BTreeMap<String, usize> = BTreeMap::new();
    let (mut todo, mut done) = (0, 0);
    for path in corpus::files(
        &root.join("manifests/knative+serving/third_party"),
        &SUFFIXES,
    ) {
        let text = yaml::read(&path)?;
        let name = path.strip_prefix(root)?.display().to_string();
        for profile in settings.profile_names() {
            let by = By {
                settings: &settings,
                profile: settings.profile(profile).unwrap(),
                namespace: "default",
                facts: &facts,
            };
            let outcome = match harden(&text, by) {
                Ok(None) => "nothing to do".to_owned(),
                Ok(Some(_)) => {
                    todo += 1;
                    done += 1;
                    "done".to_owned()
                }
                Err(reason) => {
                    todo += 1;
                    eprintln!("{name} {profile}: {reason}");
                    reason
                }
            };
            *table.entry(outcome).or_default() += 1;
        }
    }
    eprintln!("{table:#?}");
    if done * 100 < todo * 99 {
        return Err(format!("{done} of {todo}").into());
    }
    Ok(())
}

fn harden(text: &str, by: By<'_>) -> Result<Option<String>, String> {
    let manifest = Manifest::read(text).map_err(|flaw| flaw.to_string())?;
    let (judged, flaws) = manifest.judge(by);
    if let Some(flaw) = flaws.first() {
        return Err(flaw.to_string());
    }
    let hardened = manifest
        .harden(&judged)
        .map_err(|refusal| refusal.to_string())?;
    Ok(hardened.map(|hardened| hardened.text))
}
