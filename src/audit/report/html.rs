//! One page that can be forwarded: it holds all it needs, asks no network, and is refused any by its own policy.
//!
//! The heat map is in the page itself; the table of workloads is drawn by its script, out of JSON, and only ever as text.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};

use serde::Serialize;
use serde_json::json;

use super::super::said::KNOWN;
use super::super::spool::Place;
use super::super::{Cell, Entry, Namespace, Report, Workload};
use super::list;
use crate::rules::RULES;

const PAGE: &str = include_str!("html/page.html");
const STYLE: &str = include_str!("html/page.css");
const SCRIPT: &str = include_str!("html/page.js");

/// What the practices are called, in their order.
const NAMES: [&str; 10] = [
    "all of them",
    "no privilege escalation",
    "a user of its own",
    "CPU",
    "no token",
    "seccomp",
    "probes",
    "memory",
    "capabilities",
    "read-only root",
];

pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    // Piece by piece, so that nothing out of the cluster is taken for a place to fill.
    let mut rest = PAGE;
    while let Some((before, from)) = rest.split_once("{{") {
        out.write_all(before.as_bytes())?;
        let (name, after) = from.split_once("}}").unwrap_or((from, ""));
        part(name, report, out)?;
        rest = after;
    }
    out.write_all(rest.as_bytes())
}

/// What stands in the page's place of this name.
fn part(name: &str, report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let sum = |of: fn(&Namespace) -> usize| report.namespaces.iter().map(of).sum::<usize>();
    match name {
        "style" => out.write_all(STYLE.as_bytes()),
        "script" => out.write_all(SCRIPT.as_bytes()),
        "open" => write!(out, "{}", sum(|one| one.open)),
        "pods" => write!(out, "{}", sum(|one| one.pods)),
        "workloads" => write!(out, "{}", sum(|one| one.workloads)),
        "cpu" => write!(out, "{}", escape(&report.added().cpu())),
        "memory" => write!(out, "{}", escape(&report.added().memory())),
        "profile" => match &report.profile {
            Some(profile) => write!(out, "by the profile {}", escape(profile)),
            None => write!(out, "by the profile of each namespace"),
        },
        "configuration" => {
            let from = escape(&report.configuration);
            write!(out, "{from} ({})", escape(&report.version))
        }
        "heat" => heat(report, out),
        "findings" => findings(report, out),
        "data" => data(report, &mut InScript(out)),
        // The page is ours, and a test reads it: there is no other place.
        other => write!(out, "{{{{{other}}}}}"),
    }
}

/// The practices by namespace.
fn heat(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    write!(
        out,
        "<thead><tr><th scope=\"col\">namespace</th><th scope=\"col\">label</th>"
    )?;
    for (number, name) in (1..).zip(NAMES) {
        write!(
            out,
            "<th scope=\"col\"><abbr title=\"{name}\">{number}</abbr> <small>{name}</small></th>"
        )?;
    }
    write!(out, "</tr></thead><tbody>")?;
    let shown = report.namespaces.iter().filter(|one| one.workloads > 0);
    for namespace in shown {
        let name = escape(&namespace.name);
        write!(
            out,
            "<tr><th scope=\"row\"><a href=\"#ns={name}\">{name}</a></th><td>{}</td>",
            escape(&namespace.standing.said())
        )?;
        for practice in 1..=NAMES.len() {
            out.write_all(square(namespace, practice).as_bytes())?;
        }
        write!(out, "</tr>")?;
    }
    write!(out, "</tbody>")
}

/// How it stands with one practice: the share that meets it, and what of the rest is worst, in words too.
fn square(namespace: &Namespace, practice: usize) -> String {
    let counts = namespace.practice(practice);
    let all: usize = counts.iter().sum();
    let with = |cell: Cell| {
        let mut counts = Cell::ALL.iter().zip(counts);
        counts
            .find(|(other, _)| **other == cell)
            .map_or(0, |(_, count)| count)
    };
    let worst = Cell::ALL.into_iter().rev().find(|cell| with(*cell) > 0);
    let said: Vec<String> = Cell::ALL
        .into_iter()
        .filter(|cell| with(*cell) > 0)
        .map(|cell| format!("{} {}", with(cell), cell.as_str()))
        .collect();
    let share = (with(Cell::Met) * 100).checked_div(all).unwrap_or(100);
    format!(
        "<td class=\"c-{}\"><a href=\"#ns={}&amp;practice={practice}\" title=\"{}\">{share}%</a></td>",
        worst.unwrap_or_default().as_str(),
        escape(&namespace.name),
        said.join(", ")
    )
}

fn findings(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    for found in report.findings() {
        let found = found?;
        write!(
            out,
            "<li class=\"s-{severity}\"><b>{severity}</b> {}: {}<br><small>{}</small></li>",
            escape(&found.object),
            escape(&found.what),
            escape(&found.remedy),
            severity = found.severity.as_str(),
        )?;
    }
    Ok(())
}

/// What the page's script draws. What is said of many workloads alike is there once.
fn data(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let why: BTreeMap<&str, &str> = RULES.iter().map(|rule| (rule.id, rule.why)).collect();
    write!(out, "{{\"practices\":{},\"said\":", json!(NAMES))?;
    let mut numbers = Numbers::default();
    let first = report.workloads.iter().filter_map(|one| {
        let said = one.and_then(|one| match numbers.of(one.said.place) {
            (_, false) => Ok(None),
            (_, true) => report.workloads.said(&one).map(Some),
        });
        said.transpose()
    });
    list(
        out,
        first.map(|said| Ok(said?.into_iter().map(entry).collect::<Vec<_>>())),
    )?;
    write!(out, ",\"why\":{},\"workloads\":", json!(why))?;
    // The same workloads in the same order have the same numbers.
    let mut numbers = Numbers::default();
    let rows = report.workloads.iter().map(|one| {
        let one = one?;
        let (said, _) = numbers.of(one.said.place);
        Ok(row(one, said))
    });
    list(out, rows)?;
    out.write_all(b"}")
}

/// The position of what is said among all that is said, as the page has it.
#[derive(Default)]
struct Numbers {
    known: HashMap<Option<Place>, usize>,
    next: usize,
}

impl Numbers {
    /// The position, and whether it is new. Those that were new long ago are new again, so that there are never too many to know.
    fn of(&mut self, place: Option<Place>) -> (usize, bool) {
        if let Some(number) = self.known.get(&place) {
            return (*number, false);
        }
        if self.known.len() >= KNOWN {
            self.known.clear();
        }
        let number = self.next;
        self.known.insert(place, number);
        self.next += 1;
        (number, true)
    }
}

/// A workload, and the position of what is said of it.
fn row(one: Workload, said: usize) -> impl Serialize {
    (
        one.namespace,
        one.kind,
        one.name,
        one.pods,
        one.open,
        one.by.as_str(),
        one.profile,
        one.practices.map(Cell::as_str),
        said,
        one.first,
    )
}

fn entry(entry: Entry) -> impl Serialize {
    (
        entry.rule,
        entry.container,
        entry.state.as_str(),
        entry.field,
        entry.value,
        entry.why,
        entry.idle,
    )
}

/// JSON inside of a script element, in which nothing can end the element: of these characters there are none outside of texts.
struct InScript<'w>(&'w mut dyn Write);

impl Write for InScript<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for part in bytes.split_inclusive(|byte| b"<>&".contains(byte)) {
            match part.split_last() {
                Some((last @ (b'<' | b'>' | b'&'), before)) => {
                    self.0.write_all(before)?;
                    write!(self.0, "\\u{last:04x}")?;
                }
                _ => self.0.write_all(part)?,
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// A text inside of an element or of a quoted attribute.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_of_the_page_is_filled() -> io::Result<()> {
        let mut page = Vec::new();
        write(&Report::default(), &mut page)?;
        let page = String::from_utf8_lossy(&page);
        assert!(page.contains("</html>"));
        assert!(!page.contains("{{"), "{page}");
        Ok(())
    }
}
