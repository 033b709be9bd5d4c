//! The short hash of a value that was set: enough to tell later whether what is there is still ours, and no secret, since
//! every value that is hashed is this program's own.

/// What FNV-1a of 32 bits begins with (RFC 9923).
const OFFSET: u32 = 0x811c_9dc5;

/// Its prime.
const PRIME: u32 = 0x0100_0193;

/// The hash of the JSON text `json`, which has no spaces: FNV-1a, 32 bits, of the same value with the keys of objects in
/// alphabetical order, as `jq -cS` writes it. An object within an object has one key.
#[must_use]
pub fn hash(json: &str) -> u32 {
    let Some(inside) = json
        .strip_prefix('{')
        .and_then(|json| json.strip_suffix('}'))
    else {
        return add(OFFSET, json);
    };
    // One member is in order as it is.
    if !inside.contains(',') {
        return add(OFFSET, json);
    }
    let mut members = members(inside);
    members.sort_unstable();
    let mut hash = add(OFFSET, "{");
    for (i, member) in members.into_iter().enumerate() {
        hash = add(hash, if i == 0 { "" } else { "," });
        hash = add(hash, member);
    }
    add(hash, "}")
}

/// Appends eight hexadecimal digits.
pub(super) fn push_hex(text: &mut String, hash: u32) {
    for shift in [28, 24, 20, 16, 12, 8, 4, 0] {
        text.push(match (hash >> shift & 0xf) as u8 {
            digit @ 0..10 => (b'0' + digit).into(),
            digit => (b'a' - 10 + digit).into(),
        });
    }
}

/// The members of an object, of which `inside` is what is between the braces.
fn members(inside: &str) -> Vec<&str> {
    let (mut members, mut start) = (Vec::with_capacity(4), 0);
    let (mut depth, mut in_text, mut is_escaped) = (0_usize, false, false);
    for (at, byte) in inside.bytes().enumerate() {
        match (byte, in_text) {
            _ if is_escaped => {}
            (b'"', _) => in_text = !in_text,
            (b'{' | b'[', false) => depth += 1,
            (b'}' | b']', false) => depth = depth.saturating_sub(1),
            (b',', false) if depth == 0 => {
                members.extend(inside.get(start..at));
                start = at + 1;
            }
            _ => {}
        }
        is_escaped = byte == b'\\' && in_text && !is_escaped;
    }
    members.extend(inside.get(start..));
    members
}

fn add(hash: u32, text: &str) -> u32 {
    let step = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(PRIME);
    text.bytes().fold(hash, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vectors_of_fnv() {
        // http://www.isthe.com/chongo/tech/comp/fnv: the vectors of FNV-1a, 32 bits.
        for (text, expected) in [
            ("", 0x811c_9dc5),
            ("a", 0xe40c_292c),
            ("foobar", 0xbf9c_f968),
        ] {
            assert_eq!(hash(text), expected, "{text}");
        }
    }

    #[test]
    fn the_order_of_keys_makes_no_difference() {
        for (ours, sorted) in [
            (
                r#"{"name":"a","emptyDir":{"sizeLimit":"1Gi"}}"#,
                r#"{"emptyDir":{"sizeLimit":"1Gi"},"name":"a"}"#,
            ),
            (
                r#"{"b":"x,\",{y","a":[1,2]}"#,
                r#"{"a":[1,2],"b":"x,\",{y"}"#,
            ),
        ] {
            assert_eq!(hash(ours), hash(sorted), "{ours}");
            assert_eq!(hash(sorted), add(OFFSET, sorted), "{sorted}");
        }
    }

    #[test]
    fn a_hash_is_written_with_all_its_zeros() {
        let mut text = String::new();
        for hash in [0, 0xab, u32::MAX] {
            push_hex(&mut text, hash);
        }
        assert_eq!(text, "00000000000000abffffffff");
    }
}
