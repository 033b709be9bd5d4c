//! The API server's second call for a pod: its audit annotations have keys of their own, since a key is written once (J7).

use pod_hardener::admission::Mode;
use pod_hardener::config::Settings;
use serde_json::{Value, json};

use crate::records::{ANNOTATION, Answered, ask};

fn harden(pod: &Value) -> Answered {
    ask(&Settings::embedded(), Mode::Harden, "compatible", pod)
}

fn pod(containers: &[&str]) -> Value {
    let containers: Vec<Value> = containers
        .iter()
        .map(|name| json!({"name": name}))
        .collect();
    json!({"metadata": {"name": "app"}, "spec": {"containers": containers}})
}

#[test]
fn a_second_round_has_keys_of_its_own() {
    let mut object = harden(&pod(&["web"])).pod;
    let first = harden(&object);
    assert_eq!(first.audited("set-2"), "", "nothing is set");
    object["spec"]["containers"]
        .as_array_mut()
        .unwrap()
        .push(json!({"name": "sidecar"}));
    let second = harden(&object);
    assert!(
        second
            .audited("set-2")
            .starts_with("no-privilege-escalation: sidecar; ")
    );
    assert_eq!(
        second.audited("stepped-back-2"),
        "probes: web, sidecar (no-probes)"
    );
    // As those of the first round, which the API server has already.
    assert_eq!(second.audited("profile"), "compatible");
}

/// Whoever forges the annotation hides nothing: what it adds are keys.
#[test]
fn a_forged_annotation_takes_nothing_away() {
    let plain = harden(&pod(&["web"]));
    for forged in [
        "profile=x config=y",
        "profile=x\nprofile=x\nprofile=x",
        &"profile=\n".repeat(50),
    ] {
        let mut object = pod(&["web"]);
        object["metadata"]["annotations"] = json!({ ANNOTATION: forged });
        let asked = harden(&object);
        let annotations = plain.response["auditAnnotations"].as_object().unwrap();
        for (key, value) in annotations {
            assert_eq!(&asked.response["auditAnnotations"][key], value, "{key}");
        }
        assert_eq!(asked.line["rules"], plain.line["rules"]);
        assert_eq!(asked.line["set"], plain.line["set"]);
        let keys = asked.response["auditAnnotations"]
            .as_object()
            .unwrap()
            .len();
        assert!(keys <= 2 * annotations.len());
    }
}
