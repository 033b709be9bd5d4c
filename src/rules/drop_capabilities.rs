//! Capabilities that programs do not need, dropped; nothing that the author drops or adds is taken away.
//!
//! A container's root holds fourteen capabilities by default. Four of them no ordinary program misses: `NET_RAW` (forge
//! packets on the pod network), `MKNOD`, `SETFCAP` and `AUDIT_WRITE`. CRI-O does not grant them either, so that OpenShift
//! has tried their absence at scale. ALL of them are dropped, as Pod Security `restricted` asks, where the container's user is
//! known not to be root once `run-as-high-uid` has had its say: a root process without capabilities breaks more than it
//! protects, and can be left serving as root because it cannot change its user.
//!
//! Beside ALL, `NET_BIND_SERVICE` is kept: it gives a process that is not root nothing, and a program that carries it as a file
//! capability cannot even be started without it (X8).
//!
//! `drop` is a set: it is completed, in the author's own list (X10). A capability that the author adds is never dropped by
//! name: runtimes apply drops by name last, so that the drop would win; next to `drop: [ALL]` what is added stays (X9).
//! Missing facts mean nothing here. Sources: X7 to X10, X13.

use super::user;
use crate::object::{Container, Text};
use crate::rule::{At, Choice, Field, Key, Kind, Name, PRIVILEGED, Reason, Rule, Say};

const ADDS_ALL: Reason = Reason {
    id: "adds-all-capabilities",
    text: "the author adds ALL capabilities, which leaves nothing to drop",
    source: "X9",
};

const MAY_BE_ROOT: Reason = Reason {
    id: "may-be-root",
    text: "the container may run as root, which cannot do without capabilities; the list of `drop` alone is dropped",
    source: "X8",
};

// The positions of the keys.
const NAMES: usize = 0;
const ALL: usize = 1;
const KEEP: usize = 2;

pub(super) static RULE: Rule = Rule {
    id: "drop-capabilities",
    practice: Some(9),
    control: Some("Capabilities (restricted)"),
    summary: "adds `NET_RAW`, `MKNOD`, `SETFCAP` and `AUDIT_WRITE` to `capabilities.drop`, or `ALL`",
    why: "Root in a container holds capabilities that hardly any program uses and an intruder does: forged packets on \
          the pod network, device nodes, file capabilities on a shared volume.",
    breaks: "ping, arping, tcpdump and the like, where the runtime does not open ICMP sockets to everybody. With ALL: programs \
             that carry another file capability than the one that is kept.",
    without_facts: None,
    writes: &[Field::DroppedCapabilities, Field::AddedCapabilities],
    steps_back: &[PRIVILEGED, ADDS_ALL, MAY_BE_ROOT],
    keys: &[
        Key {
            name: "drop",
            kind: Kind::Capabilities(&["NET_RAW", "MKNOD", "SETFCAP", "AUDIT_WRITE"]),
            doc: "the capabilities to drop, as Kubernetes writes them: upper case, without `CAP_`",
        },
        Key {
            name: "all",
            kind: Kind::Flag(false),
            doc: "whether ALL are dropped where the container is known not to run as root",
        },
        Key {
            name: "keep",
            kind: Kind::Capabilities(&["NET_BIND_SERVICE"]),
            doc: "the capabilities that are kept where ALL are dropped",
        },
    ],
    linux_only: true,
    container: Some(look),
    pod: None,
};

fn look<'a>(at: At<'a>, container: Container<'a>, say: &mut Say<'_, 'a>) {
    let (added, dropped) = (
        container.added_capabilities(),
        container.dropped_capabilities(),
    );
    if dropped.iter().any(|name| name.as_str() == "ALL") {
        say.keep(Choice::own(Field::DroppedCapabilities, "ALL", true));
        return report_added(at, added, say);
    }
    if container.is_privileged() {
        return say.step_back(PRIVILEGED);
    }
    if added.iter().any(|added| is(added, "ALL")) {
        return say.step_back(ADDS_ALL);
    }
    let not_root = user::of(at, container).is_known_not_root();
    match (at.options.flag(ALL), not_root) {
        (true, true) => drop_all(at, added, dropped, say),
        (wanted, _) => {
            drop_some(at.options.names(NAMES), added, dropped, say);
            if wanted {
                say.step_back(MAY_BE_ROOT);
            }
        }
    }
}

/// Pod Security wants `ALL` in upper case, whatever spelling the runtime takes (X9).
fn drop_all<'a>(at: At<'a>, added: &'a [Text<'a>], dropped: &[Text<'_>], say: &mut Say<'_, 'a>) {
    say.set(Field::DroppedCapabilities, r#""ALL""#);
    for name in at.options.names(KEEP) {
        if !added.iter().any(|added| is(added, &name.text)) && !holds(dropped, &name.text) {
            say.set(Field::AddedCapabilities, name.json.as_str());
        }
    }
    report_added(at, added, say);
}

/// What the author adds against the practice: beside ALL, everything that is not kept anyway; else what would be dropped.
fn report_added<'a>(at: At<'a>, added: &'a [Text<'a>], say: &mut Say<'_, 'a>) {
    let listed = |names: &[Name], added: &str| names.iter().any(|name| is(added, &name.text));
    let against = |added: &&Text<'_>| match at.options.flag(ALL) {
        true => !listed(at.options.names(KEEP), added),
        false => listed(at.options.names(NAMES), added),
    };
    for added in added.iter().filter(against) {
        say.keep(Choice::own(Field::AddedCapabilities, added.as_str(), false));
    }
}

fn drop_some<'a>(
    names: &'a [Name],
    added: &'a [Text<'a>],
    dropped: &[Text<'_>],
    say: &mut Say<'_, 'a>,
) {
    if holds(dropped, "ALL") {
        return say.keep(Choice::own(Field::DroppedCapabilities, "ALL", true));
    }
    for name in names {
        if let Some(added) = added.iter().find(|added| is(added, &name.text)) {
            say.keep(Choice::own(Field::AddedCapabilities, added.as_str(), false));
        } else if holds(dropped, &name.text) {
            say.keep(Choice::own(
                Field::DroppedCapabilities,
                name.text.as_str(),
                true,
            ));
        } else {
            say.set(Field::DroppedCapabilities, name.json.as_str());
        }
    }
}

/// Whether the list names the capability exactly. `CAP_NET_RAW` in it is dropped by CRI-O and not by containerd (X9): it
/// does not count, and the plain name beside it does no harm.
fn holds(list: &[Text<'_>], name: &str) -> bool {
    list.iter().any(|entry| entry.eq_ignore_ascii_case(name))
}

/// Whether an added capability is this one, in any spelling: runtimes ignore the case, and some take a `CAP_` (X9).
fn is(added: &str, name: &str) -> bool {
    let prefix = added
        .get(..4)
        .filter(|prefix| prefix.eq_ignore_ascii_case("CAP_"));
    let bare = prefix.and_then(|_| added.get(4..)).unwrap_or(added);
    bare.eq_ignore_ascii_case(name)
}
