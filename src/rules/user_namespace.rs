//! `hostUsers: false`, where nobody spoke of it: the pod's users are mapped to a high range that means nothing on the node.
//!
//! Root in the pod is then nobody outside of it, and an image notices nothing: it is practice 3 for images that nobody edits.
//! It needs a runtime and a kernel that can, on every node: where one cannot, or only says that it can, the pod never starts
//! (X16). So it is off in the shipped profiles, and `when = "auto"` waits for the facts.
//!
//! Missing facts: with `auto`, nothing is set. Sources: V9, V10, X16, G4, A5; KEP-127.

use super::user::{PERSISTENT_DATA, is_under_unknown_scc};
use crate::object::{Container, Source};
use crate::rule::{At, Choice, Field, Key, Kind, PRIVILEGED, Reason, Rule, Say};

const WHEN: usize = 0;

/// The last user and group that there are in a user namespace (X16).
const LAST_ID: i64 = 65_535;

/// What runtimes grant a container by default.
const DEFAULT_CAPABILITIES: [&str; 14] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "NET_RAW",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

const NODES_UNKNOWN: Reason = Reason {
    id: "nodes-unknown",
    text: "it is not known that every Linux node can run user namespaces",
    source: "X16",
};

const HOST_NAMESPACES: Reason = Reason {
    id: "host-namespaces",
    text: "the API refuses it beside hostNetwork, hostPID and hostIPC",
    source: "V10",
};

const DEVICES: Reason = Reason {
    id: "devices",
    text: "devices belong to the node's users",
    source: "X16",
};

const RUNTIME_CLASS: Reason = Reason {
    id: "runtime-class",
    text: "the pod chose a runtime of its own",
    source: "X16",
};

const STRONG_CAPABILITIES: Reason = Reason {
    id: "strong-capabilities",
    text: "the author adds capabilities that are meant for the node",
    source: "X16",
};

const HIGH_IDS: Reason = Reason {
    id: "high-ids",
    text: "a user or group above 65535 does not exist in a user namespace",
    source: "G4, X16",
};

const OPENSHIFT: Reason = Reason {
    id: "openshift",
    text: "OpenShift gave the namespace users above 65535, or judged the pod by an SCC of its own",
    source: "G1, G8",
};

pub(super) static RULE: Rule = Rule {
    id: "user-namespace",
    practice: Some(3),
    control: None,
    summary: "sets `hostUsers: false`",
    why: "The pod's users, root among them, are mapped to a range that means nothing on the node. Whoever breaks out is nobody.",
    breaks: "Nothing that was tried, where every node can run it; nothing starts where one cannot.",
    without_facts: Some("With `when = \"auto\"`, it is not set."),
    writes: &[Field::HostUsers],
    steps_back: &[
        HOST_NAMESPACES,
        DEVICES,
        PRIVILEGED,
        RUNTIME_CLASS,
        STRONG_CAPABILITIES,
        PERSISTENT_DATA,
        HIGH_IDS,
        OPENSHIFT,
        NODES_UNKNOWN,
    ],
    keys: &[Key {
        name: "when",
        kind: Kind::Choice(&["auto", "always"]),
        doc: "`auto` where every Linux node is known to be able to, `always` without asking",
    }],
    linux_only: true,
    container: None,
    pod: Some(look),
};

fn look<'a>(at: At<'a>, say: &mut Say<'_, 'a>) {
    if let Some(host_users) = at.pod.spec.host_users {
        let said = if host_users { "true" } else { "false" };
        return say.keep(Choice::of_pod(Field::HostUsers, said, !host_users));
    }
    let containers = || at.pod.containers();
    let spec = at.pod.spec;
    let host = [spec.host_network, spec.host_pid, spec.host_ipc].contains(&Some(true));
    let devices = spec
        .resource_claims
        .as_ref()
        .is_some_and(|claims| !claims.is_empty())
        || containers().any(has_devices);
    let other_volumes = at
        .pod
        .volumes()
        .iter()
        .any(|volume| !matches!(volume.source, Source::EmptyDir | Source::Written));
    let openshift = at.facts.ranges(at.namespace).is_some() || is_under_unknown_scc(at);
    let doubts = [
        (host, HOST_NAMESPACES),
        (devices, DEVICES),
        (
            containers().any(|container| container.is_privileged()),
            PRIVILEGED,
        ),
        (spec.runtime_class_name.is_some(), RUNTIME_CLASS),
        (
            containers().any(adds_strong_capabilities),
            STRONG_CAPABILITIES,
        ),
        (other_volumes, PERSISTENT_DATA),
        (has_high_ids(at), HIGH_IDS),
        (openshift, OPENSHIFT),
        (
            at.options.text(WHEN) != "always" && at.facts.user_namespaces != Some(true),
            NODES_UNKNOWN,
        ),
    ];
    match Reason::first(doubts) {
        Some(reason) => say.step_back(reason),
        None => say.set(Field::HostUsers, "false"),
    }
}

/// Claims of devices, and extended resources, which have a `/` in their names. A block device has a volume of data.
fn has_devices(container: Container<'_>) -> bool {
    let resources = container.spec.resources.as_ref();
    let claims = resources
        .and_then(|r| r.claims.as_deref())
        .unwrap_or_default();
    let limits = resources.and_then(|r| r.limits.as_ref());
    let mut limits = limits.into_iter().flat_map(|limits| limits.resources());
    !claims.is_empty() || limits.any(|resource| resource.contains('/'))
}

fn adds_strong_capabilities(container: Container<'_>) -> bool {
    container
        .added_capabilities()
        .iter()
        .any(|name| !DEFAULT_CAPABILITIES.contains(&name.as_str()))
}

fn has_high_ids(at: At<'_>) -> bool {
    let pod = at.pod.security_context();
    let of_pod = pod.into_iter().flat_map(|c| {
        let groups = c.supplemental_groups.iter().flatten().copied().map(Some);
        [c.run_as_user, c.run_as_group, c.fs_group]
            .into_iter()
            .chain(groups)
    });
    let contexts = at
        .pod
        .containers()
        .filter_map(|container| container.security_context());
    let of_containers = contexts.flat_map(|c| [c.run_as_user, c.run_as_group]);
    of_pod.chain(of_containers).flatten().any(|id| id > LAST_ID)
}
