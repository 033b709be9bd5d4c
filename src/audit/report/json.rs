//! Everything, for programs: docs/audit.md says what each field is.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::super::{Added, Cell, Entry, Namespace, OverrideUse, Report, Workload};
use super::list;
use crate::finding::Finding;

/// The version of the format: what is there stays as it is, and more may come.
const VERSION: u32 = 1;

pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "{{\"capacity\":{}", capacity(report))?;
    let configuration = json!({"from": report.configuration, "version": report.version});
    write!(out, ",\"configuration\":{configuration},\"findings\":")?;
    list(out, report.findings().map(|found| found.map(sorted)))?;
    out.write_all(b",\"namespaces\":")?;
    list(out, report.namespaces.iter().map(|one| Ok(namespace(one))))?;
    out.write_all(b",\"overrides\":")?;
    list(out, report.overrides.iter().map(|one| Ok(used(one))))?;
    write!(out, ",\"profile\":{},\"unseen\":", json!(report.profile))?;
    let unseen = report.unseen.iter();
    list(
        out,
        unseen.map(|one| Ok(json!({"what": one.what, "why": one.why}))),
    )?;
    write!(out, ",\"version\":{VERSION},\"workloads\":")?;
    let told = |one: Workload| Ok(workload(&one, &report.workloads.said(&one)?));
    list(out, report.workloads.iter().map(|one| one.and_then(told)))?;
    out.write_all(b"}\n")
}

fn capacity(report: &Report) -> Value {
    let amounts = |amount: Added| json!({"cpu": amount.cpu(), "memory": amount.memory()});
    json!({
        "nodes": report.capacity.nodes,
        "allocatable": amounts(report.capacity.allocatable),
        "requested": amounts(report.capacity.requested),
        "added": amounts(report.added()),
    })
}

fn used(used: &OverrideUse) -> Value {
    json!({"line": used.line, "reason": used.reason, "selects": used.selects, "needed": used.needed})
}

fn sorted(found: Finding) -> Value {
    json!({
        "severity": found.severity, "check": found.check, "object": found.object, "what": found.what, "remedy": found.remedy,
    })
}

fn namespace(namespace: &Namespace) -> Value {
    let practices = namespace.practices.iter().enumerate().map(|(at, counts)| {
        let counts = Cell::ALL.iter().zip(counts);
        let counts: serde_json::Map<String, Value> = counts
            .map(|(cell, count)| (cell.as_str().to_owned(), json!(count)))
            .collect();
        ((at + 1).to_string(), Value::Object(counts))
    });
    let quotas = namespace.quotas.iter();
    let quotas =
        quotas.map(|quota| json!({"name": quota.name, "hasRoom": quota.has_room(namespace.added)}));
    json!({
        "name": &*namespace.name,
        "standing": namespace.standing.as_str(),
        "label": namespace.standing.said(),
        "profile": &*namespace.profile,
        "workloads": namespace.workloads,
        "pods": namespace.pods,
        "open": namespace.open,
        "practices": practices.collect::<serde_json::Map<_, _>>(),
        "added": {"cpu": namespace.added.cpu(), "memory": namespace.added.memory()},
        "quotas": quotas.collect::<Vec<_>>(),
    })
}

fn workload(workload: &Workload, entries: &[Entry]) -> Value {
    json!({
        "namespace": workload.namespace,
        "kind": workload.kind,
        "name": workload.name,
        "profile": workload.profile,
        "hardenedBy": workload.by.as_str(),
        "pods": workload.pods,
        "open": workload.open,
        "first": workload.first,
        "hinted": workload.hinted,
        "practices": workload.practices.iter().map(|cell| cell.as_str()).collect::<Vec<_>>(),
        "fields": entries.iter().map(entry).collect::<Vec<_>>(),
    })
}

fn entry(entry: &Entry) -> Value {
    json!({
        "rule": entry.rule, "container": entry.container, "state": entry.state.as_str(), "field": entry.field,
        "value": entry.value, "why": entry.why, "idle": entry.idle,
    })
}
