//! Pod, profile and facts in; plan out.
//!
//! The engine walks the containers and asks every rule that the profile switches on. The plan says for every rule and
//! container what became of it, and renders to the smallest patch that sets what is missing.

mod facts;
mod patch;

pub use facts::{ByNamespace, Facts, Ranges, Resources, ServiceAccount, ServiceAccounts, Subjects};

use crate::config::Effective;
use crate::object::{Container, Pod, Text};
use crate::rule::{
    At, Exception, Field, Finding, HOST_PROCESS, MIRROR_POD, Place, Reason, Rule, Say, Verdict,
    WINDOWS,
};

/// Which containers of the pod may still be changed.
#[derive(Clone, Copy, Debug)]
pub enum Scope<'a> {
    /// The pod is being made: its init, sidecar and regular containers.
    Creation,
    /// Ephemeral containers are being added to a running pod: those whose names are not in this list (U4, U5).
    Ephemeral(&'a [Text<'a>]),
}

/// What rules say of a container, and of the pod beside that: about.
const FINDINGS: usize = 16;

/// What the rules of a profile say of a pod.
#[derive(Clone, Debug)]
pub struct Plan<'a> {
    pod: Pod<'a>,
    findings: Vec<Finding<'a>>,
}

impl<'a> Plan<'a> {
    /// Asks every rule that is on about every container of `pod` in `scope`, and, where the pod is being made, about the pod as
    /// a whole. `namespace` is the one that the pod will be in.
    #[must_use]
    pub fn new(
        pod: Pod<'a>,
        namespace: &'a str,
        scope: Scope<'_>,
        effective: &'a Effective<'a>,
        facts: &'a Facts,
    ) -> Self {
        let mut plan = Self {
            pod,
            findings: Vec::with_capacity(FINDINGS * (1 + pod.containers().count())),
        };
        let (mirror, windows) = (pod.is_mirror(), pod.is_windows());
        let host_process = windows && pod.is_host_process();
        let beyond_all = Reason::first([(mirror, MIRROR_POD), (host_process, HOST_PROCESS)]);
        let ask =
            |plan: &mut Self, rule: &'static Rule, options, container: Option<Container<'a>>| {
                let at = At {
                    pod,
                    namespace,
                    effective,
                    options,
                    facts,
                };
                let before = plan.findings.len();
                let place = container.map_or(Place::Pod, Place::of);
                let mut say = Say::new(&mut plan.findings, rule, place);
                match (container, rule.container, rule.pod) {
                    (Some(container), Some(look), _) => look(at, container, &mut say),
                    (None, _, Some(look)) => look(at, &mut say),
                    _ => return,
                }
                let beyond_rule = (windows && rule.linux_only).then_some(WINDOWS);
                if let Some(reason) = beyond_all.or(beyond_rule) {
                    plan.leave_gaps(before, rule, place, reason);
                }
            };
        let each = |plan: &mut Self, container: Container<'a>| {
            for (rule, options) in effective.of(container).rules() {
                ask(plan, rule, options, Some(container));
            }
            plan.except(Place::of(container), &effective.overridden(container));
        };
        match scope {
            Scope::Creation => {
                pod.containers()
                    .for_each(|container| each(&mut plan, container));
                for rule in effective.rules() {
                    if let Some(options) = effective.options_of_pod(rule) {
                        ask(&mut plan, rule, options, None);
                    }
                }
                plan.except(Place::Pod, &effective.overridden_of_pod());
            }
            Scope::Ephemeral(existing) => {
                pod.new_ephemeral_containers(existing)
                    .for_each(|container| each(&mut plan, container));
            }
        }
        plan.except(Place::Pod, effective.asked());
        plan
    }

    /// Says what was asked for otherwise.
    fn except(&mut self, place: Place<'a>, exceptions: &[(&'static str, Exception<'a>)]) {
        let findings = exceptions.iter().map(|(rule, exception)| Finding {
            rule,
            place,
            verdict: Verdict::Excepted(*exception),
        });
        self.findings.extend(findings);
    }

    /// Makes what a rule changed, from the finding `before` on, one step back for `reason`.
    fn leave_gaps(&mut self, before: usize, rule: &'static Rule, place: Place<'a>, reason: Reason) {
        let said = self.findings.split_off(before.min(self.findings.len()));
        let (set, rest): (Vec<_>, Vec<_>) = said
            .into_iter()
            .partition(|finding| finding.verdict.changes());
        self.findings.extend(rest);
        if !set.is_empty() {
            Say::new(&mut self.findings, rule, place).step_back(reason);
        }
    }

    /// What the rules said, container by container.
    #[must_use]
    pub fn findings(&self) -> &[Finding<'a>] {
        &self.findings
    }

    /// Whether the plan changes anything.
    #[must_use]
    pub fn changes_anything(&self) -> bool {
        let mut verdicts = self.findings.iter().map(|finding| &finding.verdict);
        verdicts.any(Verdict::changes)
    }

    /// The JSON Patch (RFC 6902) that carries the plan out on the object that the pod was read from; `None` where there
    /// is nothing to do, since even an empty patch costs the API server a second look (C3).
    #[must_use]
    pub fn patch(&self) -> Option<String> {
        self.patch_on(self.pod)
    }

    /// The same on another object with the same pod: of which the API server has not filled anything in yet (A2).
    #[must_use]
    pub fn patch_on(&self, pod: Pod<'_>) -> Option<String> {
        self.changes_anything()
            .then(|| patch::render(pod, &self.findings, None))
    }

    /// The same, and beside what is set the JSON `value` of a field of the pod that tells of it.
    #[must_use]
    pub fn patch_with(&self, field: Field, value: &str) -> Option<String> {
        self.changes_anything()
            .then(|| patch::render(self.pod, &self.findings, Some((field, value))))
    }
}
