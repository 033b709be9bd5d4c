//! Everything, for programs: docs/audit.md says what each field is.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::super::{Cell, Entry, Namespace, Report, Workload};

/// The version of the format: what is there stays as it is, and more may come.
const VERSION: u32 = 1;

pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let head = head(report).to_string();
    let head = head.strip_suffix('}').unwrap_or(&head);
    write!(out, "{head},\"workloads\":[")?;
    for (at, one) in report.workloads.iter().enumerate() {
        let comma = if at > 0 { "," } else { "" };
        write!(out, "{comma}{}", workload(one))?;
    }
    out.write_all(b"]}\n")
}

/// The report but for its workloads.
fn head(report: &Report) -> Value {
    let (has, asked, added) = (
        report.capacity.allocatable,
        report.capacity.requested,
        report.added(),
    );
    let amounts =
        |amount: super::super::Added| json!({"cpu": amount.cpu(), "memory": amount.memory()});
    json!({
        "version": VERSION,
        "configuration": {"from": report.configuration, "version": report.version},
        "profile": report.profile,
        "namespaces": report.namespaces.iter().map(namespace).collect::<Vec<_>>(),
        "overrides": report.overrides.iter().map(|used| json!({
            "line": used.line, "reason": used.reason, "selects": used.selects, "needed": used.needed,
        })).collect::<Vec<_>>(),
        "capacity": {
            "nodes": report.capacity.nodes, "allocatable": amounts(has), "requested": amounts(asked), "added": amounts(added),
        },
        "findings": report.findings(),
        "unseen": report.unseen.iter().map(|one| json!({"what": one.what, "why": one.why})).collect::<Vec<_>>(),
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

fn workload(workload: &Workload) -> Value {
    json!({
        "namespace": &*workload.namespace,
        "kind": &*workload.kind,
        "name": workload.name,
        "profile": &*workload.profile,
        "hardenedBy": workload.by.as_str(),
        "pods": workload.pods,
        "open": workload.open,
        "first": workload.first,
        "hinted": workload.hinted,
        "practices": workload.practices.iter().map(|cell| cell.as_str()).collect::<Vec<_>>(),
        "fields": workload.entries.iter().map(entry).collect::<Vec<_>>(),
    })
}

fn entry(entry: &Entry) -> Value {
    json!({
        "rule": entry.rule, "container": entry.container, "state": entry.state.as_str(), "field": entry.field,
        "value": entry.value, "why": entry.why, "idle": entry.idle,
    })
}
