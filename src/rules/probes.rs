//! `livenessProbe` and `readinessProbe` of containers that run for ever: reported where they are missing.
//!
//! Only the author knows what tells that a program works: a guess restarts healthy programs. Where the profile asks, a
//! readiness probe that opens a declared TCP port is filled in, which at worst keeps traffic away. Sources: N1 to N5.

use crate::object::{Container, ContainerKind, Port};
use crate::rule::{At, Choice, Field, Key, Kind, Reason, Rule, Say};

const TCP_READINESS: usize = 0;

const NO_PROBES: Reason = Reason {
    id: "no-probes",
    text: "there is no livenessProbe and no readinessProbe, and only the author knows what tells that the program works",
    source: "N5",
};

const NO_LIVENESS: Reason = Reason {
    id: "no-liveness-probe",
    text: "there is no livenessProbe, and only the author knows what tells that the program works",
    source: "N5",
};

const NO_READINESS: Reason = Reason {
    id: "no-readiness-probe",
    text: "there is no readinessProbe, and only the author knows what tells that the program works",
    source: "N5",
};

pub(super) static RULE: Rule = Rule {
    id: "probes",
    practice: Some(7),
    control: None,
    summary: "reports missing liveness and readiness probes; fills in a readiness probe where asked",
    why: "Without probes a program that hangs is never restarted, and one that is not ready gets traffic.",
    breaks: "Nothing by itself. With `tcp-readiness`, a program that does not listen on the port that it declares, or only on the loopback \
             address, gets no traffic.",
    without_facts: None,
    writes: &[Field::ReadinessProbe],
    steps_back: &[NO_PROBES, NO_LIVENESS, NO_READINESS],
    keys: &[Key {
        name: "tcp-readiness",
        kind: Kind::Flag(false),
        doc: "whether a missing readiness probe becomes one that opens the first TCP port that the container declares",
    }],
    linux_only: false,
    container: Some(look),
    pod: None,
};

fn look<'a>(at: At<'a>, container: Container<'a>, say: &mut Say<'_, 'a>) {
    // A debug container can have no probes (U6).
    if container.kind == ContainerKind::Ephemeral {
        return;
    }
    if !runs_for_ever(at, container) {
        return say.keep(Choice::own(Field::LivenessProbe, "none-needed", true));
    }
    let liveness = container.spec.liveness_probe.is_some();
    let readiness = container.spec.readiness_probe.is_some();
    if liveness {
        say.keep(Choice::own(Field::LivenessProbe, "set", true));
    }
    if readiness {
        say.keep(Choice::own(Field::ReadinessProbe, "set", true));
    }
    let filled = tcp_port(container)
        .filter(|_| !readiness && at.options.flag(TCP_READINESS))
        .map(|port| format!(r#"{{"tcpSocket":{{"port":{port}}}}}"#));
    let is_ready_known = readiness || filled.is_some();
    if let Some(probe) = filled {
        say.set(Field::ReadinessProbe, probe);
    }
    match (liveness, is_ready_known) {
        (true, true) => {}
        (true, false) => say.step_back(NO_READINESS),
        (false, true) => say.step_back(NO_LIVENESS),
        (false, false) => say.step_back(NO_PROBES),
    }
}

/// Whether the container is not meant to end: no init container (N1), and none of a pod that ends, as a Job's does (N5).
fn runs_for_ever(at: At<'_>, container: Container<'_>) -> bool {
    let policy = at.pod.spec.restart_policy.as_deref();
    container.kind != ContainerKind::Init && policy.is_none_or(|policy| policy == "Always")
}

/// The first TCP port that the container declares and that there can be.
fn tcp_port(container: Container<'_>) -> Option<u16> {
    let is_tcp = |port: &&Port<'_>| port.protocol.as_deref().is_none_or(|p| p == "TCP");
    let ports = container.spec.ports.iter().flatten().filter(is_tcp);
    let mut numbers = ports.filter_map(|port| u16::try_from(port.container_port?).ok());
    numbers.find(|number| *number > 0)
}
