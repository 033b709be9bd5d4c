//! What a run of the matrix found: workload by workload, kept, compared with the last run, and judged.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use crate::node::{self, Node, Runtime};
use crate::workloads::{Results, Workload as Row};

use super::columns::{Column, Depth};
use super::matrix::Findings;
use super::workload::Workload;

/// What was found, workload by workload.
pub(super) fn rows(
    workloads: &[Workload],
    columns: &[Column],
    runtime: Runtime,
    mut found: Findings,
) -> BTreeMap<String, Row> {
    let mut rows = BTreeMap::new();
    for workload in workloads {
        let mut row = Row {
            what: workload.meta.what.clone(),
            like: workload.meta.like.clone(),
            forbidden: workload.meta.forbidden.clone(),
            hopeless: workload.meta.hopeless.clone(),
            impossible: match runtime {
                Runtime::Current => None,
                Runtime::Debian => workload.meta.not_on_older.clone(),
            },
            ..Row::default()
        };
        for column in columns {
            let key = (workload.name.clone(), column.name.clone());
            let Some(mut cell) = found.remove(&key) else {
                continue;
            };
            if column.depth == Depth::Short {
                // It is judged, and the page has it from the profiles.
                cell.inside.clear();
            }
            match column.lacks(workload) {
                Some(setting) => row.without.insert(setting.to_owned(), cell),
                None => row.cells.insert(column.name.clone(), cell),
            };
        }
        rows.insert(workload.name.clone(), row);
    }
    rows
}

/// Keeps a whole run, compares it with the last one, and says whether what is promised holds.
pub(super) fn judge(results: &Results, kept: &str) -> anyhow::Result<ExitCode> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(kept);
    if let Ok(text) = fs::read_to_string(&file) {
        match serde_json::from_str(&text) {
            Ok(last) => results
                .differences(&last)
                .iter()
                .for_each(|line| eprintln!("other than last time: {line}")),
            // This run is kept all the same.
            Err(error) => eprintln!("the last run cannot be read: {}: {error}", file.display()),
        }
    }
    println!("{}", results.summary());
    let whole = ["WORKLOADS", "COLUMNS"]
        .iter()
        .all(|name| std::env::var_os(name).is_none());
    if whole {
        fs::write(&file, results.json()?)?;
        eprintln!("{kept} is written; `make docs` writes the page");
    }
    let broken = results.broken_promises();
    broken.iter().for_each(|line| eprintln!("!!! {line}"));
    Ok(match broken.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// What it ran on.
pub(super) fn versions(node: &Node) -> anyhow::Result<BTreeMap<String, String>> {
    let which = "jsonpath={.status.nodeInfo.kubeletVersion} {.status.nodeInfo.containerRuntimeVersion} {.status.nodeInfo.kernelVersion}";
    let output = node
        .plane()
        .kubectl(&["get", "node", node::NAME, "-o", which])?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let names = ["kubelet", "containerd", "kernel"].map(str::to_owned);
    Ok(names
        .into_iter()
        .zip(said.split(' ').map(str::to_owned))
        .collect())
}
