//! What a person has to know or do, by namespace: what the exit code depends on. Nothing of it is held: it is found anew for whoever asks.

use std::io;

use super::{Namespace, Report, Standing, Workload};
use crate::finding::{Finding, Severity};

impl Report {
    /// What is found, the worst first; an error is that of the spool.
    pub fn findings(&self) -> impl Iterator<Item = io::Result<Finding>> {
        let of = |severity| {
            self.of_all()
                .filter(move |found| found.severity == severity)
        };
        let found = Severity::ALL.into_iter().flat_map(of).map(Ok);
        // All of these are notes, and so come last.
        found.chain(self.idle_exceptions()).chain(self.of_unseen())
    }

    /// What is found of namespaces, nodes and overrides.
    fn of_all(&self) -> impl Iterator<Item = Finding> {
        let of_namespaces = self.namespaces.iter().flat_map(of_namespace);
        of_namespaces
            .chain(self.of_nodes())
            .chain(self.of_overrides())
    }

    fn of_nodes(&self) -> Option<Finding> {
        let added = self.added();
        let (has, asked) = (self.capacity.allocatable, self.capacity.requested);
        let lacks = asked.cpu.saturating_add(added.cpu) > has.cpu
            || asked.memory.saturating_add(added.memory) > has.memory;
        let is_found = self.capacity.nodes > 0 && lacks && !added.is_nothing();
        is_found.then(|| {
            finding(
                Severity::Warning,
                "capacity",
                "the nodes".to_owned(),
                format!(
                    "have {} CPU and {} memory, of which {} and {} are requested, and would not hold {} and {} more",
                    has.cpu(), has.memory(), asked.cpu(), asked.memory(), added.cpu(), added.memory()
                ),
                "add nodes first, or give the profile smaller requests".to_owned(),
            )
        })
    }

    fn of_overrides(&self) -> impl Iterator<Item = Finding> {
        self.overrides.iter().filter_map(|used| {
            let what = match (used.selects, used.needed) {
                (0, _) => "selects no workload".to_owned(),
                (n, 0) => format!("changes nothing about the {n} workloads that it selects"),
                _ => return None,
            };
            Some(finding(
                Severity::Note,
                "idle-override",
                format!("the override in line {}", used.line),
                what,
                "take it out, if nothing else is to come".to_owned(),
            ))
        })
    }

    fn idle_exceptions(&self) -> impl Iterator<Item = io::Result<Finding>> {
        // Most clusters have none, and need not be read through for that.
        let has_some = self.namespaces.iter().any(|one| one.idle_exceptions > 0);
        let workloads = has_some.then(|| self.workloads.iter());
        workloads.into_iter().flatten().flat_map(|workload| {
            let (found, error) = match workload.and_then(|one| self.idle_exceptions_of(&one)) {
                Ok(found) => (found, None),
                Err(error) => (Vec::new(), Some(Err(error))),
            };
            found.into_iter().map(Ok).chain(error)
        })
    }

    fn idle_exceptions_of(&self, workload: &Workload) -> io::Result<Vec<Finding>> {
        if !workload.said.has_idle {
            return Ok(Vec::new());
        }
        let idle = self
            .workloads
            .said(workload)?
            .into_iter()
            .filter(|entry| entry.idle);
        let found = idle.map(|entry| {
            finding(
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
            )
        });
        Ok(found.collect())
    }

    fn of_unseen(&self) -> impl Iterator<Item = io::Result<Finding>> {
        self.unseen.iter().map(|unseen| {
            Ok(finding(
                Severity::Note,
                "unseen",
                unseen.what.clone(),
                format!("could not be looked at: {}", unseen.why),
                "give whoever runs this the permission, or leave it at that".to_owned(),
            ))
        })
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

/// What is found of one namespace.
fn of_namespace(namespace: &Namespace) -> Vec<Finding> {
    let mut found = Vec::new();
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
            format!("kubectl label namespace {name} pod-hardener.io/harden=<profile> --overwrite"),
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
        standing if standing.profile() == Some(&*namespace.profile) && namespace.open > 0 => say(
            Severity::Error,
            "unhardened",
            format!(
                "{} of {} pods are not as `{}` would make them: they are older than the label or the configuration, or were made while the webhook was away",
                namespace.open, namespace.pods, namespace.profile
            ),
            format!("kubectl rollout restart deployment,statefulset,daemonset -n {name}"),
        ),
        _ => {}
    }
    match namespace.unsafe_choices {
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
    match namespace.steps_back {
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
    found
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
