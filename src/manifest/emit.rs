//! JSON values as YAML text: what is put into a manifest, in the manifest's own style.

use serde_json::{Map, Value};

/// How a document is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Style {
    /// What ends a line.
    pub(super) newline: &'static str,
    /// By how many columns a block is deeper than the one that it is in.
    pub(super) step: usize,
    /// By how many columns a list is deeper than its key.
    pub(super) list_step: usize,
    /// Whether names and texts stand in double quotes in flow collections, as in JSON.
    pub(super) quoted: bool,
    /// Whether a space follows `:` and `,` in flow collections.
    pub(super) spaced: bool,
    /// What a flow collection over several lines is deeper by, where the document as a whole is one.
    pub(super) unit: Option<String>,
}

/// A mapping's entry as the lines of a block, without an indent before the first one.
pub(super) fn block_entry(name: &str, value: &Value, indent: usize, style: &Style) -> String {
    let name = scalar_text(name);
    let pad = |indent: usize| style.newline.to_owned() + &" ".repeat(indent);
    match value {
        Value::Object(members) if !members.is_empty() => {
            let indent = indent + style.step;
            format!("{name}:{}{}", pad(indent), block(value, indent, style))
        }
        Value::Array(items) if !items.is_empty() => {
            let indent = indent + style.list_step;
            format!("{name}:{}{}", pad(indent), block(value, indent, style))
        }
        _ => format!("{name}: {}", flow(value, style)),
    }
}

/// A value as a block, without an indent before its first line.
pub(super) fn block(value: &Value, indent: usize, style: &Style) -> String {
    let between = style.newline.to_owned() + &" ".repeat(indent);
    match value {
        Value::Object(members) if !members.is_empty() => {
            let entries = in_order(members);
            let entries: Vec<String> = entries
                .map(|(name, value)| block_entry(name, value, indent, style))
                .collect();
            entries.join(&between)
        }
        Value::Array(items) if !items.is_empty() => {
            let items: Vec<String> = items
                .iter()
                .map(|item| block_item(item, indent, style))
                .collect();
            items.join(&between)
        }
        _ => flow(value, style),
    }
}

/// A list's item as lines of a block, with its dash.
pub(super) fn block_item(item: &Value, indent: usize, style: &Style) -> String {
    format!("- {}", block(item, indent + 2, style))
}

/// A value on one line.
pub(super) fn flow(value: &Value, style: &Style) -> String {
    let comma = if style.spaced { ", " } else { "," };
    match value {
        Value::Object(members) => {
            let entries: Vec<String> = in_order(members)
                .map(|(name, value)| flow_entry(name, value, style))
                .collect();
            format!("{{{}}}", entries.join(comma))
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| flow(item, style)).collect();
            format!("[{}]", items.join(comma))
        }
        Value::String(text) if !style.quoted => scalar_text(text),
        _ => value.to_string(),
    }
}

/// A mapping's entry on one line.
pub(super) fn flow_entry(name: &str, value: &Value, style: &Style) -> String {
    // Without quotes around the name, the space is what makes the colon one.
    let colon = if style.spaced || !style.quoted {
        ": "
    } else {
        ":"
    };
    format!("{}{colon}{}", flow_name(name, style), flow(value, style))
}

/// A mapping's entry over several lines in flow style; lines after the first one begin with `indent`.
pub(super) fn pretty_entry(name: &str, value: &Value, indent: &str, style: &Style) -> String {
    format!(
        "{}: {}",
        flow_name(name, style),
        pretty(value, indent, style)
    )
}

/// A value over several lines in flow style.
pub(super) fn pretty(value: &Value, indent: &str, style: &Style) -> String {
    let unit = style.unit.as_deref().unwrap_or("  ");
    let newline = style.newline;
    let inner = format!("{indent}{unit}");
    let wrap = |open: char, lines: Vec<String>, close: char| {
        let lines = lines.join(&format!(",{newline}{inner}"));
        format!("{open}{newline}{inner}{lines}{newline}{indent}{close}")
    };
    match value {
        Value::Object(members) if !members.is_empty() => {
            let entries = in_order(members);
            let entries = entries.map(|(name, value)| pretty_entry(name, value, &inner, style));
            wrap('{', entries.collect(), '}')
        }
        Value::Array(items) if !items.is_empty() => {
            let items = items.iter().map(|item| pretty(item, &inner, style));
            wrap('[', items.collect(), ']')
        }
        _ => flow(value, style),
    }
}

/// The members of an object, with its name first, as people write it.
fn in_order(members: &Map<String, Value>) -> impl Iterator<Item = (&String, &Value)> {
    let is_name = |(name, _): &(&String, &Value)| name.as_str() == "name";
    let others = members.iter().filter(move |member| !is_name(member));
    members.iter().filter(is_name).chain(others)
}

fn flow_name(name: &str, style: &Style) -> String {
    match style.quoted {
        true => quoted(name),
        false => scalar_text(name),
    }
}

/// A value as one scalar; collections on one line.
pub(super) fn scalar(value: &Value, style: &Style) -> String {
    flow(value, style)
}

/// A text as a scalar, in quotes where it would be something else without them.
fn scalar_text(text: &str) -> String {
    if is_plain(text) {
        text.to_owned()
    } else {
        quoted(text)
    }
}

/// A text in double quotes: YAML has the escapes of JSON.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// Whether a text can stand without quotes, by every version of YAML. Quotes where none are needed do no harm.
fn is_plain(text: &str) -> bool {
    const WORDS: [&str; 11] = [
        "true", "false", "yes", "no", "on", "off", "y", "n", "null", "inf", "nan",
    ];
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
    let begins_as_name = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
    let is_word = || WORDS.iter().any(|word| word.eq_ignore_ascii_case(text));
    text.chars().all(inner) && (is_amount(text) || begins_as_name && !is_word())
}

/// Digits and a unit of Kubernetes: a number with neither a base nor an exponent in it.
fn is_amount(text: &str) -> bool {
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let units = ["m", "k", "M", "G", "T", "P", "Ki", "Mi", "Gi", "Ti", "Pi"];
    unit.len() < text.len() && units.contains(&unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_be_something_else_is_quoted() {
        for plain in [
            "10m",
            "32Mi",
            "1Gi",
            "ALL",
            "/tmp",
            "RuntimeDefault",
            "a.b/c-d",
        ] {
            assert_eq!(scalar_text(plain), plain);
        }
        for other in [
            "1", "1e3", "0x1", "yes", "NO", "~", "", "1_0", "1.5", "a: b", "a #b", "-", "*a", "é",
            "12E",
        ] {
            assert_eq!(scalar_text(other), quoted(other));
        }
    }
}
