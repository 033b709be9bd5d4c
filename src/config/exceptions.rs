//! The author's own way out: the annotation `except.pod-hardener.io/<rule>: <reason>` of a pod, for what no field of a
//! manifest can say.

use super::Profile;
use crate::object::{Pairs, Pod};
use crate::rule::{Exception, Granted, Rule};
use crate::rules::{RULES, find};

/// What the annotations begin with.
pub const EXCEPT: &str = "except.pod-hardener.io/";

/// The name that stands for every rule.
pub const ALL: &str = "all";

/// Stands for the rule in the records where there is none of the name.
const NO_RULE: &str = "except";

/// What the annotations of a pod ask for.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked<'p> {
    /// By rule, each once, what is granted first.
    pub(super) rules: Vec<Asking<'p>>,
    /// The first name that is none of a rule's.
    pub(super) unknown: Option<&'p str>,
}

/// What is asked for of one rule.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asking<'p> {
    pub(super) rule: &'static Rule,
    /// Whether the rule is asked for by its name, and not with all others.
    pub(super) by_name: bool,
    pub(super) exception: Exception<'p>,
}

impl<'p> Asked<'p> {
    /// What the annotations of `pod` ask for, and whether `profile` grants it.
    pub(super) fn of(pod: Pod<'p>, profile: &Profile) -> Self {
        let Some(annotations) = pod.annotations() else {
            return Self::default();
        };
        let names = || {
            let keys = annotations.iter().map(|(key, _)| key);
            keys.filter_map(|key| key.strip_prefix(EXCEPT))
        };
        // Most pods ask for nothing.
        if names().next().is_none() {
            return Self::default();
        }
        let asking = |rule: &&'static Rule| ask(rule, annotations, profile);
        let mut rules: Vec<Asking<'_>> = RULES.iter().filter_map(asking).collect();
        rules.sort_by_key(|asking| asking.exception.granted != Granted::ByAuthor);
        Self {
            rules,
            unknown: names().find(|name| *name != ALL && find(name).is_none()),
        }
    }

    /// Whether the author is excepted from a rule.
    pub(super) fn is_granted(&self, rule: &Rule) -> bool {
        let mut granted = self.rules.iter();
        granted.any(|asking| {
            asking.rule.id == rule.id && asking.exception.granted == Granted::ByAuthor
        })
    }

    /// All of it, each with the rule's id, where `is_on` says which rules would be on: `all` speaks of no others.
    pub(super) fn said(
        &self,
        is_on: impl Fn(&'static Rule) -> bool,
    ) -> Vec<(&'static str, Exception<'p>)> {
        let told = |asking: &&Asking<'_>| asking.by_name || is_on(asking.rule);
        let rules = self.rules.iter().filter(told);
        let unknown = self.unknown.map(|name| {
            let exception = Exception {
                granted: Granted::NoSuchRule,
                words: name,
            };
            (NO_RULE, exception)
        });
        rules
            .map(|asking| (asking.rule.id, asking.exception))
            .chain(unknown)
            .collect()
    }
}

fn ask<'p>(
    rule: &'static Rule,
    annotations: &'p Pairs<'p>,
    profile: &Profile,
) -> Option<Asking<'p>> {
    let reason = |name: &str| Some(annotations.get(&format!("{EXCEPT}{name}"))?.trim());
    let (named, all) = (reason(rule.id), reason(ALL));
    let given = |reason: &&str| !reason.is_empty();
    let words = named
        .filter(given)
        .or(all.filter(given))
        .or(named)
        .or(all)?;
    let mut may = profile.may_except().value.iter();
    let granted = match (may.any(|other| other.id == rule.id), words.is_empty()) {
        (true, false) => Granted::ByAuthor,
        (true, true) => Granted::WithoutReason,
        (false, _) => Granted::NotByProfile,
    };
    Some(Asking {
        rule,
        by_name: named.is_some(),
        exception: Exception { granted, words },
    })
}
