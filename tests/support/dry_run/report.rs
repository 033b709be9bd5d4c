//! What became of all pods, counted.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What became of all pods.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// Pods that the API server takes as written.
    pub(crate) accepted: usize,
    pub(crate) refused: Vec<String>,
    pub(super) broken: Vec<String>,
    /// Ids of rules of the API, and how many pods of the careless fill-in were refused by them.
    pub(crate) careless: BTreeMap<&'static str, usize>,
    /// By profile, rule and verdict: how many containers.
    pub(super) counts: BTreeMap<(String, String, String), usize>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} accepted as written, {} refused as written",
            self.accepted,
            self.refused.len()
        )?;
        self.refused
            .iter()
            .try_for_each(|refusal| writeln!(f, "  refused as written: {refusal}"))?;
        let rules: BTreeSet<(&String, &String)> = self
            .counts
            .keys()
            .map(|(profile, rule, _)| (profile, rule))
            .collect();
        for (profile, rule) in rules {
            let of = |wanted: &dyn Fn(&str) -> bool| -> usize {
                let entries = self
                    .counts
                    .iter()
                    .filter(|((p, r, verdict), _)| p == profile && r == rule && wanted(verdict));
                entries.map(|(_, count)| count).sum()
            };
            let filled = of(&|verdict| verdict == "set");
            let chosen = of(&|verdict| verdict.starts_with("kept"));
            let silent = filled + of(&|verdict| verdict.starts_with("stepped back"));
            writeln!(
                f,
                "{profile} {rule}: {silent} silent containers, {filled} filled; {chosen} chosen by their author"
            )?;
            for ((p, r, verdict), count) in &self.counts {
                if p == profile && r == rule && verdict.starts_with("stepped back") {
                    writeln!(f, "  {count} {verdict}")?;
                }
            }
        }
        for (id, count) in &self.careless {
            writeln!(f, "careless: {count} refused by {id}")?;
        }
        Ok(())
    }
}

/// Counts each rule's verdicts on each container: `set` where it set anything, else why not.
pub(super) fn count(profile: &str, said: &[String], report: &mut Report) {
    let mut verdicts: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for line in said {
        let Some((who, verdict)) = line.split_once(": ") else {
            continue;
        };
        let (rule, container) = who.split_once(" of ").unwrap_or((who, ""));
        if container == "the pod" && rule != "user-namespace" {
            continue;
        }
        let verdict = match verdict.split(' ').next() {
            Some(short @ ("set" | "kept")) => short.to_owned(),
            _ => verdict.to_owned(),
        };
        verdicts
            .entry((rule.to_owned(), container.to_owned()))
            .or_default()
            .insert(verdict);
    }
    for ((rule, _), verdicts) in verdicts {
        let verdict = ["set", "kept"]
            .into_iter()
            .find(|v| verdicts.contains(*v))
            .map(str::to_owned);
        let Some(verdict) = verdict.or_else(|| verdicts.into_iter().next()) else {
            continue;
        };
        *report
            .counts
            .entry((profile.to_owned(), rule, verdict))
            .or_default() += 1;
    }
}
