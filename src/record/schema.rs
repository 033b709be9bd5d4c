//! The schema of the decision log, which is `docs/decision-log.schema.json`: a test holds lines against it.

use serde_json::{Map, Value, json};

use super::said::Outcome;
use super::{Annotation, OUTCOMES};
use crate::admission::Mode;
use crate::rules::RULES;

/// The JSON Schema (draft 7) of a line.
#[must_use]
pub fn schema() -> Value {
    let text = |description: &str| json!({"type": "string", "description": description});
    let number =
        |description: &str| json!({"type": "integer", "minimum": 0, "description": description});
    let one_of =
        |names: &[&str], description: &str| json!({"enum": names, "description": description});
    let modes = Mode::ALL.map(Mode::as_str);
    let ids: Vec<&str> = RULES.iter().map(|rule| rule.id).collect();
    let outcomes = Outcome::ALL.map(Outcome::as_str);
    let keys = [
        (
            "time",
            text("When the answer was there, in UTC (RFC 3339)."),
        ),
        (
            "uid",
            text(
                "The request's uid, which is new for each call: the API server's second call for a pod has another.",
            ),
        ),
        ("mode", one_of(&modes, "What the path asks for.")),
        (
            "profile",
            text(
                "The profile that the path names; empty where the configuration is switched off and has none of that name.",
            ),
        ),
        (
            "config",
            text("The version of the configuration: equal texts have equal versions."),
        ),
        ("operation", text("`CREATE`, `UPDATE`, ...")),
        ("kind", text("The object's kind.")),
        ("namespace", text("The object's namespace.")),
        (
            "name",
            text("The object's name; empty where the API server makes one up."),
        ),
        ("generate_name", text("What a made-up name begins with.")),
        (
            "owner",
            text(
                "Kind and name of the controller that the object is of, with a slash between; else empty.",
            ),
        ),
        (
            "dry_run",
            json!({"type": "boolean", "description": "Whether nothing will be stored."}),
        ),
        (
            "outcome",
            one_of(
                &OUTCOMES,
                "What became of the request. `shadow`: a plan that is only reported; `skipped`: nothing that rules speak of; `disabled`: by the configuration.",
            ),
        ),
        (
            "set",
            text("What was set, or would be: `rule: container, container; rule: ...`."),
        ),
        (
            "kept",
            text(
                "Unsafe choices of the author, which stay, each with what was chosen in brackets.",
            ),
        ),
        (
            "stepped_back",
            text("Steps back, each with the id of its reason in brackets."),
        ),
        (
            "excepted",
            text(
                "What overrides and the pod's author asked for otherwise, each with who and why in brackets.",
            ),
        ),
        (
            "annotation",
            one_of(
                &Annotation::NAMES,
                "What became of the pod's annotation. `silent`: there is nothing for it to say; `off`: by the configuration; `full`: no room; `authors`: the author has another of its name.",
            ),
        ),
        (
            "patch_bytes",
            number("Bytes of the patch; 0 where there is none."),
        ),
        ("warnings", number("Warnings in the reply.")),
        (
            "duration_us",
            number("From the whole body to the answer, in microseconds."),
        ),
        (
            "rules",
            json!({"type": "array", "items": {"$ref": "#/definitions/said"}, "description": "With `--decision-log full`: what each rule did."}),
        ),
        (
            "more_rules",
            number("How many further entries `rules` would have."),
        ),
    ];
    let optional = ["rules", "more_rules"];
    let required: Vec<&str> = keys
        .iter()
        .map(|(key, _)| *key)
        .filter(|key| !optional.contains(key))
        .collect();
    let properties: Map<String, Value> = keys
        .iter()
        .map(|(key, value)| ((*key).to_owned(), value.clone()))
        .collect();
    let said = json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["rule", "result", "places"],
        "properties": {
            "rule": {"type": "string", "description": format!("The rule: {}; or a name that an exception gives and that no rule has.", ids.join(", "))},
            "result": one_of(&outcomes, "What the rule did."),
            "field": text("The field, from the container or from the pod; `[]` is an entry of a list."),
            "hash": {"type": "string", "minLength": 8, "maxLength": 8, "description": "Of the value that was set, eight hexadecimal digits: see docs/record.md."},
            "removed": {"const": true, "description": "An entry of the list was taken out."},
            "said": text("What the author chose."),
            "reason": text("The id of the reason to step back: see docs/rules.md."),
            "by": text("Who excepts, or why it is not granted."),
            "words": text("The reason that was given."),
            "places": {"type": "array", "items": {"type": "string"}, "minItems": 1, "description": "Containers; `(pod)` is the pod as a whole."},
            "more_places": number("How many further entries `places` would have."),
        },
    });
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "A line of pod-hardener's decision log",
        "type": "object",
        "additionalProperties": false,
        "required": required,
        "properties": properties,
        "definitions": {"said": said},
    })
}
