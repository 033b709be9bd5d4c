//! As much of JSON Schema (draft 7) as our own schemas use. A word that it does not know is an error, never ignored.

use serde_json::Value;

/// What of `value` is not as `schema` says; nothing where it is all right.
pub(crate) fn problems(schema: &Value, value: &Value) -> Vec<String> {
    let mut problems = Vec::new();
    check(schema, schema, value, "", &mut problems);
    problems
}

fn check(root: &Value, schema: &Value, value: &Value, at: &str, problems: &mut Vec<String>) {
    for (word, wanted) in schema.as_object().expect("a schema is an object") {
        let holds = match word.as_str() {
            "$schema" | "title" | "description" | "definitions" | "properties" => true,
            "$ref" => {
                let pointer = wanted.as_str().unwrap().trim_start_matches('#');
                let target = root.pointer(pointer).expect("there is what $ref names");
                check(root, target, value, at, problems);
                true
            }
            "type" => match wanted.as_str().unwrap() {
                "string" => value.is_string(),
                "boolean" => value.is_boolean(),
                "integer" => value.is_i64() || value.is_u64(),
                "array" => value.is_array(),
                "object" => value.is_object(),
                other => panic!("{other} is no type that is known here"),
            },
            "const" => value == wanted,
            "enum" => wanted.as_array().unwrap().contains(value),
            "minimum" => value.as_f64() >= wanted.as_f64(),
            "minLength" => length(value) >= wanted.as_u64(),
            "maxLength" => length(value) <= wanted.as_u64(),
            "minItems" => value.as_array().map(|list| list.len() as u64) >= wanted.as_u64(),
            "required" => {
                let names = wanted.as_array().unwrap().iter();
                names
                    .map(|name| name.as_str().unwrap())
                    .all(|name| value.get(name).is_some())
            }
            "additionalProperties" => {
                assert_eq!(*wanted, false, "no other value is known here");
                let known = |name: &String| schema["properties"].get(name).is_some();
                value.as_object().is_none_or(|all| all.keys().all(known))
            }
            "items" => {
                for (i, item) in value.as_array().into_iter().flatten().enumerate() {
                    check(root, wanted, item, &format!("{at}/{i}"), problems);
                }
                true
            }
            other => panic!("{other} is no word that is known here"),
        };
        if !holds {
            problems.push(format!("{at}: {word} {wanted} does not hold of {value}"));
        }
    }
    for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
        if let Some(value) = value.get(name) {
            check(root, schema, value, &format!("{at}/{name}"), problems);
        }
    }
}

fn length(value: &Value) -> Option<u64> {
    value.as_str().map(|text| text.chars().count() as u64)
}
