//! The part of a review that is read: all but `managedFields`, which is a third of it and more, and which no rule looks at.
//! docs/decisions/0017-managed-fields-are-cut-out.md

use std::borrow::Cow;

use memchr::{memchr, memmem};

/// What stands before the entries, as the API server writes it. Within a JSON string the second quote could not stand without a
/// backslash before it, nor could the first after a comma: where this is found in valid JSON, it is a key and its list.
const KEY: &str = r#","managedFields":["#;

/// The JSON `text` without the entries of `managedFields`, wherever it has some.
pub(super) fn needed(text: &str) -> Cow<'_, str> {
    let mut kept = String::new();
    let mut rest = text;
    while let Some((before, after)) = around(rest) {
        kept.reserve(before.len() + after.len());
        kept.push_str(before);
        rest = after;
    }
    match rest.len() == text.len() {
        true => Cow::Borrowed(text),
        false => {
            kept.push_str(rest);
            Cow::Owned(kept)
        }
    }
}

/// What is before the first such list, and what is behind it.
fn around(text: &str) -> Option<(&str, &str)> {
    let start = memmem::find(text.as_bytes(), KEY.as_bytes())?;
    let list = text.get(start + KEY.len() - 1..)?;
    let end = end(list.as_bytes())?;
    Some((text.get(..start)?, list.get(end..)?))
}

/// What is behind the first bracket that closes in a list, unless it is within a string. Entries hold no other list; if one did,
/// too much would be left for the rest to be JSON.
fn end(list: &[u8]) -> Option<usize> {
    let end = memchr(b']', list)?;
    let within = list.get(..end)?;
    let mut in_text = false;
    let mut is_unclear = false;
    // With the byte before each, since only one of two backslashes is one that escapes. Without a branch, and so many at once.
    for (before, byte) in within.iter().zip(within.get(1..)?) {
        let escaped = *before == b'\\';
        in_text ^= (*byte == b'"') & !escaped;
        is_unclear |= (*byte == b'\\') & escaped;
    }
    (!in_text && !is_unclear).then_some(end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_cut_out_and_nothing_else() {
        for (text, expected) in [
            (
                r#"{"a":1,"managedFields":[{"f:x":{"k:{\"type\":\"A\"}":{}}}],"b":[2]}"#,
                r#"{"a":1,"b":[2]}"#,
            ),
            (
                r#"[{"a":1,"managedFields":[]},{"b":"é","managedFields":[{}]}]"#,
                r#"[{"a":1},{"b":"é"}]"#,
            ),
        ] {
            assert_eq!(needed(text), expected);
        }
        for same in [
            "",
            r#"{"a":",\"managedFields\":[]"}"#,
            r#"{"a\",\"managedFields":["b"]}"#,
            r#"{"a":",","managedFields":{}}"#,
            r#"{"a":1,"managedFields":["]"#,
            r#"{"a":1,"managedFields":[{"k:{\"]\"}":{}}]}"#,
            r#"{"a":1,"managedFields":["\\"]}"#,
            r#"{"a":1,"managedFields":["#,
        ] {
            assert_eq!(needed(same), same);
        }
    }
}
