//! What rules did, by rule: every series is there from the start.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

use crate::admission::Mode;
use crate::record::{Annotation, Outcome, Record, What};
use crate::rule::{HOST_PROCESS, MIRROR_POD, Reason, Rule, WINDOWS};
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

/// The counters of a rule, in the order of [`Outcome::ALL`].
type OfRule = [Counter; Outcome::ALL.len()];

/// What is counted of the rules.
#[derive(Debug)]
pub(super) struct Rules {
    /// For each of [`Mode::ALL`], those of [`RULES`]: most of what is counted of a review, which by its labels would take long to find.
    results: [Vec<OfRule>; Mode::ALL.len()],
    steps_back: Family<SteppedBack, Counter>,
    annotations: Family<Annotated, Counter>,
}

impl Rules {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let results = Family::<Ruled, Counter>::default();
        let counter = |mode: Mode, rule: &Rule, outcome: Outcome| {
            let labels = Ruled {
                mode: mode.as_str(),
                rule: rule.id,
                result: outcome.as_str(),
            };
            results.get_or_create(&labels).clone()
        };
        let of_rule = |mode, rule| Outcome::ALL.map(|outcome| counter(mode, rule, outcome));
        let of_mode = |mode| RULES.iter().map(|rule| of_rule(mode, rule)).collect();
        let this = Self {
            results: Mode::ALL.map(of_mode),
            steps_back: Family::default(),
            annotations: Family::default(),
        };
        this.begin();
        registry.register(
            "rule_results",
            "Reviews in which a rule did something anywhere in the pod, by what it did: in the modes audit and preview, what it would do",
            results,
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

    /// Makes every other series too, so that an increase can be told from a beginning.
    fn begin(&self) {
        for mode in Mode::ALL.map(Mode::as_str) {
            for rule in RULES {
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
        let of_mode = self.results.get(record.mode as usize);
        for (rule, counters) in RULES.iter().zip(of_mode.into_iter().flatten()) {
            let said = record.said.iter().filter(|said| said.rule == rule.id);
            for (outcome, counter) in Outcome::ALL.into_iter().zip(counters) {
                if said.clone().any(|said| said.what.outcome() == outcome) {
                    counter.inc();
                }
            }
        }
        for (at, said) in record.said.iter().enumerate() {
            let mut earlier = record.said.iter().take(at);
            if let What::SteppedBack(reason) = said.what
                && !earlier.any(|other| other.rule == said.rule && other.what == said.what)
            {
                let (mode, rule) = (record.mode.as_str(), said.rule);
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
