//! What a person has to know or do, by namespace: what the exit code depends on.

use std::collections::BTreeMap;

use super::entry::State;
use super::{Report, Standing, Workload};
use crate::finding::{self, Finding, Severity};

impl Report {
    /// What is found, the worst first.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        self.of_namespaces(&mut found);
        self.of_exceptions(&mut found);
        for unseen in &self.unseen {
            found.push(finding(
                Severity::Note,
                "unseen",
                unseen.what.clone(),
                format!("could not be looked at: {}", unseen.why),
                "give whoever runs this the permission, or leave it at that".to_owned(),
            ));
        }
        // What is found is in order by itself.
        finding::sort(&mut found);
        found
    }

    fn of_namespaces(&self, found: &mut Vec<Finding>) {
        let mut unsafe_choices: BTreeMap<&str, usize> = BTreeMap::new();
        let mut steps_back: BTreeMap<&str, usize> = BTreeMap::new();
        let has = |workload: &Workload, state| workload.entries.iter().any(|e| e.state == state);
        for workload in &self.workloads {
            if has(workload, State::Unsafe) {
                *unsafe_choices.entry(&workload.namespace).or_default() += 1;
            }
            if has(workload, State::SteppedBack) {
                *steps_back.entry(&workload.namespace).or_default() += 1;
            }
        }
        for namespace in &self.namespaces {
            let name = &namespace.name;
            let object = || format!("namespace {name}");
            let mut say = |severity, check, what: String, remedy: String| {
                found.push(finding(severity, check, object(), what, remedy));
            };
            match &namespace.standing {
                Standing::NoSuchProfile(label) => say(
                    Severity::Error,
                    "no-such-profile",
                    format!(
                        "its label pod-hardener.io/harden={label} names no profile: nothing is hardened"
                    ),
                    format!(
                        "kubectl label namespace {name} pod-hardener.io/harden=<profile> --overwrite"
                    ),
                ),
                Standing::Excluded(Some(label)) => say(
                    Severity::Error,
                    "excluded",
                    format!(
                        "the registration keeps away from it: its label pod-hardener.io/harden={label} has no effect"
                    ),
                    "take the label away, or the namespace out of the chart's excludedNamespaces"
                        .to_owned(),
                ),
                Standing::Unlabelled if namespace.open > 0 => say(
                    Severity::Note,
                    "unlabelled",
                    format!(
                        "has no label: {} of {} pods are not as `{}` would make them",
                        namespace.open, namespace.pods, namespace.profile
                    ),
                    format!(
                        "kubectl label namespace {name} pod-hardener.io/harden={}",
                        namespace.profile
                    ),
                ),
                standing
                    if standing.profile() == Some(&*namespace.profile) && namespace.open > 0 =>
                {
                    say(
                        Severity::Error,
                        "unhardened",
                        format!(
                            "{} of {} pods are not as `{}` would make them: they are older than the label or the configuration, or were made while the webhook was away",
                            namespace.open, namespace.pods, namespace.profile
                        ),
                        format!(
                            "kubectl rollout restart deployment,statefulset,daemonset -n {name}"
                        ),
                    )
                }
                _ => {}
            }
            let count = |counts: &BTreeMap<&str, usize>| counts.get(&**name).copied().unwrap_or(0);
            match count(&unsafe_choices) {
                0 => {}
                n => say(
                    Severity::Warning,
                    "unsafe",
                    format!(
                        "{n} of {} workloads choose something unsafe",
                        namespace.workloads
                    ),
                    "change it in the manifest, if it is not needed".to_owned(),
                ),
            }
            match count(&steps_back) {
                0 => {}
                n => say(
                    Severity::Note,
                    "stepped-back",
                    format!(
                        "rules step back from {n} of {} workloads",
                        namespace.workloads
                    ),
                    "say in the manifest what is doubtful, or leave it at that".to_owned(),
                ),
            }
            let full = namespace.quotas.iter();
            for quota in full.filter(|quota| !quota.has_room(namespace.added)) {
                say(
                    Severity::Warning,
                    "quota",
                    format!(
                        "the quota {} has no room for what `{}` would request: {} CPU and {} memory more",
                        quota.name,
                        namespace.profile,
                        namespace.added.cpu(),
                        namespace.added.memory()
                    ),
                    "raise the quota first, or its pods are refused".to_owned(),
                );
            }
        }
        let added = self.added();
        let (has, asked) = (self.capacity.allocatable, self.capacity.requested);
        let lacks = asked.cpu.saturating_add(added.cpu) > has.cpu
            || asked.memory.saturating_add(added.memory) > has.memory;
        if self.capacity.nodes > 0 && lacks && !added.is_nothing() {
            found.push(finding(
                Severity::Warning,
                "capacity",
                "the nodes".to_owned(),
                format!(
                    "have {} CPU and {} memory, of which {} and {} are requested, and would not hold {} and {} more",
                    has.cpu(), has.memory(), asked.cpu(), asked.memory(), added.cpu(), added.memory()
                ),
                "add nodes first, or give the profile smaller requests".to_owned(),
            ));
        }
    }

    fn of_exceptions(&self, found: &mut Vec<Finding>) {
        for used in &self.overrides {
            let what = match (used.selects, used.needed) {
                (0, _) => "selects no workload".to_owned(),
                (n, 0) => format!("changes nothing about the {n} workloads that it selects"),
                _ => continue,
            };
            found.push(finding(
                Severity::Note,
                "idle-override",
                format!("the override in line {}", used.line),
                what,
                "take it out, if nothing else is to come".to_owned(),
            ));
        }
        for workload in &self.workloads {
            for entry in workload.entries.iter().filter(|entry| entry.idle) {
                found.push(finding(
                    Severity::Note,
                    "idle-exception",
                    workload.object(),
                    format!(
                        "is excepted from {}, and without that the rule would leave all as it is",
                        entry.rule
                    ),
                    format!(
                        "take the annotation except.pod-hardener.io/{} away",
                        entry.rule
                    ),
                ));
            }
        }
    }

    /// What all pods would request beyond what they do.
    #[must_use]
    pub fn added(&self) -> super::Added {
        let mut sum = super::Added::default();
        self.namespaces.iter().for_each(|one| sum += one.added);
        sum
    }
}

impl Workload {
    /// What it is called: `Deployment shop/web`.
    #[must_use]
    pub fn object(&self) -> String {
        format!("{} {}/{}", self.kind, self.namespace, self.name)
    }
}

fn finding(
    severity: Severity,
    check: &'static str,
    object: String,
    what: String,
    remedy: String,
) -> Finding {
    Finding {
        severity,
        check,
        object,
        what,
        remedy,
    }
}
