//! The annotation on the pod: when it is there, and what becomes of one that is there already.

use pod_hardener::admission::Mode;
use pod_hardener::config::Settings;
use pod_hardener::plan::Facts;
use serde_json::{Value, json};

use crate::records::{ANNOTATION, ask, ask_with, review, set_by_annotation};

fn pod() -> Value {
    json!({"metadata": {"name": "app"}, "spec": {"containers": [{"name": "web", "image": "web:1"}]}})
}

fn harden(pod: &Value) -> crate::records::Answered {
    ask(&Settings::embedded(), Mode::Harden, "compatible", pod)
}

/// As docs/record.md shows it.
#[test]
fn it_has_a_header_and_a_line_for_each_field() {
    let version = Settings::embedded().version().to_owned();
    let page = std::fs::read_to_string(
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/record.md"),
    )
    .unwrap();
    let (_, shown) = page.split_once("<!-- annotation -->\n```text\n").unwrap();
    let (shown, _) = shown.split_once("\n```").unwrap();
    let asked = harden(&pod());
    let written = asked.annotation().unwrap();
    assert_eq!(written.replace(&version, "3f2a90c1b7de"), shown);
}

#[test]
fn a_pod_of_which_nothing_is_set_has_none() {
    let mut full = harden(&pod()).pod;
    full["metadata"]["annotations"] = json!({"mine": "x"});
    let again = harden(&full);
    assert_eq!(again.response.get("patch"), None);
    assert_eq!(again.line["annotation"], "silent");
}

#[test]
fn what_an_author_wrote_under_its_name_stays_and_that_is_on_record() {
    for own in ["", "mine", "{\"profile\": \"strict\"}", "Profile=x"] {
        let mut object = pod();
        object["metadata"]["annotations"] = json!({ ANNOTATION: own });
        let asked = harden(&object);
        assert_eq!(asked.annotation(), Some(own));
        assert_eq!(asked.line["outcome"], "patched");
        assert_eq!(asked.line["annotation"], "authors");
        assert_eq!(
            asked.audited("annotation"),
            "left out: the author has another of this name"
        );
    }
}

/// 256 KiB is the most that all annotations of a pod may come to (J11).
#[test]
fn it_is_left_out_where_there_is_no_room_for_it_and_that_is_on_record() {
    let most = 256 * 1024;
    let mut there = 0;
    for room in [0, 100, ANNOTATION.len(), 400, 800, 1_200, 4_000] {
        let mut object = pod();
        object["metadata"]["annotations"] = json!({"a": "x".repeat(most - 1 - room)});
        let asked = ask(&Settings::embedded(), Mode::Harden, "strict", &object);
        assert_eq!(asked.line["outcome"], "patched");
        let all = asked.pod["metadata"]["annotations"].as_object().unwrap();
        let bytes: usize = all
            .iter()
            .map(|(key, value)| key.len() + value.as_str().unwrap().len())
            .sum();
        assert!(bytes <= most, "{room}: {bytes}");
        there += usize::from(asked.annotation().is_some());
        let (name, said) = match asked.annotation() {
            Some(_) => ("written", ""),
            None => ("full", "left out: there is no room for it"),
        };
        assert_eq!(asked.line["annotation"], name);
        assert_eq!(asked.audited("annotation"), said);
    }
    assert!((1..7).contains(&there), "{there}: both are tried");
}

#[test]
fn a_pod_of_five_hundred_containers_stays_small() {
    let containers: Vec<Value> = (0..500)
        .map(|i| json!({"name": format!("{}-{i}", "c".repeat(50)), "image": "x"}))
        .collect();
    let asked = harden(&json!({"metadata": {}, "spec": {"containers": containers}}));
    assert_eq!(asked.line["annotation"], "full");
    assert!(asked.text.len() < 40_000, "{}", asked.text.len());
    let listed = asked.line["rules"].as_array().unwrap();
    let more = |said: &Value| said["more_places"].as_u64();
    assert!(listed.iter().filter_map(more).all(|more| more == 400));
    assert!(
        asked.line["more_rules"]
            .as_u64()
            .is_some_and(|more| more > 0)
    );
    assert!(asked.audited("set").len() <= 4_096);
}

#[test]
fn it_can_be_switched_off() {
    let settings = Settings::parse("version = 1\nannotate-pods = false\n", "test").unwrap();
    let asked = ask(&settings, Mode::Harden, "strict", &pod());
    assert_eq!(asked.annotation(), None);
    assert_eq!(asked.line["outcome"], "patched");
    assert_eq!(asked.line["annotation"], "off");
}

/// What is written to a running pod's metadata by this way is silently lost (U4).
#[test]
fn a_debug_container_is_not_told_of() {
    let mut object = pod();
    object["spec"]["ephemeralContainers"] = json!([{"name": "new"}]);
    let mut review = review(&object);
    review["request"]["operation"] = json!("UPDATE");
    review["request"]["subResource"] = json!("ephemeralcontainers");
    let settings = Settings::embedded();
    let asked = ask_with(
        &settings,
        Mode::Harden,
        "strict",
        &Facts::default(),
        &review,
    );
    assert_eq!(asked.line["outcome"], "patched");
    assert_eq!(asked.line["annotation"], "silent");
    assert_eq!(asked.pod["metadata"], object["metadata"]);
}

#[test]
fn a_later_pass_adds_to_it() {
    let first = harden(&pod());
    let mut object = first.pod.clone();
    let containers = object["spec"]["containers"].as_array_mut().unwrap();
    containers.push(json!({"name": "sidecar", "image": "x"}));
    let second = harden(&object);
    let (before, after) = (first.annotation().unwrap(), second.annotation().unwrap());
    let (headers, set) = set_by_annotation(after.strip_prefix(before).unwrap().trim_start());
    assert_eq!(headers.len(), 1);
    assert!(
        set.iter().all(|(_, place, ..)| place == "sidecar"),
        "{set:?}"
    );
    assert_eq!(harden(&second.pod).response.get("patch"), None);
}
