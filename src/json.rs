//! JSON that is written straight into one text: of a reply and of a line of the log, most of the cost is otherwise the care for
//! characters that hardly any text of them has.

use std::fmt::{Display, Write};

/// Appends the next member of an object whose value is a text.
pub(crate) fn member(json: &mut String, key: &str, text: &str) {
    if is_plain(text) {
        json.push_str(opening(json));
        for part in [key, "\":\"", text, "\""] {
            json.push_str(part);
        }
    } else {
        name(json, key);
        quoted(json, text);
    }
}

/// Appends what stands before the value of the next member of an object; `key` needs no escaping.
pub(crate) fn name(json: &mut String, key: &str) {
    json.push_str(opening(json));
    for part in [key, "\":"] {
        json.push_str(part);
    }
}

/// What stands before the name of the next member.
fn opening(json: &str) -> &'static str {
    if json.ends_with('{') { "\"" } else { ",\"" }
}

/// Appends the next member of an object whose value is a number or a truth.
pub(crate) fn put(json: &mut String, key: &str, value: impl Display) {
    name(json, key);
    // Writing to a String cannot fail.
    let _ = write!(json, "{value}");
}

/// Appends a list of what `write` appends for each of `all`.
pub(crate) fn list<T>(
    json: &mut String,
    all: impl IntoIterator<Item = T>,
    write: impl Fn(&mut String, T),
) {
    json.push('[');
    for (i, one) in all.into_iter().enumerate() {
        if i > 0 {
            json.push(',');
        }
        write(json, one);
    }
    json.push(']');
}

/// Appends a text.
pub(crate) fn quoted(json: &mut String, text: &str) {
    if is_plain(text) {
        for part in ["\"", text, "\""] {
            json.push_str(part);
        }
    } else {
        json.push_str(&serde_json::Value::from(text).to_string());
    }
}

/// Whether nothing of it needs escaping: nearly every text is so. With no early end, many bytes are looked at at once.
fn is_plain(text: &str) -> bool {
    let plain =
        |byte: u8| (byte.wrapping_sub(b' ') <= b'~' - b' ') & (byte != b'"') & (byte != b'\\');
    text.bytes().fold(true, |all, byte| all & plain(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_is_written_as_serde_writes_it() {
        let characters = (0..=0x2ff).filter_map(char::from_u32);
        for text in characters.map(String::from).chain([String::new()]) {
            // Alone, and where many bytes are looked at at once.
            for text in [&text, &format!("{0}{text}{0}", "x".repeat(40))] {
                let mut json = String::from("{");
                member(&mut json, "key", text);
                json.push('}');
                let expected = serde_json::json!({ "key": text }).to_string();
                assert_eq!(json, expected);
            }
        }
    }
}
