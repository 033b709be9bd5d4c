//! The rules: one file each, and the list of them in the order of their practices.

mod drop_capabilities;
mod no_privilege_escalation;
mod runtime_default_seccomp;

use crate::rule::Rule;

/// All rules. A profile switches each on or off; their order decides nothing but how they are listed.
pub static RULES: &[&Rule] = &[
    &no_privilege_escalation::RULE,
    &runtime_default_seccomp::RULE,
    &drop_capabilities::RULE,
];

/// The rule called `id`.
#[must_use]
pub fn find(id: &str) -> Option<&'static Rule> {
    RULES.iter().copied().find(|rule| rule.id == id)
}
