//! What holds for every pod, whatever it says. Each invariant has a planted bug in `tests/planted` that turns it red.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]
#![allow(missing_docs, reason = "tests")]

#[path = "support/harden.rs"]
mod harden;
#[path = "support/pods.rs"]
mod pods;

use harden::{Hardened, contains, harden};
use pod_hardener::config::{Profile, Settings};
use pod_hardener::object::Template;
use pod_hardener::rules::find;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn strict() -> Profile {
    Settings::embedded().profile("strict").unwrap().clone()
}

fn hardened(pod: &Value) -> Hardened {
    harden(&strict(), Template::Itself, pod).unwrap_or_else(|error| panic!("{error}\n{pod}"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_patch_applies_and_gives_what_the_plan_says(pod in pods::pod()) {
        let hardened = hardened(&pod);
        let mut expected = pod;
        hardened.set.iter().for_each(|(pointer, value)| set(&mut expected, pointer, value));
        prop_assert_eq!(hardened.object, expected);
    }

    #[test]
    fn nothing_that_the_author_wrote_changes(pod in pods::pod()) {
        let hardened = hardened(&pod);
        prop_assert!(contains(&hardened.object, &pod), "{:#?}", hardened.patch);
    }

    #[test]
    fn hardening_twice_changes_nothing_the_second_time(pod in pods::pod()) {
        let once = hardened(&pod);
        let twice = hardened(&once.object);
        prop_assert_eq!(twice.patch, None);
    }

    #[test]
    fn the_order_of_rules_makes_no_difference(pod in pods::pod()) {
        let reversed = harden(&strict().reversed(), Template::Itself, &pod).unwrap();
        prop_assert_eq!(hardened(&pod).object, reversed.object);
    }

    #[test]
    fn what_the_api_server_accepts_it_accepts_hardened(pod in pods::pod()) {
        prop_assume!(refusal(&pod).is_none());
        let hardened = hardened(&pod);
        prop_assert_eq!(refusal(&hardened.object), None, "{:#?}", hardened.patch);
    }

    #[test]
    fn what_the_author_adds_is_not_dropped(pod in pods::pod()) {
        let hardened = hardened(&pod);
        for (before, after) in containers(&pod).into_iter().zip(containers(&hardened.object)) {
            let list = |of: &Value, name| names(&of["securityContext"]["capabilities"][name]);
            let new = list(after, "drop").into_iter().filter(|name| !list(before, "drop").contains(name));
            for name in new {
                prop_assert!(!list(before, "add").iter().any(|added| bare(added) == bare(&name)), "{name}");
            }
        }
    }

    #[test]
    fn a_rule_writes_only_the_fields_that_it_declares(pod in pods::pod()) {
        for line in hardened(&pod).said {
            let Some((who, what)) = line.split_once(": set ") else { continue };
            let rule = find(who.split(' ').next().unwrap()).unwrap();
            let field = what.split(' ').next().unwrap();
            prop_assert!(rule.writes.iter().any(|declared| declared.to_string() == field), "{line}");
        }
    }

    #[test]
    fn every_rule_speaks_of_every_container(pod in pods::pod()) {
        let said = hardened(&pod).said;
        for (rule, _) in strict().rules() {
            for container in containers(&pod) {
                let name = container["name"].as_str().unwrap();
                let of = |line: &String| line.starts_with(rule.id) && line.contains(&format!(" {name}: "));
                prop_assert!(said.iter().any(of), "{} is silent of {name}", rule.id);
            }
        }
    }

    #[test]
    fn a_template_is_hardened_as_the_pod_that_is_made_of_it(pod in pods::pod()) {
        let template = json!({"metadata": pod["metadata"], "spec": pod["spec"]});
        let job = json!({"kind": "CronJob", "spec": {"jobTemplate": {"spec": {"template": template}}}});
        let job = harden(&strict(), Template::JobSpec, &job).unwrap();
        let pod = hardened(&pod);
        prop_assert_eq!(&job.object["spec"]["jobTemplate"]["spec"]["template"]["spec"], &pod.object["spec"]);
    }
}

/// Sets one value, making the objects on the way; an entry where a list ends the way. Independent of the patch.
fn set(object: &mut Value, pointer: &str, value: &Value) {
    let mut at = object;
    for name in pointer.split('/').skip(1) {
        if at.is_null() {
            *at = Value::Object(Map::new());
        }
        at = match at {
            Value::Array(list) => &mut list[name.parse::<usize>().unwrap()],
            other => &mut other[name],
        };
    }
    match (at, pointer.ends_with("/drop")) {
        (Value::Array(list), true) => list.push(value.clone()),
        (at, true) => *at = json!([value]),
        (at, false) => *at = value.clone(),
    }
}

fn containers(pod: &Value) -> Vec<&Value> {
    let lists = ["initContainers", "containers"].map(|list| pod["spec"][list].as_array());
    lists.into_iter().flatten().flatten().collect()
}

fn names(list: &Value) -> Vec<String> {
    let names = list.as_array().into_iter().flatten();
    names
        .map(|name| name.as_str().unwrap().to_owned())
        .collect()
}

fn bare(capability: &str) -> String {
    capability
        .to_uppercase()
        .trim_start_matches("CAP_")
        .to_owned()
}

/// Why the API server refuses a pod, as far as the fields of the rules go: V1, V2, V7, W1. The real one judges in
/// `tests/apiserver.rs`.
fn refusal(pod: &Value) -> Option<&'static str> {
    let windows = pod["spec"]["os"]["name"] == "windows";
    for container in containers(pod) {
        let context = &container["securityContext"];
        let escalates = context["allowPrivilegeEscalation"] == false;
        if escalates && context["privileged"] == true {
            return Some("V1");
        }
        if escalates && names(&context["capabilities"]["add"]).contains(&"CAP_SYS_ADMIN".to_owned())
        {
            return Some("V2");
        }
        let linux = [
            "allowPrivilegeEscalation",
            "capabilities",
            "seccompProfile",
            "privileged",
            "runAsUser",
        ];
        if windows && linux.iter().any(|field| !context[*field].is_null()) {
            return Some("W1");
        }
        let name = container["name"].as_str().unwrap();
        let key = format!("container.seccomp.security.alpha.kubernetes.io/{name}");
        if differs(
            &pod["metadata"]["annotations"][&key],
            &context["seccompProfile"],
        ) {
            return Some("V7");
        }
    }
    let context = &pod["spec"]["securityContext"];
    if windows && (!context["seccompProfile"].is_null() || !context["runAsUser"].is_null()) {
        return Some("W1");
    }
    let annotation = &pod["metadata"]["annotations"]["seccomp.security.alpha.kubernetes.io/pod"];
    differs(annotation, &context["seccompProfile"]).then_some("V7")
}

fn differs(annotation: &Value, field: &Value) -> bool {
    let (Some(annotation), Some(kind)) = (annotation.as_str(), field["type"].as_str()) else {
        return false;
    };
    match kind {
        "RuntimeDefault" => !["runtime/default", "docker/default"].contains(&annotation),
        "Unconfined" => annotation != "unconfined",
        _ => !annotation.starts_with("localhost/"),
    }
}
