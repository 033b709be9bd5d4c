//! What is in force inside a container, seen from the node: by /proc and control groups, so that the image needs no tools.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, bail};

use crate::workloads::{Inside, Process};

/// Where the service account's token is mounted.
const TOKEN: &str = "/secrets/kubernetes.io/serviceaccount";

/// What is in force in the container that began with a process.
pub(super) fn look(first: u32) -> anyhow::Result<Inside> {
    let map = proc(first, "uid_map")?;
    if proc(first, "comm")?.starts_with("runc") {
        bail!("its program is not there yet");
    }
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
    bail!("process {pid} has no control group for its memory")
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
