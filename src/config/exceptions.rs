//! The author's own way out: the annotation `except.pod-hardener.io/<rule>: <reason>` of a pod, for what no field of a
//! manifest can say.

use super::Profile;
use crate::object::{Pairs, Pod};
use crate::rule::{Exception, Granted, Rule};
use crate::rules::find;

/// What the annotations begin with.
pub const EXCEPT: &str = "except.pod-hardener.io/";

/// The name that stands for every rule.
pub const ALL: &str = "all";

/// Stands for the rule in the records where there is none of the name.
const NO_RULE: &str = "except";

/// What the pod's annotations ask for, rule by rule, and whether `profile` grants it.
pub(super) fn of<'p>(pod: Pod<'p>, profile: &Profile) -> Vec<(&'static str, Exception<'p>)> {
    let annotations = pod.annotations().into_iter().flat_map(Pairs::iter);
    let asked = annotations.filter_map(|(key, reason)| Some((key.strip_prefix(EXCEPT)?, reason)));
    asked
        .flat_map(|(name, reason)| match (name, find(name)) {
            (ALL, _) => {
                let on = profile.rules();
                on.map(|(rule, _)| asked_for(rule, reason, profile))
                    .collect()
            }
            (_, Some(rule)) => vec![asked_for(rule, reason, profile)],
            (_, None) => {
                let exception = Exception {
                    granted: Granted::NoSuchRule,
                    words: name,
                };
                vec![(NO_RULE, exception)]
            }
        })
        .collect()
}

fn asked_for<'p>(rule: &Rule, reason: &'p str, profile: &Profile) -> (&'static str, Exception<'p>) {
    let words = reason.trim();
    let mut may = profile.may_except().value.iter();
    let may = may.any(|other| other.id == rule.id);
    let granted = match (may, words.is_empty()) {
        (true, false) => Granted::ByAuthor,
        (true, true) => Granted::WithoutReason,
        (false, _) => Granted::NotByProfile,
    };
    (rule.id, Exception { granted, words })
}
