//! Every record of a generated pod, against what was set.

use std::sync::LazyLock;

use pod_hardener::admission::Mode;
use pod_hardener::config::Settings;
use pod_hardener::object::Template;
use pod_hardener::plan::Facts;
use pod_hardener::record::schema;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;

use crate::records::{
    KEYS, ask, listed, listed_by_line, planned_set, set_by_annotation, set_by_line,
};
use crate::{harden, json_schema, pods};

fn settings() -> &'static Settings {
    static READ: LazyLock<Settings> = LazyLock::new(|| {
        let text = format!("{}{}", pod_hardener::config::EMBEDDED, pods::EVERYTHING);
        Settings::parse(&text, "everything").unwrap_or_else(|error| panic!("{error}"))
    });
    &READ
}

/// A profile of them.
fn profile() -> impl Strategy<Value = String> {
    let names: Vec<String> = settings().profile_names().map(str::to_owned).collect();
    select(names)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_annotation_and_the_log_say_what_was_set_and_the_hashes_are_of_it(pod in pods::pod(), profile in profile()) {
        let settings = settings();
        let asked = ask(settings, Mode::Harden, &profile, &pod);
        let planned = harden::harden_by(
            Some(settings), harden::NAMESPACE, &Facts::default(), settings.profile(&profile).unwrap(), Template::Itself, &pod,
        ).unwrap();
        let expected = planned_set(&planned);
        prop_assert_eq!(&set_by_line(&asked.line), &expected);
        match asked.line["annotation"].as_str().unwrap() {
            "written" => {
                let (headers, set) = set_by_annotation(asked.annotation().unwrap());
                prop_assert_eq!(headers, [format!("profile={profile} config={}", settings.version())]);
                prop_assert_eq!(set, expected);
            }
            "silent" => prop_assert!(expected.is_empty() && asked.annotation().is_none()),
            "full" => prop_assert!(asked.annotation().is_none() && !asked.audited("annotation").is_empty()),
            other => prop_assert!(false, "{other}"),
        }
        // What else the pod has is what the plan says, and no more.
        let (mut without, mut object) = (asked.pod.clone(), planned.object);
        take_out(&mut without, &pod, &object);
        object["metadata"]["annotations"] = object["metadata"]["annotations"].take();
        prop_assert_eq!(without, object);
    }

    #[test]
    fn the_audit_annotations_and_both_forms_of_the_log_agree(pod in pods::pod(), profile in profile(), mode in select(Mode::ALL.to_vec())) {
        let asked = ask(settings(), mode, &profile, &pod);
        for (key, of_line, result) in KEYS {
            prop_assert_eq!(asked.audited(key), asked.line[of_line].as_str().unwrap());
            prop_assert_eq!(asked.audited(key), asked.summary[of_line].as_str().unwrap());
            prop_assert_eq!(listed(asked.audited(key)), listed_by_line(&asked.line, result), "{}", key);
        }
        prop_assert_eq!(asked.audited("config"), asked.line["config"].as_str().unwrap());
        prop_assert_eq!(asked.summary.get("rules"), None);
    }

    #[test]
    fn a_line_is_as_its_schema_says(pod in pods::pod(), profile in profile(), mode in select(Mode::ALL.to_vec())) {
        let asked = ask(settings(), mode, &profile, &pod);
        for line in [&asked.line, &asked.summary] {
            let problems = json_schema::problems(&schema(), line);
            prop_assert!(problems.is_empty(), "{:#?}", problems);
        }
        prop_assert_eq!(asked.text.matches('\n').count(), 1);
    }

    /// Twice changes nothing, and the annotation of the first time stays as it is.
    #[test]
    fn hardening_twice_leaves_the_annotation_alone(pod in pods::pod(), profile in profile()) {
        let settings = settings();
        let once = ask(settings, Mode::Harden, &profile, &pod);
        let twice = ask(settings, Mode::Harden, &profile, &once.pod);
        prop_assert_eq!(twice.response.get("patch"), None);
        prop_assert_eq!(&twice.pod, &once.pod);
        prop_assert!(harden::keeps(&once.pod, &pod));
    }

    #[test]
    fn shadow_reports_exactly_what_labelling_then_sets(pod in pods::pod(), profile in profile()) {
        let settings = settings();
        let (shadow, hardened) = (ask(settings, Mode::Audit, &profile, &pod), ask(settings, Mode::Harden, &profile, &pod));
        prop_assert_eq!(shadow.response.get("patch"), None);
        prop_assert_eq!(&shadow.line["rules"], &hardened.line["rules"]);
        // Beside a weaker label, the remainder.
        let weaker = ask(settings, Mode::Harden, "compatible", &pod).pod;
        let (rest, then) = (ask(settings, Mode::Audit, &profile, &weaker), ask(settings, Mode::Harden, &profile, &weaker));
        prop_assert_eq!(&rest.line["rules"], &then.line["rules"]);
        prop_assert_eq!(set_by_line(&rest.line).is_empty(), then.pod == weaker);
    }
}

/// Takes our annotation out of a pod, and what was made to hold it.
fn take_out(pod: &mut Value, before: &Value, planned: &Value) {
    let annotations = &mut pod["metadata"]["annotations"];
    if let Some(all) = annotations.as_object_mut() {
        all.remove(crate::records::ANNOTATION);
        if all.is_empty() && !planned["metadata"]["annotations"].is_object() {
            *annotations = before["metadata"]["annotations"].clone();
        }
    }
}
