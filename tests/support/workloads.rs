//! What a run of the matrix found, as it is kept in `docs/workloads.json`.

#![allow(dead_code, reason = "each test program uses its part of this")]

#[path = "workloads/inside.rs"]
mod inside;
#[path = "workloads/json.rs"]
mod json;
#[path = "workloads/page.rs"]
mod page;
#[path = "workloads/profiles.rs"]
mod profiles;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Results {
    /// Versions of what it ran on.
    pub(crate) node: BTreeMap<String, String>,
    /// How long its parts took.
    pub(crate) seconds: BTreeMap<String, u64>,
    /// The columns, in order.
    pub(crate) columns: Vec<Column>,
    /// By the name of their folders.
    pub(crate) workloads: BTreeMap<String, Workload>,
}

/// One way of hardening, or none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Column {
    /// What it is called.
    pub(crate) name: String,
    /// What it is, in a line.
    pub(crate) what: String,
}

/// One workload, in every column.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Workload {
    /// What it is, in a line.
    pub(crate) what: String,
    /// Public images with its habits.
    pub(crate) like: Vec<String>,
    /// The rule whose practice it violates by what it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) forbidden: Option<String>,
    /// Why no setting of a pod can help it under `strict`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) hopeless: Option<String>,
    /// Why it does not run on this runtime, as it is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) impossible: Option<String>,
    /// By column.
    pub(crate) cells: BTreeMap<String, Cell>,
    /// Under `strict` with its override, but for one setting: by that setting.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) without: BTreeMap<String, Cell>,
}

/// One workload in one column.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Cell {
    /// How it failed; nothing where it works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) failure: Option<Failure>,
    /// What was not in force although the pod says so, or was less safe than as written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) wrong: Vec<String>,
    /// What was seen inside while it worked, by container.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) inside: BTreeMap<String, Inside>,
    /// Seconds until it did its job, to a tenth.
    pub(crate) start: f64,
    /// Seconds from SIGTERM to its end, to a tenth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) stop: Option<f64>,
}

/// How a workload failed, and how that shows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Failure {
    /// The phase of its job.
    pub(crate) phase: String,
    /// What its job said.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) said: String,
    /// What the status of the pod says: a reason, with the exit code where there is one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) status: String,
    /// The last warning among its events.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) event: String,
    /// The last line of its log.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) log: String,
}

/// What is in force in a container.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Inside {
    /// Whether its users are others on the node.
    pub(crate) mapped: bool,
    /// Whether its root file system is read-only.
    pub(crate) read_only: bool,
    /// Whether a token of the API is mounted.
    pub(crate) token: bool,
    /// The most memory that it may have, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) memory: Option<u64>,
    /// Its kinds of processes; the first is the one that it began with.
    pub(crate) processes: Vec<Process>,
}

/// A kind of processes in a container.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Process {
    /// What it calls itself.
    pub(crate) name: String,
    /// Its effective user, inside.
    pub(crate) uid: u32,
    /// Its effective group, inside.
    pub(crate) gid: u32,
    /// Its effective capabilities, and those that it can ever get, as in /proc.
    pub(crate) capabilities: String,
    /// Those that it can ever get.
    pub(crate) bounding: String,
    /// Whether it can gain privileges.
    pub(crate) no_new_privileges: bool,
    /// Whether a filter of system calls is in force.
    pub(crate) seccomp: bool,
}

impl Results {
    /// Every cell.
    pub(crate) fn all_cells(&self) -> impl Iterator<Item = &Cell> {
        self.workloads.values().flat_map(|row| row.cells.values())
    }

    /// The cells of a column: works, fails.
    pub(crate) fn count(&self, column: &str) -> (usize, usize) {
        let cells = self
            .workloads
            .values()
            .filter_map(|workload| workload.cells.get(column));
        let (works, fails): (Vec<&Cell>, Vec<&Cell>) =
            cells.partition(|cell| cell.failure.is_none());
        (works.len(), fails.len())
    }

    /// How many work in each column, and which do not, in lines.
    pub(crate) fn summary(&self) -> String {
        let line = |column: &Column| {
            let (works, fails) = self.count(&column.name);
            let failing = self.workloads.iter().filter(|(_, row)| {
                row.cells
                    .get(&column.name)
                    .is_some_and(|cell| cell.failure.is_some())
            });
            let names: Vec<&str> = failing.map(|(name, _)| name.as_str()).collect();
            format!(
                "{:34} {works:3} of {:3} work; not: {}",
                column.name,
                works + fails,
                names.join(" ")
            )
        };
        self.columns.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    /// Cells that are other than in another run: whether they work, and how their failure shows.
    pub(crate) fn differences(&self, other: &Self) -> Vec<String> {
        let shows = |cell: &Cell| match &cell.failure {
            None => "works".to_owned(),
            Some(failure) => format!("{} {}", failure.phase, failure.status),
        };
        let mut lines = Vec::new();
        for (name, row) in &self.workloads {
            let Some(before) = other.workloads.get(name) else {
                continue;
            };
            for (which, cell) in row.all() {
                let (now, before) = (shows(cell), before.cell(which).map(shows));
                if let Some(before) = before.filter(|before| *before != now) {
                    lines.push(format!("{name}/{which}: {now}, not {before}"));
                }
            }
        }
        lines
    }

    /// What was promised and did not hold.
    pub(crate) fn broken_promises(&self) -> Vec<String> {
        let mut broken = Vec::new();
        for (name, row) in &self.workloads {
            for (which, cell) in row.all() {
                let wrong = cell.wrong.iter();
                broken.extend(wrong.map(|wrong| format!("{name}/{which}: {wrong}")));
                let excused = match which {
                    _ if row.is_impossible() => true,
                    "as-written" => false,
                    "compatible" | "compatible-userns" => row.forbidden.is_some(),
                    "strict-overrides" => row.hopeless.is_some(),
                    _ => true,
                };
                if let (Some(failure), false) = (&cell.failure, excused) {
                    let (phase, said) = (&failure.phase, &failure.said);
                    broken.push(format!("{name}/{which}: {phase} {said}"));
                }
            }
            for (setting, cell) in &row.without {
                if cell.failure.is_none() {
                    broken.push(format!("{name} works without {setting} too"));
                }
            }
        }
        broken
    }
}

impl Workload {
    /// Whether it does not run as written, for a reason that is known.
    fn is_impossible(&self) -> bool {
        let written = self.cells.get("as-written");
        self.impossible.is_some() && written.is_some_and(|cell| cell.failure.is_some())
    }

    /// Its cells: by column, and by the setting that its override lacks.
    fn all(&self) -> impl Iterator<Item = (&str, &Cell)> {
        let all = self.cells.iter().chain(&self.without);
        all.map(|(which, cell)| (which.as_str(), cell))
    }

    fn cell(&self, which: &str) -> Option<&Cell> {
        self.cells.get(which).or_else(|| self.without.get(which))
    }
}
