//! The short hash of a value that was set: enough to tell later whether what is there is still ours, and no secret, since
//! every value that is hashed is this program's own.

/// FNV-1a, 32 bits (RFC 9923): the offset that it begins with, and its prime.
const FNV: (u32, u32) = (0x811c_9dc5, 0x0100_0193);

/// The hash of the JSON text `json`: FNV-1a, 32 bits, of the same value without spaces and with the keys of objects in
/// alphabetical order, as `jq -cS` writes it.
#[must_use]
pub fn hash(json: &str) -> u32 {
    // Only an object of two keys or more can have another order; one that cannot be read is not ours.
    match json.starts_with('{') && json.contains(',') {
        true => match serde_json::from_str::<serde_json::Value>(json) {
            Ok(value) => of(&value.to_string()),
            Err(_) => of(json),
        },
        false => of(json),
    }
}

fn of(text: &str) -> u32 {
    let (offset, prime) = FNV;
    let step = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(prime);
    text.bytes().fold(offset, step)
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
            assert_eq!(of(text), expected, "{text}");
        }
    }

    #[test]
    fn the_order_of_keys_makes_no_difference() {
        let (ours, sorted) = (
            r#"{"name":"a","emptyDir":{}}"#,
            r#"{"emptyDir":{},"name":"a"}"#,
        );
        assert_eq!(hash(ours), hash(sorted));
        assert_eq!(hash(sorted), of(sorted));
    }
}
