//! The parts of `docs/workloads.md` on what was seen inside of containers.

use super::page::{PROFILES, line};
use super::{Inside, Process, Results, Workload};

/// The position of NET_RAW in a set of capabilities.
const NET_RAW: u64 = 1 << 13;

/// What is counted: a title, and whether it holds of a container.
type Fact = (&'static str, fn(&Inside) -> bool);

const FACTS: [Fact; 8] = [
    ("no new privileges", |inside| {
        all(inside, |one| one.no_new_privileges)
    }),
    ("filter of system calls", |inside| {
        all(inside, |one| one.seccomp)
    }),
    ("no NET_RAW ever", |inside| {
        all(inside, |one| bits(&one.bounding) & NET_RAW == 0)
    }),
    ("no root of the node", |inside| {
        inside.mapped || all(inside, |one| one.uid != 0)
    }),
    ("`/` read-only", |inside| inside.read_only),
    ("no token", |inside| !inside.token),
    ("limit of memory", |inside| inside.memory.is_some()),
    ("user namespace", |inside| inside.mapped),
];

impl Results {
    /// In how many containers each fact holds.
    pub(super) fn in_force(&self, page: &mut String) {
        *page += "\n## What is in force\n\nIn how many of the containers that were looked at while their workload worked; what a pod says of itself is in force in \
                  each of them, or the run has failed. `/` is read-only where it is mounted so; that nothing can be written to it then is tried by the witness of \
                  `tests/node/witness.rs`.\n\n";
        let titles: Vec<&str> = FACTS.iter().map(|(title, _)| *title).collect();
        line(
            page,
            format_args!("| column | containers | {} |", titles.join(" | ")),
        );
        line(
            page,
            format_args!("|---|---|{}", "---|".repeat(FACTS.len())),
        );
        for column in PROFILES {
            let cells = self
                .workloads
                .values()
                .filter_map(|row| row.cells.get(column));
            let inside: Vec<&Inside> = cells.flat_map(|cell| cell.inside.values()).collect();
            let counts = FACTS.map(|(_, holds)| {
                let holds = inside.iter().filter(|inside| holds(inside));
                holds.count().to_string()
            });
            let all = inside.len();
            line(
                page,
                format_args!("| {column} | {all} | {} |", counts.join(" | ")),
            );
        }
    }

    /// The processes of each workload.
    pub(super) fn processes(&self, page: &mut String) {
        *page += "\n## Processes, as written and hardened\n\nThe users inside, by container, and how many capabilities are effective; *mapped*: another user, and no \
                  capability, to the node.\n\n";
        line(
            page,
            format_args!("| workload | {} |", PROFILES.join(" | ")),
        );
        line(page, format_args!("|---|{}", "---|".repeat(PROFILES.len())));
        for (name, workload) in &self.workloads {
            let cells = PROFILES.map(|column| seen(workload, column));
            line(page, format_args!("| {name} | {} |", cells.join(" | ")));
        }
    }
}

fn all(inside: &Inside, holds: fn(&Process) -> bool) -> bool {
    inside.processes.iter().all(holds)
}

fn seen(workload: &Workload, column: &str) -> String {
    let inside = workload.cells.get(column).map(|cell| &cell.inside);
    let containers = inside.into_iter().flat_map(|inside| inside.values());
    let containers = containers.map(|inside| {
        let mut kinds: Vec<String> = inside.processes.iter().map(kind).collect();
        kinds.dedup();
        let mapped = if inside.mapped { ", *mapped*" } else { "" };
        format!("{}{mapped}", kinds.join(", "))
    });
    containers.collect::<Vec<_>>().join("; ")
}

fn kind(process: &Process) -> String {
    let held = bits(&process.capabilities).count_ones();
    format!("{} {} ({held})", process.name, process.uid)
}

/// A set of capabilities as /proc writes it.
fn bits(text: &str) -> u64 {
    u64::from_str_radix(text, 16).unwrap_or_default()
}
