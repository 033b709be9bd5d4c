//! What rules did, by rule: every series is there from the start.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

use crate::admission::Mode;
use crate::record::{Annotation, Outcome, Record, What};
use crate::rule::{HOST_PROCESS, MIRROR_POD, Reason, WINDOWS};
use crate::rules::RULES;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Ruled {
    mode: &'static str,
    rule: &'static str,
    result: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct SteppedBack {
    mode: &'static str,
    rule: &'static str,
    reason: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Annotated {
    outcome: &'static str,
}

/// What is counted of the rules.
#[derive(Debug)]
pub(super) struct Rules {
    results: Family<Ruled, Counter>,
    steps_back: Family<SteppedBack, Counter>,
    annotations: Family<Annotated, Counter>,
}

impl Rules {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let this = Self {
            results: Family::default(),
            steps_back: Family::default(),
            annotations: Family::default(),
        };
        this.begin();
        registry.register(
            "rule_results",
            "Reviews in which a rule did something anywhere in the pod, by what it did: in the modes audit and preview, what it would do",
            this.results.clone(),
        );
        registry.register(
            "steps_back",
            "Reviews in which a rule stepped back anywhere in the pod, by the reason, which docs/rules.md has",
            this.steps_back.clone(),
        );
        registry.register(
            "annotations",
            "Reviews in the mode harden, by what became of the pod's annotation",
            this.annotations.clone(),
        );
        this
    }

    /// Makes every series, so that an increase can be told from a beginning.
    fn begin(&self) {
        for mode in Mode::ALL.map(Mode::as_str) {
            for rule in RULES {
                for result in Outcome::ALL.map(Outcome::as_str) {
                    let rule = rule.id;
                    drop(self.results.get_or_create(&Ruled { mode, rule, result }));
                }
                let common = [MIRROR_POD, HOST_PROCESS, WINDOWS];
                for Reason { id: reason, .. } in rule.steps_back.iter().chain(&common) {
                    let rule = rule.id;
                    drop(
                        self.steps_back
                            .get_or_create(&SteppedBack { mode, rule, reason }),
                    );
                }
            }
        }
        for outcome in Annotation::NAMES {
            drop(self.annotations.get_or_create(&Annotated { outcome }));
        }
    }

    /// Counts what one record says: each thing once, wherever in the pod it was.
    pub(super) fn count(&self, record: &Record) {
        let mode = record.mode.as_str();
        for (at, said) in record.said.iter().enumerate() {
            let (rule, outcome) = (said.rule, said.what.outcome());
            let earlier = record.said.get(..at).unwrap_or_default();
            let mut earlier = earlier.iter().filter(|other| other.rule == rule);
            if !earlier.clone().any(|other| other.what.outcome() == outcome) {
                let result = outcome.as_str();
                self.results
                    .get_or_create(&Ruled { mode, rule, result })
                    .inc();
            }
            if let What::SteppedBack(reason) = said.what
                && !earlier.any(|other| other.what == said.what)
            {
                let labels = SteppedBack { mode, rule, reason };
                self.steps_back.get_or_create(&labels).inc();
            }
        }
        if record.mode == Mode::Harden {
            let outcome = record.annotation;
            self.annotations.get_or_create(&Annotated { outcome }).inc();
        }
    }
}
