//! One page that can be forwarded: it holds all it needs, asks no network, and is refused any by its own policy.
//!
//! The heat map is in the page itself; the table of workloads is drawn by its script, out of JSON, and only ever as text.

use std::collections::HashMap;
use std::fmt::Write;

use serde_json::{Value, json};

use super::super::{Cell, Entry, Namespace, Report};
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

pub(super) fn render(report: &Report) -> String {
    let (mut workloads, mut pods, mut open) = (0, 0, 0);
    for one in &report.namespaces {
        workloads += one.workloads;
        pods += one.pods;
        open += one.open;
    }
    let profile = match &report.profile {
        Some(profile) => format!("by the profile {profile}"),
        None => "by the profile of each namespace".to_owned(),
    };
    let parts = [
        ("{{style}}", STYLE.to_owned()),
        ("{{script}}", SCRIPT.to_owned()),
        ("{{open}}", open.to_string()),
        ("{{pods}}", pods.to_string()),
        ("{{workloads}}", workloads.to_string()),
        ("{{cpu}}", escape(&report.added().cpu())),
        ("{{memory}}", escape(&report.added().memory())),
        ("{{profile}}", escape(&profile)),
        (
            "{{configuration}}",
            escape(&format!("{} ({})", report.configuration, report.version)),
        ),
        ("{{heat}}", heat(report)),
        ("{{findings}}", findings(report)),
        ("{{data}}", data(report)),
    ];
    // Piece by piece, so that nothing out of the cluster is taken for a place to fill.
    let mut page = String::new();
    let mut rest = PAGE;
    while let Some(at) = rest.find("{{") {
        let (before, from) = rest.split_at(at);
        page.push_str(before);
        let part = parts.iter().find(|(name, _)| from.starts_with(name));
        let (name, text) = part.map_or(("{{", "{{"), |(name, text)| (*name, text.as_str()));
        page.push_str(text);
        rest = from.strip_prefix(name).unwrap_or_default();
    }
    page.push_str(rest);
    page
}

/// The practices by namespace.
fn heat(report: &Report) -> String {
    let mut text =
        String::from("<thead><tr><th scope=\"col\">namespace</th><th scope=\"col\">label</th>");
    for (number, name) in (1..).zip(NAMES) {
        let _ = write!(
            text,
            "<th scope=\"col\"><abbr title=\"{name}\">{number}</abbr> <small>{name}</small></th>"
        );
    }
    text.push_str("</tr></thead><tbody>");
    let shown = report.namespaces.iter().filter(|one| one.workloads > 0);
    for namespace in shown {
        let name = escape(&namespace.name);
        let _ = write!(
            text,
            "<tr><th scope=\"row\"><a href=\"#ns={name}\">{name}</a></th><td>{}</td>",
            escape(&namespace.standing.said())
        );
        for practice in 1..=NAMES.len() {
            text.push_str(&square(namespace, practice));
        }
        text.push_str("</tr>");
    }
    text.push_str("</tbody>");
    text
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

fn findings(report: &Report) -> String {
    let mut text = String::new();
    for found in report.findings() {
        let _ = write!(
            text,
            "<li class=\"s-{severity}\"><b>{severity}</b> {}: {}<br><small>{}</small></li>",
            escape(&found.object),
            escape(&found.what),
            escape(&found.remedy),
            severity = found.severity.as_str(),
        );
    }
    text
}

/// The workloads as JSON inside of a script element, in which nothing can end the element. Equal fields are there once.
fn data(report: &Report) -> String {
    let mut said: Vec<Value> = Vec::new();
    let mut known: HashMap<&[Entry], usize> = HashMap::new();
    let workloads: Vec<Value> = report
        .workloads
        .iter()
        .map(|one| {
            let at = *known.entry(&one.entries).or_insert_with(|| {
                said.push(one.entries.iter().map(entry).collect());
                said.len() - 1
            });
            let cells: Vec<&str> = one.practices.iter().map(|cell| cell.as_str()).collect();
            json!([
                &*one.namespace,
                &*one.kind,
                one.name,
                one.pods,
                one.open,
                one.by.as_str(),
                &*one.profile,
                cells,
                at,
                one.first,
            ])
        })
        .collect();
    let why: serde_json::Map<String, Value> = RULES
        .iter()
        .map(|rule| (rule.id.to_owned(), json!(rule.why)))
        .collect();
    let json =
        json!({"workloads": workloads, "said": said, "why": why, "practices": NAMES}).to_string();
    json.replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
}

fn entry(entry: &Entry) -> Value {
    json!([
        entry.rule,
        entry.container,
        entry.state.as_str(),
        entry.field,
        entry.value,
        entry.why,
        entry.idle
    ])
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
