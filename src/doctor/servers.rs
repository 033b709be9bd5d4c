//! The servers, and the configuration that they have.

use std::collections::BTreeSet;
use std::time::SystemTime;

use super::{AGAIN, Findings, Seen};

/// The servers are there, ready, and of one version.
pub(super) fn servers(seen: &Seen, _: SystemTime, findings: &mut Findings) {
    let Some((service, there)) = &seen.service else {
        return;
    };
    if !there {
        findings.error(
            service,
            "there is no such Service, to which the registrations lead",
            AGAIN,
        );
        return;
    }
    if !seen.saw("pods of the servers") {
        return;
    }
    let ready = seen
        .program
        .servers
        .iter()
        .filter(|server| server.ready)
        .count();
    let look = "kubectl describe and kubectl logs of its pods say why";
    match (ready, seen.program.servers.len()) {
        (0, 0) => findings.error(
            service,
            "there are no servers behind it: nothing is hardened",
            "set the chart's replicas to 2",
        ),
        (0, n) => findings.error(
            service,
            format!("none of the {n} servers behind it is ready: nothing is hardened"),
            look,
        ),
        (1, 1) => findings.warning(
            service,
            "there is one server behind it: nothing is hardened while it is away",
            "set the chart's replicas to 2",
        ),
        (ready, n) if ready < n => findings.warning(
            service,
            format!("{ready} of {n} servers behind it are ready"),
            look,
        ),
        _ => {}
    }
    let images: BTreeSet<&str> = seen
        .program
        .servers
        .iter()
        .map(|server| server.image.as_str())
        .collect();
    let own = env!("CARGO_PKG_VERSION");
    let tag = |image: &str| Some(image.rsplit_once(':')?.1.to_owned());
    let others = images.iter().filter_map(|image| tag(image)).filter(|tag| {
        // A digest, or a tag of somebody's own, says nothing of the version.
        tag.starts_with(|c: char| c.is_ascii_digit()) && tag.contains('.') && tag != own
    });
    if let Some(other) = others.into_iter().next() {
        findings.note(
            service,
            format!("its servers are of version {other}, and this is {own}, by whose rules pods are judged here"),
            "take the doctor of the servers' version",
        );
    }
    if images.len() > 1 {
        let images: Vec<&str> = images.into_iter().collect();
        findings.warning(service, format!("its servers are of several versions: {}", images.join(", ")), "wait for the rollout to end, or see why it does not: kubectl rollout status deploy/pod-hardener");
    }
    let nodes: BTreeSet<Option<&str>> = seen
        .program
        .servers
        .iter()
        .map(|server| server.node.as_deref())
        .collect();
    if let (Some(Some(node)), 1, true) = (
        nodes.first(),
        nodes.len(),
        seen.program.servers.len() > 1 && seen.nodes > 1,
    ) {
        findings.warning(
            service,
            format!(
                "all its servers are on the node {node}: nothing is hardened while that is away"
            ),
            "see to a second node that takes them; kubectl delete pod moves one",
        );
    }
}

/// The configuration can be read, and is on.
pub(super) fn configuration(seen: &Seen, _: SystemTime, findings: &mut Findings) {
    let Some((from, settings)) = &seen.settings else {
        return;
    };
    match settings {
        Err(why) => findings.error(
            from,
            format!("is refused, and the servers keep the one that they had: {why}"),
            "correct it; `pod-hardener config check FILE` shows all of its faults",
        ),
        Ok(settings) if !settings.enabled() => findings.error(
            from,
            "says `enabled = false`: nothing is hardened",
            "set it to true, or take the line away",
        ),
        Ok(_) => {}
    }
}
