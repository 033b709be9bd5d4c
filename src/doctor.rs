//! Whether what is installed works, and what is wrong where it does not: values in, findings out.
//!
//! [`look`] reads the cluster, and [`diagnose`] judges what was seen. Nothing is written to the cluster but a dry run, and, where
//! it is asked for, the pods of [`probe`].

mod certificates;
mod conditions;
mod labels;
pub mod look;
mod others;
mod pods;
pub mod probe;
mod registration;
mod report;
mod seen;
mod servers;

pub(crate) use labels::{HARDEN, OFF, entry_of};
pub use report::{json, text};
pub use seen::{Entry, Mode, Program, Seen, Server, Unhardened, Unseen};

use std::time::SystemTime;

use crate::finding::{self, Finding, Severity};

/// The findings of one check.
#[derive(Debug)]
pub(crate) struct Findings {
    check: &'static str,
    all: Vec<Finding>,
}

impl Findings {
    fn of(check: &'static str) -> Self {
        Self {
            check,
            all: Vec::new(),
        }
    }

    fn push(
        &mut self,
        severity: Severity,
        object: impl Into<String>,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.all.push(Finding {
            severity,
            check: self.check,
            object: object.into(),
            what: what.into(),
            remedy: remedy.into(),
        });
    }

    fn error(
        &mut self,
        object: impl Into<String>,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.push(Severity::Error, object, what, remedy);
    }

    fn warning(
        &mut self,
        object: impl Into<String>,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.push(Severity::Warning, object, what, remedy);
    }

    fn note(
        &mut self,
        object: impl Into<String>,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.push(Severity::Note, object, what, remedy);
    }
}

/// What writes again what the chart wrote, over whoever changed it.
const AGAIN: &str = "install the chart again, which writes it: helm upgrade --reset-then-reuse-values --force-conflicts (Helm 3: without the last)";

/// A check.
type Check = fn(&Seen, SystemTime, &mut Findings);

/// All checks, by name.
const CHECKS: [(&str, Check); 14] = [
    ("installed", registration::installed),
    ("profiles", registration::profiles),
    ("selectors", registration::selectors),
    ("rules", registration::rules),
    ("policy", registration::policy),
    ("labels", labels::labels),
    ("pod-security", labels::pod_security),
    ("others", others::others),
    ("certificate", certificates::certificate),
    ("trust", certificates::trust),
    ("servers", servers::servers),
    ("configuration", servers::configuration),
    ("reached", pods::reached),
    ("unhardened", pods::unhardened),
];

/// What is wrong with what was seen at `now`: the worst first, and what could not be looked at last.
#[must_use]
pub fn diagnose(seen: &Seen, now: SystemTime) -> Vec<Finding> {
    let mut all: Vec<Finding> = CHECKS
        .iter()
        .flat_map(|(name, check)| {
            let mut findings = Findings::of(name);
            check(seen, now, &mut findings);
            findings.all
        })
        .collect();
    let mut unseen = Findings::of("unseen");
    for Unseen { what, why } in &seen.unseen {
        unseen.note(
            what,
            format!("could not be looked at: {why}"),
            "give whoever runs this the permission, or leave it at that",
        );
    }
    all.extend(unseen.all);
    finding::sort(&mut all);
    all
}

/// The names of all checks.
pub fn checks() -> impl Iterator<Item = &'static str> {
    CHECKS.iter().map(|(name, _)| *name)
}
