//! The files of the chart that Prometheus and Grafana read.

use std::path::Path;

use libtest_mimic::Failed;
use serde_json::Value;

use crate::yaml;

/// The alerts, from the root of the checkout on.
pub(super) const ALERTS: &str = "helm/alerts.yaml";

/// The dashboard.
pub(super) const DASHBOARD: &str = "helm/dashboards/pod-hardener.json";

/// What the panels leave to Grafana: as long as a few scrapes.
const INTERVALS: [&str; 2] = ["$__rate_interval", "$__range"];

/// The text of a file of the checkout.
pub(super) fn text(file: &str) -> Result<String, Failed> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    Ok(yaml::read(&root.join(file))?)
}

/// A file of the checkout, as data.
pub(super) fn data(file: &str) -> Result<Value, Failed> {
    Ok(yaml::documents(&text(file)?)?.remove(0))
}

/// The string at a pointer; empty where there is none.
pub(super) fn string<'v>(value: &'v Value, pointer: &str) -> &'v str {
    let found = value.pointer(pointer).and_then(Value::as_str);
    found.unwrap_or_default()
}

/// Every alert.
pub(super) fn alerts() -> Result<Vec<Value>, Failed> {
    let groups = data(ALERTS)?["groups"].take();
    let rules = groups.as_array().ok_or("there are no groups")?.iter();
    let rules = rules.flat_map(|group| group["rules"].as_array().cloned().unwrap_or_default());
    Ok(rules.collect())
}

/// The names of all alerts.
pub(super) fn alert_names() -> Result<Vec<String>, Failed> {
    let names = alerts()?;
    let names = names.iter().map(|alert| string(alert, "/alert").to_owned());
    Ok(names.collect())
}

/// Every panel of the dashboard, rows included.
pub(super) fn panels() -> Result<Vec<Value>, Failed> {
    let panels = data(DASHBOARD)?["panels"].take();
    Ok(panels.as_array().ok_or("there are no panels")?.clone())
}

/// Every query of the dashboard, with the title of its panel.
pub(super) fn queries() -> Result<Vec<(String, String)>, Failed> {
    let mut queries = Vec::new();
    for panel in panels()? {
        for target in panel["targets"].as_array().into_iter().flatten() {
            let title = string(&panel, "/title").to_owned();
            queries.push((title, string(target, "/expr").to_owned()));
        }
    }
    Ok(queries)
}

/// A query as Grafana asks it, over an interval as Prometheus writes them.
pub(super) fn as_asked(query: &str, interval: &str) -> String {
    INTERVALS.iter().fold(query.to_owned(), |query, name| {
        query.replace(name, interval)
    })
}

/// The alerts with every window, and every time that something must last, shortened to seconds: in nothing else are they other
/// than they are shipped.
pub(super) fn shortened() -> Result<String, Failed> {
    let mut short = String::new();
    for line in text(ALERTS)?.lines() {
        let (indent, line) = line.split_at(line.len() - line.trim_start().len());
        let line = match line.starts_with("for: ") {
            true => "for: 1s".to_owned(),
            false => ["5m", "10m"].iter().fold(line.to_owned(), |line, window| {
                line.replace(&format!("[{window}]"), "[10s]")
                    .replace(&format!("offset {window}"), "offset 10s")
            }),
        };
        short += &format!("{indent}{line}\n");
    }
    let long = short.split(['[', ' ']).find(|word| word.ends_with("m]"));
    assert_eq!(long, None, "a window that is not shortened");
    Ok(short)
}
