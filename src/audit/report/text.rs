//! For a terminal: first what it comes to, by namespace, then what to do, then each workload.

use std::io::{self, Write};

use super::super::{Entry, Namespace, Report, State, Workload};

/// What the columns of the namespaces are called.
const HEAD: [&str; 8] = [
    "NAMESPACE",
    "LABEL",
    "LOOKED AT BY",
    "WORKLOADS",
    "PODS",
    "OPEN",
    "CPU",
    "MEMORY",
];

pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    summary(out, report)?;
    findings(out, report)?;
    workloads(out, report)
}

/// A table of the namespaces that have something in them.
fn summary(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    let shown = |one: &&Namespace| one.workloads > 0 || one.pods > 0;
    let shown = report.namespaces.iter().filter(shown);
    let empty = report.namespaces.len() - shown.clone().count();
    let rows = || std::iter::once(HEAD.map(str::to_owned)).chain(shown.clone().map(row));
    let mut widths = [0; HEAD.len()];
    for row in rows() {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    for row in rows() {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            line += &format!("{cell:width$}  ");
        }
        writeln!(out, "{}", line.trim_end())?;
    }
    let (workloads, pods, open) = report.namespaces.iter().fold((0, 0, 0), |sum, one| {
        (sum.0 + one.workloads, sum.1 + one.pods, sum.2 + one.open)
    });
    let added = report.added();
    writeln!(
        out,
        "\n{open} of {pods} pods of {workloads} workloads are open; {empty} namespaces have none. To close them would request {} CPU and {} memory more.\n",
        added.cpu(),
        added.memory()
    )
}

fn row(one: &Namespace) -> [String; HEAD.len()] {
    [
        one.name.to_string(),
        one.standing.said(),
        one.profile.to_string(),
        one.workloads.to_string(),
        one.pods.to_string(),
        one.open.to_string(),
        format!("+{}", one.added.cpu()),
        format!("+{}", one.added.memory()),
    ]
}

fn findings(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    for found in report.findings() {
        writeln!(out, "{}\n", found?)?;
    }
    Ok(())
}

fn workloads(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    for workload in report.workloads.iter() {
        let workload = workload?;
        let entries = report.workloads.said(&workload)?;
        if !entries.is_empty() {
            one(out, &workload, &entries)?;
        }
    }
    Ok(())
}

fn one(out: &mut dyn Write, workload: &Workload, entries: &[Entry]) -> io::Result<()> {
    writeln!(
        out,
        "{}: {}, {} open, by `{}`",
        workload.object(),
        pods(workload.pods),
        workload.open,
        workload.profile
    )?;
    for entry in entries {
        writeln!(out, "  {}", line(entry))?;
    }
    writeln!(out)
}

/// `1 pod`, `2 pods`.
fn pods(count: usize) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} pod{plural}")
}

/// `+ web: securityContext.runAsUser: 10001 (run-as-high-uid)`.
pub(in super::super) fn line(entry: &Entry) -> String {
    let Entry {
        rule,
        state,
        field,
        value,
        why,
        ..
    } = entry;
    let place = match entry.container.as_str() {
        "" => "(pod)",
        name => name,
    };
    let idle = if entry.idle {
        ", and without it the rule would leave all as it is"
    } else {
        ""
    };
    match state {
        State::Missing => format!("+ {place}: {field}: {value} ({rule})"),
        State::Superfluous => format!("- {place}: {field} {value} ({rule})"),
        State::Unsafe => format!("! {place}: {field}: {value}, as written ({rule})"),
        State::SteppedBack => format!("~ {place}: {rule} steps back: {why}"),
        State::Excepted => format!("~ {place}: {rule}: excepted, {value}: {why}{idle}"),
        State::Met => format!("= {place}: {field}: {value} ({rule})"),
    }
}
