//! Who else changes pods, and in which order.

use std::time::SystemTime;

use kube::ResourceExt;

use super::{Findings, Seen};
use crate::cluster::registrations::Rule;

/// Every other webhook that changes pods: one that is called after us adds what we do not see in the first round (C1, C2).
pub(super) fn others(seen: &Seen, _: SystemTime, findings: &mut Findings) {
    let [ours, _] = &seen.names;
    let changes_pods = |rules: &[Rule]| {
        rules.iter().any(|rule| {
            let has = |list: &Option<Vec<String>>, wanted: &[&str]| {
                list.iter()
                    .flatten()
                    .any(|one| wanted.contains(&one.as_str()))
            };
            has(&rule.resources, &["pods", "*", "*/*"])
                && has(&rule.operations, &["CREATE", "*"])
                && has(&rule.api_groups, &["", "*"])
        })
    };
    let mut before = Vec::new();
    for registration in &seen.mutating {
        let name = registration.name_any();
        let webhooks = registration.webhooks.iter().flatten();
        let any = webhooks
            .clone()
            .any(|webhook| changes_pods(webhook.rules.as_deref().unwrap_or_default()));
        if name == *ours || !any {
            continue;
        }
        // The API server calls them in the order of their names' bytes.
        if name > *ours {
            findings.warning(
                &name,
                format!("changes pods after {ours}: containers that it adds are seen only if the API server calls us again"),
                "nothing, if it adds no containers; else have its name sort earlier",
            );
        } else {
            before.push(name);
        }
    }
    if !seen.mutating_policies.is_empty() {
        findings.note(
            seen.mutating_policies.join(", "),
            "are MutatingAdmissionPolicies that change pods, before every webhook (R4)",
            "nothing: we see what they set, and take it for the author's",
        );
    }
    if !before.is_empty() {
        findings.note(
            before.join(", "),
            format!("change pods before {ours}, which sees what they add"),
            "nothing: this is the right order",
        );
    }
}
