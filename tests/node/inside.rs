//! What is in force inside a container, seen from the node: by /proc and control groups, so that the image needs no tools.

use std::collections::BTreeMap;
use std::fs;

use anyhow::Context;
use k8s_openapi::api::core::v1::{Container, Pod};

use crate::workloads::{Inside, Process};

/// Where the service account's token is mounted.
const TOKEN: &str = "/secrets/kubernetes.io/serviceaccount";

/// What is in force in the container that began with a process.
pub(super) fn look(first: u32) -> anyhow::Result<Inside> {
    let map = proc(first, "uid_map")?;
    let mapped = !map.split_whitespace().eq(["0", "0", "4294967295"]);
    let mounts: Vec<(String, String)> = proc(first, "mountinfo")?
        .lines()
        .filter_map(|line| {
            let fields: Vec<&str> = line.split(' ').collect();
            Some((fields.get(4)?.to_string(), fields.get(5)?.to_string()))
        })
        .collect();
    let read_only = mounts
        .iter()
        .any(|(point, options)| point == "/" && options.split(',').any(|option| option == "ro"));
    let group = group(first)?;
    let mut processes = vec![process(first, mapped)?];
    let others = fs::read_to_string(format!("{group}/cgroup.procs"))?;
    let others = others.lines().filter_map(|line| line.parse().ok());
    // One that has ended meanwhile is no matter.
    let mut others: Vec<Process> = others.filter_map(|pid| process(pid, mapped).ok()).collect();
    others.sort();
    others.dedup();
    others.retain(|other| other != &processes[0]);
    processes.extend(others);
    let limit = ["memory.limit_in_bytes", "memory.max"]
        .iter()
        .find_map(|file| fs::read_to_string(format!("{group}/{file}")).ok());
    let limit = limit.and_then(|limit| limit.trim().parse::<u64>().ok());
    Ok(Inside {
        mapped,
        read_only,
        token: mounts.iter().any(|(point, _)| point.ends_with(TOKEN)),
        // Version 1 says a number of this size for no limit.
        memory: limit.filter(|limit| *limit < 1 << 62),
        processes,
    })
}

fn proc(pid: u32, file: &str) -> anyhow::Result<String> {
    Ok(fs::read_to_string(format!("/proc/{pid}/{file}"))?)
}

/// The directory of the control group that limits a process's memory.
fn group(pid: u32) -> anyhow::Result<String> {
    for line in proc(pid, "cgroup")?.lines() {
        let mut fields = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (fields.next(), fields.next()) else {
            continue;
        };
        if controllers
            .split(',')
            .any(|controller| controller == "memory")
        {
            return Ok(format!("/sys/fs/cgroup/memory{path}"));
        }
        if controllers.is_empty() && fs::exists("/sys/fs/cgroup/cgroup.controllers")? {
            return Ok(format!("/sys/fs/cgroup{path}"));
        }
    }
    anyhow::bail!("process {pid} has no control group for its memory")
}

fn process(pid: u32, mapped: bool) -> anyhow::Result<Process> {
    let status = proc(pid, "status")?;
    let lines: BTreeMap<&str, &str> = status
        .lines()
        .filter_map(|line| line.split_once(":\t"))
        .collect();
    let line = |key: &str| {
        lines
            .get(key)
            .copied()
            .with_context(|| format!("no {key} in its status"))
    };
    let effective = |key: &str| -> anyhow::Result<u32> {
        Ok(line(key)?.split('\t').nth(1).unwrap_or_default().parse()?)
    };
    let inside = |id: u32| match mapped {
        // The map begins at a multiple of its length.
        true => id % 65_536,
        false => id,
    };
    Ok(Process {
        name: line("Name")?.to_owned(),
        uid: inside(effective("Uid")?),
        gid: inside(effective("Gid")?),
        capabilities: line("CapEff")?.trim_start_matches('0').to_owned(),
        bounding: line("CapBnd")?.trim_start_matches('0').to_owned(),
        no_new_privileges: line("NoNewPrivs")? == "1",
        seccomp: line("Seccomp")? == "2",
    })
}

/// What the stored pod says of its first container and is not in force there.
pub(super) fn not_in_force(pod: &Pod, inside: &Inside) -> Vec<String> {
    let Some((spec, container)) = pod
        .spec
        .as_ref()
        .and_then(|spec| Some((spec, spec.containers.first()?)))
    else {
        return vec!["the pod has no container".to_owned()];
    };
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
        if context
            .seccomp_profile
            .as_ref()
            .is_some_and(|profile| profile.type_ == "RuntimeDefault")
        {
            expect(first.seccomp, "seccompProfile: RuntimeDefault");
        }
        if context.read_only_root_filesystem == Some(true) {
            expect(inside.read_only, "readOnlyRootFilesystem: true");
        }
        if let Some(uid) = context.run_as_user {
            expect(i64::from(first.uid) == uid, "runAsUser");
        }
        let drop = context
            .capabilities
            .as_ref()
            .and_then(|capabilities| capabilities.drop.as_deref());
        let held = u64::from_str_radix(&first.bounding, 16).unwrap_or_default();
        for (name, bit) in DROPPED {
            if drop.is_some_and(|drop| drop.iter().any(|other| other == name || other == "ALL")) {
                expect(held & (1 << bit) == 0, name);
            }
        }
    }
    if spec.host_users == Some(false) {
        expect(inside.mapped, "hostUsers: false");
    }
    if spec.automount_service_account_token == Some(false) {
        expect(!inside.token, "automountServiceAccountToken: false");
    }
    if let Some(limit) = limit(container) {
        expect(inside.memory == Some(limit), "the limit of memory");
    }
    wrong
}

/// The capabilities that the shipped profiles drop by name.
const DROPPED: [(&str, u32); 4] = [
    ("NET_RAW", 13),
    ("MKNOD", 27),
    ("AUDIT_WRITE", 29),
    ("SETFCAP", 31),
];

/// The limit of memory in bytes, where it is written in powers of two.
fn limit(container: &Container) -> Option<u64> {
    let limit = &container
        .resources
        .as_ref()?
        .limits
        .as_ref()?
        .get("memory")?
        .0;
    let (number, unit) = limit.split_at(limit.find(|c: char| !c.is_ascii_digit())?);
    let shift = match unit {
        "Ki" => 10,
        "Mi" => 20,
        "Gi" => 30,
        _ => return None,
    };
    Some(number.parse::<u64>().ok()? << shift)
}

/// In what the processes are less safe than those of the same pod as written: kinds of processes by name, where none may have
/// more than the worst was allowed, and for each that was harmless there has to be one that is as harmless.
pub(super) fn less_safe(written: &Inside, hardened: &Inside) -> Vec<String> {
    let mut worse = Vec::new();
    for process in &hardened.processes {
        let mut before = written
            .processes
            .iter()
            .filter(|other| other.name == process.name)
            .peekable();
        if before.peek().is_some()
            && !before.any(|other| at_most(process, hardened, other, written))
        {
            worse.push(format!(
                "{} is UID {} with capabilities {:?}",
                process.name, process.uid, process.capabilities
            ));
        }
    }
    for process in &written.processes {
        let mut after = hardened
            .processes
            .iter()
            .filter(|other| other.name == process.name)
            .peekable();
        if after.peek().is_some() && !after.any(|other| at_most(other, hardened, process, written))
        {
            worse.push(format!(
                "no {} is as harmless as UID {} was",
                process.name, process.uid
            ));
        }
    }
    worse
}

/// Whether a process may do no more than another one. A root that is nobody on the node is not root.
fn at_most(one: &Process, of: &Inside, other: &Process, of_other: &Inside) -> bool {
    let root = |process: &Process, inside: &Inside| process.uid == 0 && !inside.mapped;
    let held = |process: &Process, inside: &Inside| match inside.mapped {
        true => 0,
        false => u64::from_str_radix(&process.capabilities, 16).unwrap_or_default(),
    };
    (!root(one, of) || root(other, of_other)) && held(one, of) & !held(other, of_other) == 0
}
