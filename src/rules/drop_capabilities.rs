//! Capabilities that programs do not need, dropped; nothing that the author drops or adds is taken away.
//!
//! A container's root holds fourteen capabilities by default. Four of them no ordinary program misses: `NET_RAW` (forge
//! packets on the pod network), `MKNOD`, `SETFCAP` and `AUDIT_WRITE`. CRI-O does not grant them either, so that OpenShift
//! has tried their absence at scale.
//!
//! `drop` is a set: it is completed, in the author's own list (X10). A capability that the author adds is never dropped:
//! runtimes apply drops last, so that the drop would win (X9). Missing facts mean nothing here. Sources: X7 to X10, X13.

use crate::object::Text;
use crate::rule::{At, Choice, Field, Key, Kind, Level, PRIVILEGED, Reason, Rule, Say};

const DROP: Field = Field::list(&["securityContext", "capabilities", "drop"]);
const ADD: Field = Field::list(&["securityContext", "capabilities", "add"]);

const ADDS_ALL: Reason = Reason {
    id: "adds-all-capabilities",
    text: "the author adds ALL capabilities, which leaves nothing to drop",
    source: "X9",
};

/// The position of the key `drop`.
const NAMES: usize = 0;

pub(super) static RULE: Rule = Rule {
    id: "drop-capabilities",
    practice: 9,
    control: Some("Capabilities (restricted asks for ALL, which comes with a known user)"),
    summary: "adds `NET_RAW`, `MKNOD`, `SETFCAP` and `AUDIT_WRITE` to `capabilities.drop`",
    why: "Root in a container holds capabilities that hardly any program uses and an intruder does: forged packets on \
          the pod network, device nodes, file capabilities on a shared volume.",
    breaks: "ping, arping, tcpdump and the like, where the runtime does not open ICMP sockets to everybody.",
    writes: &[DROP],
    steps_back: &[PRIVILEGED, ADDS_ALL],
    keys: &[Key {
        name: "drop",
        kind: Kind::Capabilities(&["NET_RAW", "MKNOD", "SETFCAP", "AUDIT_WRITE"]),
        doc: "the capabilities to drop, as Kubernetes writes them: upper case, without `CAP_`",
    }],
    linux_only: true,
    look,
};

fn look<'a>(at: At<'a>, say: &mut Say<'_, 'a>) {
    let (added, dropped) = (
        at.container.added_capabilities(),
        at.container.dropped_capabilities(),
    );
    if holds(dropped, "ALL") {
        return say.keep(Choice {
            field: DROP,
            level: Level::Container,
            said: "ALL",
            safe: true,
        });
    }
    if at.container.is_privileged() {
        return say.step_back(PRIVILEGED);
    }
    if added.iter().any(|added| is(added, "ALL")) {
        return say.step_back(ADDS_ALL);
    }
    for name in at.options.names(NAMES) {
        if let Some(added) = added.iter().find(|added| is(added, &name.text)) {
            say.keep(Choice {
                field: ADD,
                level: Level::Container,
                said: added.as_str(),
                safe: false,
            });
        } else if holds(dropped, &name.text) {
            say.keep(Choice {
                field: DROP,
                level: Level::Container,
                said: &name.text,
                safe: true,
            });
        } else {
            say.set(DROP, name.json.as_str());
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
