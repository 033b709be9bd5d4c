//! One pod, or the template of one: planned for as the webhook would, and what is to be said of it.

use super::clean;
use super::cost::{Added, added};
use super::entry::{Cell, Entry, PRACTICES, Practices, State};
use crate::config::{Effective, Profile, Settings};
use crate::object::Pod;
use crate::plan::{Facts, Plan, Scope};
use crate::rule::{Exception, Finding, Granted, Level, Rule, Verdict};
use crate::rules::RULES;

/// What everything is judged by.
#[derive(Debug)]
pub(super) struct Judge {
    settings: Settings,
    /// The configuration without each of its overrides.
    without: Vec<Settings>,
    facts: Facts,
}

/// What came of one pod.
pub(super) struct Judged {
    pub(super) entries: Vec<Entry>,
    pub(super) practices: Practices,
    /// Whether the profile would change anything.
    pub(super) is_open: bool,
    /// What the profile would request beyond what is requested.
    pub(super) added: Added,
    /// The overrides that select a container, by position, and whether something would be set otherwise without them.
    pub(super) overrides: Vec<(usize, bool)>,
}

impl Judge {
    pub(super) fn new(settings: Settings, facts: Facts) -> Self {
        let all = 0..settings.overrides().len();
        Self {
            without: all.map(|index| settings.without_override(index)).collect(),
            settings,
            facts,
        }
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Judges a pod by the profile called `profile`; `None` where there is none of that name.
    pub(super) fn judge(&self, pod: Pod<'_>, namespace: &str, profile: &str) -> Option<Judged> {
        let profile = self.settings.profile(profile)?;
        let effective = Effective::new(&self.settings, profile, pod, namespace);
        let plan = Plan::new(pod, namespace, Scope::Creation, &effective, &self.facts);
        let mut entries = entries(plan.findings());
        self.exceptions(&mut entries, pod, namespace, profile);
        Some(Judged {
            entries,
            practices: self.practices(&plan, pod, namespace, profile),
            is_open: plan.changes_anything(),
            added: added(pod, plan.findings()),
            overrides: self.overrides(&plan, &effective, pod, namespace, profile),
        })
    }

    /// How it stands with each practice. What the profile does not ask for is seen by the strictest one that there is.
    fn practices(
        &self,
        plan: &Plan<'_>,
        pod: Pod<'_>,
        namespace: &str,
        profile: &Profile,
    ) -> Practices {
        let strictest = self
            .settings
            .profiles()
            .iter()
            .max_by_key(|other| other.rules().count());
        let yardstick = Effective::plain(strictest.unwrap_or(profile));
        let beyond = Plan::new(pod, namespace, Scope::Creation, &yardstick, &self.facts);
        let mut cells = [Cell::Met; PRACTICES];
        let mut asked = [false; PRACTICES];
        for rule in RULES {
            let Some(at) = place(rule) else { continue };
            if let (Some(cell), Some(asked), Some(seen)) = (
                cells.get_mut(at),
                asked.get_mut(at),
                seen(rule, plan.findings()),
            ) {
                *cell = (*cell).max(seen);
                *asked = true;
            }
        }
        for rule in RULES {
            let Some(at) = place(rule) else { continue };
            let is_met = seen(rule, beyond.findings()).is_none_or(|cell| cell == Cell::Met);
            if let (Some(cell), Some(false)) = (cells.get_mut(at), asked.get(at))
                && !is_met
            {
                *cell = Cell::Beyond;
            }
        }
        let sum = cells.into_iter().max().unwrap_or_default();
        if let Some(first) = cells.first_mut() {
            *first = sum;
        }
        cells
    }

    /// Marks the exceptions of the pod's author without which the rule would say nothing.
    fn exceptions(&self, entries: &mut [Entry], pod: Pod<'_>, namespace: &str, profile: &Profile) {
        let by_author = Granted::ByAuthor.as_str();
        if !entries.iter().any(|entry| entry.value == by_author) {
            return;
        }
        let strict = profile.without_exceptions();
        let effective = Effective::new(&self.settings, &strict, pod, namespace);
        let plan = Plan::new(pod, namespace, Scope::Creation, &effective, &self.facts);
        let speaks = |rule: &str| {
            let mut findings = plan.findings().iter();
            findings.any(|finding| {
                let verdict = &finding.verdict;
                // A rule that only reports is excepted from to keep it silent.
                let speaks = verdict.changes() || matches!(verdict, Verdict::SteppedBack(_));
                finding.rule == rule && speaks
            })
        };
        for entry in entries.iter_mut() {
            entry.idle |= entry.value == by_author && !speaks(entry.rule);
        }
    }

    /// The overrides that select a container of the pod.
    fn overrides(
        &self,
        plan: &Plan<'_>,
        effective: &Effective<'_>,
        pod: Pod<'_>,
        namespace: &str,
        profile: &Profile,
    ) -> Vec<(usize, bool)> {
        let mut found = Vec::new();
        for (index, other) in self.settings.overrides().iter().enumerate() {
            let selects = pod.containers().any(|container| {
                let mut all = effective.overrides(container).iter();
                all.any(|one| one.line() == other.line())
            });
            let Some(without) = self.without.get(index).filter(|_| selects) else {
                continue;
            };
            let profile = without.profile(profile.name()).unwrap_or(profile);
            let effective = Effective::new(without, profile, pod, namespace);
            let other = Plan::new(pod, namespace, Scope::Creation, &effective, &self.facts);
            found.push((index, other.patch() != plan.patch()));
        }
        found
    }
}

/// The position of a rule's practice.
fn place(rule: &Rule) -> Option<usize> {
    rule.practice
        .map(|number| usize::from(number).saturating_sub(1))
}

/// The worst that a rule says; `None` where it says nothing.
fn seen(rule: &Rule, findings: &[Finding<'_>]) -> Option<Cell> {
    let of_rule = findings.iter().filter(|finding| finding.rule == rule.id);
    of_rule.map(|finding| cell(&finding.verdict)).max()
}

fn cell(verdict: &Verdict<'_>) -> Cell {
    match verdict {
        Verdict::Set(..) | Verdict::Removed(..) => Cell::Open,
        Verdict::Kept(choice) if choice.safe => Cell::Met,
        Verdict::Kept(_) => Cell::Unsafe,
        Verdict::SteppedBack(_) => Cell::SteppedBack,
        Verdict::Excepted(exception) => match exception.granted {
            Granted::ByOverride | Granted::ByAuthor => Cell::Excepted,
            _ => Cell::Met,
        },
    }
}

/// What is said of each field, container by container.
fn entries(findings: &[Finding<'_>]) -> Vec<Entry> {
    let mut entries: Vec<Entry> = findings.iter().map(entry).collect();
    // A rule may say the same of a field for more than one reason.
    entries.dedup();
    entries
}

fn entry(finding: &Finding<'_>) -> Entry {
    // What is changed for a container may be a field of the pod.
    let place = match &finding.verdict {
        Verdict::Set(field, _) | Verdict::Removed(field, _) if field.level() == Level::Pod => "",
        _ => finding.place.name(),
    };
    let said = |state, field: String, value: String, why: String| Entry {
        rule: finding.rule,
        container: clean(place),
        state,
        field,
        value,
        why,
        idle: false,
    };
    let none = String::new;
    match &finding.verdict {
        Verdict::Set(field, json) => said(State::Missing, path(field), clean(json), none()),
        Verdict::Removed(field, index) => {
            said(State::Superfluous, path(field), index.to_string(), none())
        }
        Verdict::Kept(choice) => {
            let state = match choice.safe {
                true => State::Met,
                false => State::Unsafe,
            };
            said(state, path(&choice.field), clean(&choice.said), none())
        }
        Verdict::SteppedBack(reason) => said(
            State::SteppedBack,
            none(),
            reason.id.to_owned(),
            reason.text.to_owned(),
        ),
        Verdict::Excepted(Exception { granted, words }) => said(
            State::Excepted,
            none(),
            granted.as_str().to_owned(),
            clean(words),
        ),
    }
}

/// The path of a field; of a list that is completed, with what says so.
fn path(field: &crate::rule::Field) -> String {
    match field.is_list() {
        true => format!("{field}[+]"),
        false => field.to_string(),
    }
}
