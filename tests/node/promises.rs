//! What is promised of a workload that runs hardened, judged by what was seen of it: what its pod says is in force, it is not
//! less safe than as written, and it does not end much slower.

use k8s_openapi::api::core::v1::{Container, PodSpec};

use crate::workloads::{Cell, Inside, Process};

/// How many seconds longer the end may take: others run beside it.
pub(super) const SLOWER: f64 = 10.0;

/// The capabilities that the shipped profiles drop by name.
const DROPPED: [(&str, u32); 4] = [
    ("NET_RAW", 13),
    ("MKNOD", 27),
    ("AUDIT_WRITE", 29),
    ("SETFCAP", 31),
];

/// What the stored pod says of a container and is not in force there.
pub(super) fn not_in_force(pod: &PodSpec, container: &Container, inside: &Inside) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut expect = |holds: bool, what: &str| {
        if !holds {
            wrong.push(format!("{what} is not in force"));
        }
    };
    let first = &inside.processes[0];
    if let Some(context) = &container.security_context {
        if context.allow_privilege_escalation == Some(false) {
            expect(first.no_new_privileges, "allowPrivilegeEscalation: false");
        }
        let filter = context.seccomp_profile.as_ref();
        if filter.is_some_and(|profile| profile.type_ == "RuntimeDefault") {
            expect(first.seccomp, "seccompProfile: RuntimeDefault");
        }
        if context.read_only_root_filesystem == Some(true) {
            expect(inside.read_only, "readOnlyRootFilesystem: true");
        }
        if let Some(uid) = context.run_as_user {
            expect(i64::from(first.uid) == uid, "runAsUser");
        }
        let drop = context.capabilities.as_ref();
        let drop = drop.and_then(|capabilities| capabilities.drop.as_deref());
        let dropped = |name: &str| drop.is_some_and(|drop| drop.iter().any(|one| one == name));
        for (name, bit) in DROPPED {
            if dropped(name) || dropped("ALL") {
                expect(bits(&first.bounding) & (1 << bit) == 0, name);
            }
        }
    }
    if pod.host_users == Some(false) {
        expect(inside.mapped, "hostUsers: false");
    }
    if pod.automount_service_account_token == Some(false) {
        expect(!inside.token, "automountServiceAccountToken: false");
    }
    if let Some(limit) = limit(container) {
        expect(inside.memory == Some(limit), "the limit of memory");
    }
    wrong
}

/// The limit of memory in bytes, where it is written in powers of two.
fn limit(container: &Container) -> Option<u64> {
    let limits = container.resources.as_ref()?.limits.as_ref()?;
    let limit = &limits.get("memory")?.0;
    let (number, unit) = limit.split_at(limit.find(|c: char| !c.is_ascii_digit())?);
    let shift = match unit {
        "Ki" => 10,
        "Mi" => 20,
        "Gi" => 30,
        _ => return None,
    };
    Some(number.parse::<u64>().ok()? << shift)
}

/// In what a hardened workload is worse than as written, but for what it does.
pub(super) fn worse(written: &Cell, hardened: &Cell) -> Vec<String> {
    let mut worse = Vec::new();
    for (container, after) in &hardened.inside {
        if let Some(before) = written.inside.get(container) {
            let less_safe = less_safe(before, after).into_iter();
            worse.extend(less_safe.map(|what| format!("{container}: {what}")));
        }
    }
    worse.extend(slower(written.stop, hardened.stop));
    worse
}

/// In what the processes of a container are less safe than those of the same one as written: kinds of processes by name, where
/// none may have more than the worst was allowed, and for each that was harmless there has to be one that is as harmless.
fn less_safe(written: &Inside, hardened: &Inside) -> Vec<String> {
    let mut worse = Vec::new();
    let kind = |inside: &'_ Inside, name: &str| -> Vec<Process> {
        let all = inside.processes.iter();
        all.filter(|one| one.name == name).cloned().collect()
    };
    for process in &hardened.processes {
        let before = kind(written, &process.name);
        let allowed = |other: &Process| at_most(process, hardened, other, written);
        if !before.is_empty() && !before.iter().any(allowed) {
            worse.push(format!(
                "{} is UID {} with capabilities {:?} of {:?}, and was less",
                process.name, process.uid, process.capabilities, process.bounding
            ));
        }
    }
    for process in &written.processes {
        let after = kind(hardened, &process.name);
        let harmless = |other: &Process| at_most(other, hardened, process, written);
        if !after.is_empty() && !after.iter().any(harmless) {
            worse.push(format!(
                "no {} is as harmless as UID {} was",
                process.name, process.uid
            ));
        }
    }
    if hardened.token && !written.token {
        worse.push("there is a token of the API that was not there".to_owned());
    }
    worse
}

/// Whether a process may do no more than another one. A root that is nobody on the node is not root.
fn at_most(one: &Process, of: &Inside, other: &Process, of_other: &Inside) -> bool {
    let root = |process: &Process, inside: &Inside| process.uid == 0 && !inside.mapped;
    let held = |text: &str, inside: &Inside| match inside.mapped {
        true => 0,
        false => bits(text),
    };
    let within = |one: &str, other: &str| held(one, of) & !held(other, of_other) == 0;
    (!root(one, of) || root(other, of_other))
        && within(&one.capabilities, &other.capabilities)
        && within(&one.bounding, &other.bounding)
        && (one.no_new_privileges || !other.no_new_privileges)
        && (one.seccomp || !other.seccomp)
}

/// That the end takes much longer than as written, in seconds.
fn slower(written: Option<f64>, hardened: Option<f64>) -> Option<String> {
    let (before, after) = (written?, hardened?);
    (after > before + SLOWER)
        .then(|| format!("it takes {after:.1} s to end, and {before:.1} s as written"))
}

/// A set of capabilities as /proc writes it.
fn bits(text: &str) -> u64 {
    u64::from_str_radix(text, 16).unwrap_or_default()
}
