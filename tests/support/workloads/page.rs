//! `docs/workloads.md`, made of the results of a run.

use std::fmt::Write;

use super::{Cell, Results, Workload};

/// The columns in which a workload was asked for everything.
pub(super) const PROFILES: [&str; 6] = [
    "as-written",
    "compatible",
    "compatible-userns",
    "restricted",
    "strict",
    "strict-overrides",
];

impl Results {
    /// The page; `older` was found on an older runtime.
    pub(crate) fn page(&self, older: Option<&Self>) -> String {
        let mut page = INTRODUCTION.to_owned();
        self.counts(&mut page);
        self.table(&mut page);
        self.smallest(&mut page);
        self.alone(&mut page);
        self.failures(&mut page);
        self.in_force(&mut page);
        self.processes(&mut page);
        self.ends(&mut page);
        run(self, "The run", &mut page);
        if let Some(older) = older {
            self.on_older(older, &mut page);
            run(older, "The run there", &mut page);
        }
        page
    }

    fn counts(&self, page: &mut String) {
        *page += "\n## How many work\n\n| column | what it is | works | of |\n|---|---|---|---|\n";
        for column in &self.columns {
            let (works, fails) = self.count(&column.name);
            let (name, what) = (&column.name, &column.what);
            line(
                page,
                format_args!("| {name} | {what} | {works} | {} |", works + fails),
            );
        }
    }

    fn table(&self, page: &mut String) {
        *page += "\n## Under the profiles\n\n";
        *page += "A cell that does not work names the phase of the job that failed, and what the pod's status says of it.\n\n";
        line(
            page,
            format_args!("| workload | like | {} |", PROFILES.join(" | ")),
        );
        line(
            page,
            format_args!("|---|---|{}", "---|".repeat(PROFILES.len())),
        );
        for (name, workload) in &self.workloads {
            let cells = PROFILES.map(|column| match workload.cells.get(column) {
                None => String::new(),
                Some(cell) => verdict(cell),
            });
            let like = workload.like.first().map_or("", String::as_str);
            line(
                page,
                format_args!("| {name} | {like} | {} |", cells.join(" | ")),
            );
        }
        *page += "\n";
        for (name, workload) in &self.workloads {
            if let Some(rule) = &workload.forbidden {
                line(
                    page,
                    format_args!(
                        "- {name} does the very thing that `{rule}` forbids: {}.",
                        workload.what
                    ),
                );
            }
            if let Some(why) = &workload.hopeless {
                line(
                    page,
                    format_args!("- {name}: no setting of a pod helps it under `strict`: {why}."),
                );
            }
        }
    }

    fn smallest(&self, page: &mut String) {
        *page += "\n## The smallest override\n\nEach setting of each entry of `examples/overrides.toml` that was run, and what the workload does under `strict` with the entry but without it.\n\n| workload | setting | without it | last line of its log, or what its job says |\n|---|---|---|---|\n";
        for (name, workload) in &self.workloads {
            for (setting, cell) in &workload.without {
                let failure = cell.failure.clone().unwrap_or_default();
                let shows = match failure.log.is_empty() || failure.status == "Running" {
                    true => quoted(&failure.said),
                    false => quoted(&failure.log),
                };
                let (setting, verdict) = (quoted(setting), verdict(cell));
                line(
                    page,
                    format_args!("| {name} | {setting} | {verdict} | {shows} |"),
                );
            }
        }
    }

    fn alone(&self, page: &mut String) {
        *page += "\n## Each rule alone\n\n| rule | works | does not work |\n|---|---|---|\n";
        for column in &self.columns {
            let Some(rule) = column.name.strip_prefix("only-") else {
                continue;
            };
            let fails = self
                .cells(&column.name)
                .filter(|(_, cell)| cell.failure.is_some());
            let fails: Vec<String> = fails
                .map(|(name, cell)| format!("{name} ({})", verdict(cell)))
                .collect();
            let (works, _) = self.count(&column.name);
            line(
                page,
                format_args!("| {rule} | {works} | {} |", fails.join(", ")),
            );
        }
    }

    fn failures(&self, page: &mut String) {
        *page += "\n## How a failure shows\n\n| workload | column | phase | its job says | status | last warning | last line of its log |\n|---|---|---|---|---|---|---|\n";
        for (name, workload) in &self.workloads {
            for column in PROFILES {
                let failure = workload
                    .cells
                    .get(column)
                    .and_then(|cell| cell.failure.as_ref());
                if let Some(how) = failure {
                    let said =
                        [&how.said, &how.status, &how.event, &how.log].map(|text| quoted(text));
                    line(
                        page,
                        format_args!(
                            "| {name} | {column} | {} | {} |",
                            how.phase,
                            said.join(" | ")
                        ),
                    );
                }
            }
        }
    }

    fn ends(&self, page: &mut String) {
        *page += "\n## How long the end takes\n\nSeconds from SIGTERM until its first process is gone; 30 is how long Kubernetes waits before it kills.\n\n";
        line(
            page,
            format_args!("| workload | {} |", PROFILES.join(" | ")),
        );
        line(page, format_args!("|---|{}", "---|".repeat(PROFILES.len())));
        for (name, workload) in &self.workloads {
            let stop = |column: &str| workload.cells.get(column).and_then(|cell| cell.stop);
            if PROFILES.iter().all(|column| stop(column).is_none()) {
                continue;
            }
            let cells = PROFILES.map(|column| {
                stop(column).map_or(String::new(), |seconds| format!("{seconds:.1}"))
            });
            line(page, format_args!("| {name} | {} |", cells.join(" | ")));
        }
    }

    fn on_older(&self, older: &Self, page: &mut String) {
        *page += "\n## On an older runtime\n\nDebian 12's containerd and runc know no user namespaces, so that none is set, and let only root listen on low ports.\n\n";
        for column in &older.columns {
            let (works, fails) = older.count(&column.name);
            let (name, all) = (&column.name, works + fails);
            let (there, _) = self.count(name);
            line(
                page,
                format_args!("- {name}: {works} of {all} work ({there} on the other)."),
            );
        }
        let mapped = older.all_cells();
        let mapped = mapped.filter(|cell| cell.inside.values().any(|inside| inside.mapped));
        line(
            page,
            format_args!("- With a user namespace: {}.", mapped.count()),
        );
        for (name, row) in &older.workloads {
            if let Some(why) = &row.impossible {
                line(
                    page,
                    format_args!("- {name} does not run there as it is written either: it {why}."),
                );
            }
        }
        let other = older.differences(self);
        if !other.is_empty() {
            *page += "\nWhat is other there:\n\n";
            other
                .iter()
                .for_each(|other| line(page, format_args!("- {other}")));
        }
    }

    fn cells<'r>(&'r self, column: &'r str) -> impl Iterator<Item = (&'r str, &'r Cell)> {
        let cell = move |(name, row): (&'r String, &'r Workload)| {
            Some((name.as_str(), row.cells.get(column)?))
        };
        self.workloads.iter().filter_map(cell)
    }
}

fn run(results: &Results, title: &str, page: &mut String) {
    line(page, format_args!("\n## {title}\n\n| | |\n|---|---|"));
    for (what, value) in &results.node {
        line(page, format_args!("| {what} | {value} |"));
    }
    for (what, seconds) in &results.seconds {
        line(page, format_args!("| {what} | {seconds} s |"));
    }
}

const INTRODUCTION: &str = "# Hardened workloads on a real node

`make workloads` runs each workload of `tests/node/workloads` on a kubelet with containerd and runc: as its author wrote it, under each
profile, and under each rule alone. It is made of Debian's packages with the habits of the public images that it is like. It
works where it does its job at the level of its protocol, still does so three seconds later, and was not started again
meanwhile; under the profiles also while 200 MB are written to its `/tmp`, under load for 30 seconds, after a reload, and after its
process was killed. What is in force is looked at in every container: users, capabilities, the filter of system calls, whether `/`
is mounted read-only, the token, the limit of memory. The run writes `docs/workloads.json`, and with `NODE_RUNTIME=debian`
`docs/workloads-debian.json`; `make docs` makes this page of both.
";

/// In a word or two.
pub(super) fn verdict(cell: &Cell) -> String {
    match &cell.failure {
        None => "ok".to_owned(),
        Some(how) => format!("**{}**: {}", how.phase, how.status),
    }
}

/// As a cell of a table.
fn quoted(text: &str) -> String {
    match text.is_empty() {
        true => String::new(),
        false => format!("`{}`", text.replace('`', "'").replace('|', "\\|")),
    }
}

pub(super) fn line(page: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string does not fail.
    let _ = writeln!(page, "{text}");
}
