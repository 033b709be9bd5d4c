//! Tables, for a ticket or the summary of a job.

use std::io::{self, Write};

use super::super::Report;
use super::text::line;

pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let added = report.added();
    writeln!(
        out,
        "# What is open in the cluster\n\nTo close it would request {} CPU and {} memory more.\n\n\
         | namespace | label | looked at by | workloads | pods | open |\n|---|---|---|---:|---:|---:|",
        added.cpu(),
        added.memory()
    )?;
    for one in report.namespaces.iter().filter(|one| one.workloads > 0) {
        writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} |",
            cell(&one.name),
            cell(&one.standing.said()),
            cell(&one.profile),
            one.workloads,
            one.pods,
            one.open
        )?;
    }
    out.write_all(b"\n## What to do\n\n")?;
    for found in report.findings() {
        let found = found?;
        writeln!(
            out,
            "- **{}** {}: {}. {}",
            found.severity.as_str(),
            cell(&found.object),
            cell(&found.what),
            cell(&found.remedy)
        )?;
    }
    out.write_all(b"\n## Workloads\n\n| workload | pods | open | what there is to say |\n|---|---:|---:|---|\n")?;
    for one in report.workloads.iter() {
        let one = one?;
        let said = report.workloads.said(&one)?;
        let said: Vec<String> = said.iter().map(|entry| cell(&line(entry))).collect();
        if !said.is_empty() {
            writeln!(
                out,
                "| {} | {} | {} | {} |",
                cell(&one.object()),
                one.pods,
                one.open,
                said.join("<br>")
            )?;
        }
    }
    Ok(())
}

/// What comes from the cluster cannot end its cell, nor be markup, nor mention or link anything.
fn cell(text: &str) -> String {
    let mut cell = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => cell.push_str("&amp;"),
            '<' => cell.push_str("&lt;"),
            '>' => cell.push_str("&gt;"),
            '@' => cell.push_str("&#64;"),
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '!' | '~' | '#' => {
                cell.push('\\');
                cell.push(c);
            }
            // A bare address would become a link.
            ':' => cell.push_str("&#58;"),
            _ => cell.push(c),
        }
    }
    cell
}
