//! What the labels of namespaces come to.

use std::time::SystemTime;

use k8s_openapi::api::core::v1::Namespace;
use kube::ResourceExt;

use super::registration::takes;
use super::{AGAIN, Entry, Findings, Mode, Seen};

/// The label that hardens.
pub(crate) const HARDEN: &str = "pod-hardener.io/harden";

/// The label that only reports.
const AUDIT: &str = "pod-hardener.io/audit";

/// The label that every namespace has.
pub(super) const NAME: &str = "kubernetes.io/metadata.name";

/// The label's value that says no.
pub(crate) const OFF: &str = "off";

/// The label by which Pod Security refuses pods.
const ENFORCE: &str = "pod-security.kubernetes.io/enforce";

/// The webhook of `mode` that takes a namespace.
pub(crate) fn entry_of<'e, 's>(
    entries: &'e [Entry<'s>],
    mode: Mode,
    namespace: &Namespace,
) -> Option<&'e Entry<'s>> {
    let labels: Vec<(&str, &str)> = namespace
        .labels()
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .collect();
    entries
        .iter()
        .filter(|entry| entry.mode == mode)
        .find(|entry| takes(entry.namespaces, &labels))
}

/// Each label in use names a profile that there is.
pub(super) fn labels(seen: &Seen, _: SystemTime, findings: &mut Findings) {
    let entries = seen.entries();
    if entries.is_empty() {
        return;
    }
    for namespace in &seen.namespaces {
        for (key, mode) in [(HARDEN, Mode::Harden), (AUDIT, Mode::Audit)] {
            if entries.iter().all(|entry| entry.mode != mode) {
                continue;
            }
            let Some(value) = namespace.labels().get(key) else {
                continue;
            };
            if mode == Mode::Harden && value == OFF || entry_of(&entries, mode, namespace).is_some()
            {
                continue;
            }
            let names: Vec<&str> = entries
                .iter()
                .filter(|entry| entry.mode == mode)
                .map(|entry| entry.profile)
                .collect();
            let object = format!("namespace {}", namespace.name_any());
            match names.contains(&value.as_str()) {
                true => findings.warning(
                    object,
                    format!("has the label {key}={value}, and the registration excludes it: the label has no effect"),
                    "take the label away, or the namespace out of the chart's excludedNamespaces",
                ),
                false => findings.error(
                    object,
                    format!("has the label {key}={value}, which names no profile: there is {}", names.join(", ")),
                    format!("kubectl label namespace {} {key}=<profile> --overwrite", namespace.name_any()),
                ),
            }
        }
    }
    let ours = ["pod-hardener-namespaces", "pod-hardener-pods"];
    for policy in ours
        .iter()
        .filter(|policy| !seen.policies.iter().any(|name| name == *policy))
    {
        if seen.saw("validatingadmissionpolicies") {
            findings.note(
                *policy,
                "there is no such ValidatingAdmissionPolicy: nobody is warned of a label that names no profile",
                AGAIN,
            );
        }
    }
}

/// Pod Security that refuses what a webhook was to mend.
pub(super) fn pod_security(seen: &Seen, _: SystemTime, findings: &mut Findings) {
    let entries = seen.entries();
    for namespace in &seen.namespaces {
        let Some(entry) = entry_of(&entries, Mode::Harden, namespace) else {
            continue;
        };
        if namespace.labels().get(ENFORCE).map(String::as_str) != Some("restricted") || entry.fails
        {
            continue;
        }
        findings.note(
            format!("namespace {}", namespace.name_any()),
            "Pod Security refuses what is not `restricted`, and the webhook lets pods through as they are when no answer comes: while our servers are \
             away, pods that rely on them are refused",
            "nothing, if that is meant: controllers try again. To know of it, be alerted when deploy/pod-hardener has no available replicas",
        );
    }
}
