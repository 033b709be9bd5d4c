//! The file in which a run is kept: JSON with a line for each cell, so that a difference between two runs can be read.

use serde_json::Value;

use super::Results;

/// How deep a line of its own is begun: results, workloads, a workload, its cells.
const DEPTH: usize = 4;

impl Results {
    /// The text of the file.
    pub(crate) fn json(&self) -> serde_json::Result<String> {
        Ok(lines(&serde_json::to_value(self)?, 1) + "\n")
    }
}

fn lines(value: &Value, depth: usize) -> String {
    let indent = " ".repeat(depth);
    match value {
        Value::Object(fields) if depth <= DEPTH && !fields.is_empty() => {
            let fields = fields.iter().map(|(name, value)| {
                let name = Value::from(name.as_str());
                format!("\n{indent}{name}: {}", lines(value, depth + 1))
            });
            let fields: Vec<String> = fields.collect();
            format!("{{{}\n{}}}", fields.join(","), " ".repeat(depth - 1))
        }
        _ => value.to_string(),
    }
}
