//! The registrations against themselves, the configuration and what is known of webhooks.

use std::collections::BTreeMap;
use std::time::SystemTime;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::core::{Selector, SelectorExt};

use super::labels::{HARDEN, NAME, OFF};
use super::{AGAIN, Entry, Findings, Mode, Seen};

/// How long a whole request may take, webhooks included, in seconds (C8); one of ours that takes a third of that starves others.
const LONG: i32 = 10;

/// Namespaces that a webhook must keep away from (C13).
const SYSTEM: [&str; 3] = ["kube-system", "kube-public", "kube-node-lease"];

/// The registrations are there.
pub(super) fn installed(seen: &Seen, _: SystemTime, findings: &mut Findings) {
    let [hardens, looks] = &seen.names;
    let install =
        "install the chart: helm install pod-hardener ./helm -n pod-hardener --create-namespace";
    let nothing = match seen.hardens() {
        None => Some("there is no such MutatingWebhookConfiguration: nothing is hardened"),
        Some(_)
            if seen
                .entries()
                .iter()
                .all(|entry| entry.mode != Mode::Harden) =>
        {
            Some("none of its webhooks leads to /harden/<profile>: nothing is hardened")
        }
        Some(_) => None,
    };
    if let (Some(nothing), true) = (nothing, seen.saw("mutatingwebhookconfigurations")) {
        findings.error(hardens, nothing, install);
    }
    let is_there = seen
        .validating
        .iter()
        .any(|r| r.metadata.name.as_deref() == Some(looks));
    if !is_there && seen.saw("validatingwebhookconfigurations") {
        findings.warning(
            looks,
            "there is no such ValidatingWebhookConfiguration: labels for auditing have no effect, and nobody is warned of an unsafe choice",
            install,
        );
    }
    if let Some((major, minor)) = seen.version
        && (major, minor) < (1, 30)
    {
        findings.error(
            format!("Kubernetes {major}.{minor}"),
            "is older than 1.30, from which on matchConditions and admission policies are there",
            "upgrade the cluster",
        );
    }
}

/// Registration and configuration name the same profiles.
pub(super) fn profiles(seen: &Seen, _: SystemTime, findings: &mut Findings) {
    let Some(settings) = seen.settings() else {
        return;
    };
    let entries = seen.entries();
    if seen.hardens().is_none() {
        return;
    }
    let known: Vec<&str> = settings.profile_names().collect();
    for entry in &entries {
        if !known.contains(&entry.profile) {
            findings.error(
                entry.object(),
                format!("leads to the profile `{}`, and the configuration has {}: each request fails", entry.profile, known.join(", ")),
                "give the configuration a profile of that name, or take the name out of the chart's `profiles`",
            );
        }
    }
    let registered = |name: &str| {
        entries
            .iter()
            .any(|entry| entry.mode == Mode::Harden && entry.profile == name)
    };
    for name in known.iter().filter(|name| !registered(name)) {
        findings.note(
            *name,
            "is a profile of the configuration that no label can name",
            "add it to the chart's `profiles`, if somebody is to use it",
        );
    }
}

/// Each selector takes the namespaces that its profile's label names, and no others.
pub(super) fn selectors(seen: &Seen, _: SystemTime, findings: &mut Findings) {
    let entries = seen.entries();
    let hardening: Vec<&Entry<'_>> = entries
        .iter()
        .filter(|entry| entry.mode == Mode::Harden)
        .collect();
    for entry in &hardening {
        let takes = |labels: &[(&str, &str)]| takes(entry.namespaces, labels);
        let labelled = takes(&[(HARDEN, entry.profile), (NAME, "any")]);
        let unlabelled = takes(&[(NAME, "any")]);
        if !labelled && !unlabelled {
            findings.error(
                entry.object(),
                format!(
                    "does not take a namespace with the label {HARDEN}={}",
                    entry.profile
                ),
                AGAIN,
            );
        }
        if unlabelled && entry.fails {
            findings.warning(
                entry.object(),
                "takes every namespace without the label, and refuses pods when no answer comes: those of what our servers need themselves (network, storage) too",
                "name these namespaces in the chart's excludedNamespaces, or set webhook.failurePolicy to Ignore",
            );
        } else if unlabelled {
            findings.note(
                entry.object(),
                "takes every namespace without the label",
                format!("nothing, if that is meant; a namespace opts out by {HARDEN}={OFF}"),
            );
        }
        if takes(&[(HARDEN, OFF), (NAME, "any")]) {
            findings.error(
                entry.object(),
                format!("takes a namespace with the label {HARDEN}={OFF}, which says no"),
                AGAIN,
            );
        }
        let system = SYSTEM.iter().filter(|name| {
            takes(&[(HARDEN, entry.profile), (NAME, name)]) || takes(&[(NAME, name)])
        });
        let system: Vec<&str> = system.copied().collect();
        if !system.is_empty() {
            findings.warning(
                entry.object(),
                format!(
                    "would take {}: what the cluster needs to come up must not wait for a webhook",
                    system.join(", ")
                ),
                AGAIN,
            );
        }
        let others = hardening
            .iter()
            .filter(|other| other.profile != entry.profile);
        let wrong = others.filter(|other| takes(&[(HARDEN, other.profile), (NAME, "any")]));
        for other in wrong {
            findings.error(
                entry.object(),
                format!(
                    "takes a namespace with the label {HARDEN}={}, which is another's",
                    other.profile
                ),
                AGAIN,
            );
        }
    }
}

/// The webhooks hear of what they must hear of.
pub(super) fn rules(seen: &Seen, _: SystemTime, findings: &mut Findings) {
    for entry in seen
        .entries()
        .iter()
        .filter(|entry| entry.mode == Mode::Harden)
    {
        let hears = |operation: &str, resource: &str| {
            entry.rules.iter().any(|rule| {
                let has = |list: &Option<Vec<String>>, wanted: &str| {
                    list.iter().flatten().any(|one| one == wanted || one == "*")
                };
                has(&rule.operations, operation)
                    && has(&rule.resources, resource)
                    && has(&rule.api_groups, "")
            })
        };
        if !hears("CREATE", "pods") {
            findings.error(entry.object(), "does not hear of new pods", AGAIN);
        }
        if !hears("UPDATE", "pods/ephemeralcontainers") {
            findings.warning(entry.object(), "does not hear of ephemeral containers: those of kubectl debug are as they are written", AGAIN);
        }
        let resources = entry
            .rules
            .iter()
            .flat_map(|rule| rule.resources.iter().flatten());
        if resources
            .clone()
            .any(|resource| resource == "pods/*" || resource == "*/*")
        {
            findings.warning(
                entry.object(),
                "hears of every subresource of pods, and most have no pod (C4)",
                AGAIN,
            );
        }
    }
}

/// What becomes of a request without an answer, and how long it waits.
pub(super) fn policy(seen: &Seen, _: SystemTime, findings: &mut Findings) {
    let ready = seen
        .program
        .servers
        .iter()
        .filter(|server| server.ready)
        .count();
    for entry in seen.entries() {
        if entry.timeout > LONG {
            findings.warning(
                entry.object(),
                format!(
                    "the API server waits {} s for it, of 34 s for all webhooks together (C8)",
                    entry.timeout
                ),
                "set the chart's webhook.timeoutSeconds to 2: an answer takes a millisecond",
            );
        }
        if entry.mode != Mode::Harden && entry.fails {
            findings.error(
                entry.object(),
                "refuses objects when no answer comes, and it only looks",
                AGAIN,
            );
        }
        if entry.mode == Mode::Harden && entry.fails && seen.service.is_some() && ready < 2 {
            findings.warning(
                entry.object(),
                format!("refuses pods when no answer comes (failurePolicy: Fail), and {ready} of our servers are ready"),
                "set the chart's replicas to 2 or more",
            );
        }
        if !entry.again {
            findings.warning(
                entry.object(),
                "is not called again when another webhook adds a container after it (C2)",
                AGAIN,
            );
        }
    }
}

/// Whether a selector takes a namespace with these labels.
pub(super) fn takes(selector: Option<&LabelSelector>, labels: &[(&str, &str)]) -> bool {
    let labels: BTreeMap<String, String> = labels
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect();
    match selector {
        None => true,
        Some(selector) => {
            Selector::try_from(selector.clone()).is_ok_and(|selector| selector.matches(&labels))
        }
    }
}
