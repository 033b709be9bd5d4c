//! The rules: one file each, and the list of them in the order of their practices; last, what is beside the ten.

mod cpu_resources;
mod drop_capabilities;
mod failure_messages;
mod memory_resources;
mod no_privilege_escalation;
mod no_service_account_token;
mod probes;
mod read_only_root_filesystem;
mod resource;
mod run_as_high_uid;
mod runtime_default_seccomp;
mod user;
mod user_namespace;

use crate::rule::Rule;

/// All rules. A profile switches each on or off; their order decides nothing but how they are listed.
pub static RULES: &[&Rule] = &[
    &no_privilege_escalation::RULE,
    &user_namespace::RULE,
    &run_as_high_uid::RULE,
    &cpu_resources::RULE,
    &no_service_account_token::RULE,
    &runtime_default_seccomp::RULE,
    &probes::RULE,
    &memory_resources::RULE,
    &drop_capabilities::RULE,
    &read_only_root_filesystem::RULE,
    &failure_messages::RULE,
];

/// The rule called `id`.
#[must_use]
pub fn find(id: &str) -> Option<&'static Rule> {
    RULES.iter().copied().find(|rule| rule.id == id)
}

/// A number out of some texts that stays the same for ever: the first 64 bits of their SHA-256, with a zero byte after each.
fn hash(texts: &[&str]) -> u64 {
    let mut bytes = Vec::with_capacity(256);
    for text in texts {
        bytes.extend_from_slice(text.as_bytes());
        bytes.push(0);
    }
    ring::digest::digest(&ring::digest::SHA256, &bytes)
        .as_ref()
        .iter()
        .take(8)
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}
