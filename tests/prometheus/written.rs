//! What alerts and dashboard say agrees with the pages about them.

use std::collections::BTreeSet;

use libtest_mimic::Failed;
use serde_json::Value;

use crate::shipped::{self, alerts, queries, string, text};

/// Where an alert leads.
const PAGE: &str = "https://github.com/pod-hardener/pod-hardener/blob/main/docs/operations.md";

/// Each alert has its words and its section, which says all three things; each section of one has its alert.
pub(super) fn sections() -> Result<(), Failed> {
    let page = text("docs/operations.md")?;
    let mut sections = BTreeSet::new();
    for section in page.split("\n### ").skip(1) {
        let section = section.split("\n## ").next().unwrap_or_default();
        let (name, said) = section.split_once('\n').ok_or("a section is empty")?;
        for says in ["**The cluster feels**: ", "**Do**: ", "**Lost**: "] {
            assert!(said.contains(says), "{name} does not say {says}");
        }
        sections.insert(name.to_owned());
    }
    let mut named = BTreeSet::new();
    for alert in alerts()? {
        let name = string(&alert, "/alert");
        let severity = string(&alert, "/labels/severity");
        assert!(["critical", "warning"].contains(&severity), "{name}");
        for says in ["/annotations/summary", "/annotations/description"] {
            assert!(string(&alert, says).ends_with('.'), "{name}: {says}");
        }
        // As GitHub makes anchors of headings.
        let runbook = format!("{PAGE}#{}", name.to_lowercase());
        assert_eq!(string(&alert, "/annotations/runbook_url"), runbook);
        named.insert(name.to_owned());
    }
    assert_eq!(named, sections, "docs/operations.md");
    Ok(())
}

/// The metrics that a query names.
fn named(query: &str) -> BTreeSet<String> {
    let words = query.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let ours = ["pod_hardener_", "apiserver_"];
    let metrics = words.filter(|word| ours.iter().any(|ours| word.starts_with(ours)));
    // A histogram's own series.
    metrics
        .map(|name| name.strip_suffix("_bucket").unwrap_or(name).to_owned())
        .collect()
}

pub(super) fn metrics() -> Result<(), Failed> {
    let page = text("docs/metrics.md")?;
    let lines = page.lines().filter_map(|line| line.strip_prefix("| `"));
    let documented: BTreeSet<String> = lines
        .filter_map(|line| Some(line.split_once('`')?.0.to_owned()))
        .collect();
    assert!(documented.len() > 30, "{documented:?}");
    let mut shown = BTreeSet::new();
    for (title, query) in queries()? {
        let named = named(&query);
        assert!(!named.is_empty(), "{title}: {query}");
        shown.extend(named);
    }
    assert_eq!(
        shown, documented,
        "what the dashboard shows, and docs/metrics.md"
    );
    for alert in alerts()? {
        let named = named(string(&alert, "/expr"));
        assert!(!named.is_empty(), "{alert:#}");
        assert!(named.is_subset(&documented), "{named:?}");
    }
    Ok(())
}

/// Grafana's grid has 24 columns; two panels in one place hide each other.
fn in_place() -> Result<Vec<Value>, Failed> {
    let panels = shipped::panels()?;
    let mut taken = BTreeSet::new();
    let mut ids = BTreeSet::new();
    for panel in &panels {
        let title = string(panel, "/title");
        assert!(ids.insert(panel["id"].as_u64()), "{title}: its id");
        let place = |key: &str| panel["gridPos"][key].as_u64().unwrap();
        assert!(place("x") + place("w") <= 24, "{title} is too wide");
        for x in place("x")..place("x") + place("w") {
            for y in place("y")..place("y") + place("h") {
                assert!(taken.insert((x, y)), "{title} is on another one");
            }
        }
    }
    Ok(panels)
}

pub(super) fn panels() -> Result<(), Failed> {
    let (rows, panels): (Vec<Value>, Vec<Value>) = in_place()?
        .into_iter()
        .partition(|panel| panel["type"] == "row");
    assert!(rows.len() >= 7 && panels.len() >= 25);
    for panel in &panels {
        let title = string(panel, "/title");
        assert!(string(panel, "/description").ends_with('.'), "{title}");
        // Whoever imports it chooses the Prometheus.
        assert_eq!(panel["datasource"]["uid"], "${datasource}", "{title}");
        assert!(panel["targets"].as_array().is_some_and(|t| !t.is_empty()));
    }
    Ok(())
}
