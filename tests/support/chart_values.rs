//! The values of the chart: out of the comments of `helm/values.yaml`, and as its schema knows them.

#![allow(dead_code, reason = "each test program uses its part of this")]

use serde_json::Value;

use crate::yaml;

/// A value of the chart.
pub(crate) struct Entry {
    /// The keys that lead to it, with dots between them.
    pub(crate) path: String,
    /// The comment above it.
    pub(crate) text: String,
    /// What it is where nobody says otherwise.
    pub(crate) default: Value,
}

/// The values that have a comment directly above them, in their order.
///
/// # Errors
///
/// The YAML parser's own words.
pub(crate) fn documented(text: &str) -> Result<Vec<Entry>, String> {
    let values = yaml::documents(text)?.remove(0);
    let mut entries = Vec::new();
    // The keys that a line is below, each with its indentation.
    let mut parents: Vec<(usize, &str)> = Vec::new();
    let mut comment: Vec<&str> = Vec::new();
    for line in text.lines() {
        let (indent, line) = (line.len() - line.trim_start().len(), line.trim());
        if let Some(text) = line.strip_prefix("# ") {
            comment.push(text);
            continue;
        }
        let comment = std::mem::take(&mut comment);
        let Some((key, _)) = line.split_once(':') else {
            continue;
        };
        parents.retain(|(above, _)| *above < indent);
        parents.push((indent, key));
        if comment.is_empty() {
            continue;
        }
        let keys: Vec<&str> = parents.iter().map(|(_, key)| *key).collect();
        let default = keys.iter().try_fold(&values, |at, key| at.get(key));
        entries.push(Entry {
            path: keys.join("."),
            text: comment.join(" "),
            default: default.cloned().unwrap_or_default(),
        });
    }
    Ok(entries)
}

/// The table of the README.
pub(crate) fn table(entries: &[Entry]) -> String {
    let mut table = String::from("| value | default | |\n|---|---|---|\n");
    for Entry {
        path,
        text,
        default,
    } in entries
    {
        table += &format!("| `{path}` | `{default}` | {text} |\n");
    }
    table
}

/// The paths of the values that a schema knows: what has no properties of its own there.
pub(crate) fn known(schema: &Value) -> Vec<String> {
    let mut paths = Vec::new();
    walk(schema, "", &mut paths);
    // Helm hands it to every chart of a chart; nothing of it is read.
    paths.retain(|path| path != "global");
    paths
}

fn walk(schema: &Value, at: &str, paths: &mut Vec<String>) {
    match schema["properties"].as_object() {
        // An issuer is one value, as Kubernetes' own objects are.
        Some(properties) if !at.ends_with(".issuerRef") => {
            for (name, schema) in properties {
                let below = match at {
                    "" => name.clone(),
                    at => format!("{at}.{name}"),
                };
                walk(schema, &below, paths);
            }
        }
        _ => paths.push(at.to_owned()),
    }
}
