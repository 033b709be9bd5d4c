//! For a terminal: first what it comes to, by namespace, then what to do, then each workload.

use std::fmt::Write;

use super::super::{Entry, Report, State, Workload};

pub(super) fn render(report: &Report) -> String {
    let mut text = String::new();
    summary(&mut text, report);
    findings(&mut text, report);
    workloads(&mut text, report);
    text
}

/// A table of the namespaces that have something in them.
fn summary(text: &mut String, report: &Report) {
    let head = [
        "NAMESPACE",
        "LABEL",
        "LOOKED AT BY",
        "WORKLOADS",
        "PODS",
        "OPEN",
        "CPU",
        "MEMORY",
    ];
    let mut rows = vec![head.map(str::to_owned)];
    let mut empty = 0;
    for one in &report.namespaces {
        if one.workloads == 0 && one.pods == 0 {
            empty += 1;
            continue;
        }
        rows.push([
            one.name.to_string(),
            one.standing.said(),
            one.profile.to_string(),
            one.workloads.to_string(),
            one.pods.to_string(),
            one.open.to_string(),
            format!("+{}", one.added.cpu()),
            format!("+{}", one.added.memory()),
        ]);
    }
    let mut widths = [0; 8];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    for row in &rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            let _ = write!(line, "{cell:width$}  ");
        }
        let _ = writeln!(text, "{}", line.trim_end());
    }
    let (workloads, pods, open) = report.namespaces.iter().fold((0, 0, 0), |sum, one| {
        (sum.0 + one.workloads, sum.1 + one.pods, sum.2 + one.open)
    });
    let added = report.added();
    let _ = writeln!(
        text,
        "\n{open} of {pods} pods of {workloads} workloads are open; {empty} namespaces have none. To close them would request {} CPU and {} memory more.\n",
        added.cpu(),
        added.memory()
    );
}

fn findings(text: &mut String, report: &Report) {
    for found in report.findings() {
        let _ = writeln!(
            text,
            "{}[{}]: {}: {}\n  = help: {}\n",
            found.severity.as_str(),
            found.check,
            found.object,
            found.what,
            found.remedy
        );
    }
}

fn workloads(text: &mut String, report: &Report) {
    for workload in &report.workloads {
        if workload.entries.is_empty() {
            continue;
        }
        one(text, workload);
    }
}

fn one(text: &mut String, workload: &Workload) {
    let _ = writeln!(
        text,
        "{}: {} pods, {} open, by `{}`",
        workload.object(),
        workload.pods,
        workload.open,
        workload.profile
    );
    for entry in workload.entries.iter() {
        let _ = writeln!(text, "  {}", line(entry));
    }
    text.push('\n');
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
