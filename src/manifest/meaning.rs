//! Whether an edited text means what it should.

use serde_json::Value;

use super::Manifest;
use super::edit::Refusal;

/// Reads an edited text again: each of its documents must be the expected one.
///
/// # Errors
///
/// Where it is not.
pub(super) fn check(text: &str, expected: &[Value]) -> Result<(), Refusal> {
    let manifest = Manifest::read(text).map_err(|flaw| Refusal::Unreadable(flaw.to_string()))?;
    let values: Vec<&Value> = manifest.values().collect();
    if values.len() != expected.len() {
        return Err(Refusal::Other("the number of documents".to_owned()));
    }
    for (value, expected) in values.into_iter().zip(expected) {
        if let Some(path) = difference(value, expected) {
            return Err(Refusal::Other(path.join(".")));
        }
    }
    Ok(())
}

/// The way to the first difference between two values.
fn difference(a: &Value, b: &Value) -> Option<Vec<String>> {
    let below = |step: &str, a: Option<&Value>, b: Option<&Value>| {
        let mut path = difference(a.unwrap_or(&Value::Null), b.unwrap_or(&Value::Null))?;
        path.insert(0, step.to_owned());
        Some(path)
    };
    if a == b {
        return None;
    }
    let found = match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            let mut names = a.keys().chain(b.keys());
            names.find_map(|name| below(name, a.get(name), b.get(name)))
        }
        (Value::Array(a), Value::Array(b)) => (0..a.len().max(b.len()))
            .find_map(|index| below(&index.to_string(), a.get(index), b.get(index))),
        _ => None,
    };
    Some(found.unwrap_or_default())
}
