//! Exceptions as a whole answer shows them: those of a pod's author, overrides, and a configuration that is switched off.

use base64::Engine;
use pod_hardener::admission::{Mode, answer};
use pod_hardener::config::Settings;
use pod_hardener::plan::Facts;
use serde_json::{Value, json};

use crate::support::settings;

const TEXT: &str = "version = 1
[profiles.mine]
extends = \"compatible\"
authors-may-except = [\"!no-privilege-escalation\"]
";

struct Answered {
    /// Whether the patch holds these words.
    patch: String,
    warnings: Vec<String>,
    audit: Value,
    outcome: &'static str,
}

fn answered(settings: &Settings, mode: Mode, review: &Value) -> Answered {
    let answer = answer(
        settings,
        mode,
        "mine",
        &Facts::default(),
        review.to_string().as_bytes(),
    );
    let answer = answer.unwrap();
    let reply: Value = serde_json::from_slice(&answer.body).unwrap();
    let response = &reply["response"];
    assert_eq!(response["allowed"], true);
    let patch = response["patch"].as_str().map(|patch| {
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(patch)
            .unwrap();
        String::from_utf8(bytes).unwrap()
    });
    let warnings = response["warnings"].as_array().into_iter().flatten();
    Answered {
        patch: patch.unwrap_or_default(),
        warnings: warnings
            .map(|text| text.as_str().unwrap().to_owned())
            .collect(),
        audit: response["auditAnnotations"].clone(),
        outcome: answer.record.outcome,
    }
}

fn review(annotations: &Value) -> Value {
    json!({
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {
            "uid": "1", "kind": {"group": "", "version": "v1", "kind": "Pod"}, "operation": "CREATE", "namespace": "shop",
            "object": {
                "kind": "Pod",
                "metadata": {"annotations": annotations},
                "spec": {"containers": [{"name": "web", "image": "nginx"}]},
            },
        },
    })
}

#[test]
fn an_author_excepts_a_rule_with_a_reason_where_the_profile_lets_authors_do_so() {
    let settings = settings(TEXT);
    let all = answered(&settings, Mode::Harden, &review(&json!({})));
    assert!(all.patch.contains("seccompProfile") && all.patch.contains("allowPrivilegeEscalation"));
    for (key, reason, gone, said) in [
        (
            "runtime-default-seccomp",
            "its JIT needs a call that is filtered",
            true,
            "excepted by its annotation, \"its JIT needs a call that is filtered\": runtime-default-seccomp",
        ),
        (
            "runtime-default-seccomp",
            " ",
            false,
            "not excepted, since its annotation gives no reason: runtime-default-seccomp",
        ),
        (
            "no-privilege-escalation",
            "because",
            false,
            "not excepted, since the profile does not let authors do so: no-privilege-escalation",
        ),
        (
            "seccomp",
            "because",
            false,
            "its annotation excepts it from a rule that there is not: seccomp",
        ),
    ] {
        let review = review(&json!({format!("except.pod-hardener.io/{key}"): reason}));
        let answered = answered(&settings, Mode::Harden, &review);
        assert_eq!(
            !answered.patch.contains("seccompProfile"),
            gone,
            "{key}: {reason}"
        );
        assert!(
            answered.patch.contains("allowPrivilegeEscalation"),
            "{key}: {reason}"
        );
        let warning = format!("pod-hardener mine: the pod: {said}");
        assert!(
            answered.warnings.contains(&warning),
            "{warning} in {:?}",
            answered.warnings
        );
        let excepted = answered.audit["excepted"].as_str().unwrap();
        assert!(
            (excepted.contains(reason.trim()) || excepted.contains(key))
                && excepted.contains("(pod)"),
            "{excepted}"
        );
    }
}

#[test]
fn all_stands_for_every_rule_that_may_be_excepted() {
    let review = review(&json!({"except.pod-hardener.io/all": "it is on its way out"}));
    let answered = answered(&settings(TEXT), Mode::Harden, &review);
    assert!(
        answered.patch.contains("allowPrivilegeEscalation"),
        "{}",
        answered.patch
    );
    assert!(!answered.patch.contains("seccomp") && !answered.patch.contains("resources"));
    assert_eq!(answered.warnings.len(), 2, "{:?}", answered.warnings);
}

#[test]
fn a_crowd_of_names_that_are_no_rules_hides_nothing() {
    let mut annotations: serde_json::Map<String, Value> = (0..20_000)
        .map(|n| (format!("except.pod-hardener.io/a{n:05}"), json!("x")))
        .collect();
    let key = "except.pod-hardener.io/drop-capabilities".to_owned();
    annotations.insert(key, json!("it must"));
    let answered = answered(&settings(TEXT), Mode::Harden, &review(&json!(annotations)));
    assert!(!answered.patch.contains("drop"));
    assert_eq!(
        answered.audit["excepted"],
        "drop-capabilities: (pod) (author: it must); except: (pod) (there is no such rule: a00000)"
    );
}

#[test]
fn of_a_rule_by_its_name_and_of_all_there_is_one_verdict() {
    let review = review(&json!({
        "except.pod-hardener.io/all": "on its way out",
        "except.pod-hardener.io/probes": " ",
    }));
    let answered = answered(&settings(TEXT), Mode::Harden, &review);
    let excepted = answered.audit["excepted"].as_str().unwrap();
    assert_eq!(excepted.matches("probes").count(), 1, "{excepted}");
    assert!(excepted.contains("probes: (pod) (author: on its way out)"));
}

#[test]
fn all_stands_for_what_an_override_switches_on_too() {
    let text = format!(
        "{TEXT}[[overrides]]\nreason = \"again\"\nnamespaces = [\"shop\"]\nrun-as-high-uid.enabled = true\n"
    );
    let review = review(&json!({"except.pod-hardener.io/all": "it is root"}));
    let answered = answered(&settings(&text), Mode::Harden, &review);
    assert!(!answered.patch.contains("runAsUser"), "{}", answered.patch);
    let excepted = answered.audit["excepted"].as_str().unwrap();
    assert!(
        excepted.contains("run-as-high-uid: (pod) (author: it is root)"),
        "{excepted}"
    );
    assert!(!excepted.contains("override"), "{excepted}");
    assert!(
        !excepted.contains("read-only"),
        "a rule that is off anyway: {excepted}"
    );
}

#[test]
fn what_an_author_is_excepted_from_no_override_switches_on() {
    let text = format!(
        "{TEXT}[[overrides]]\nreason = \"again\"\nimages = [\"nginx\"]\nruntime-default-seccomp.enabled = true\n"
    );
    let review = review(&json!({"except.pod-hardener.io/runtime-default-seccomp": "a JIT"}));
    let answered = answered(&settings(&text), Mode::Harden, &review);
    assert!(!answered.patch.contains("seccomp"), "{}", answered.patch);
}

#[test]
fn an_override_is_in_the_patch_the_warnings_and_the_audit_annotations() {
    let text = format!(
        "{TEXT}[[overrides]]\nreason = \"a JIT, see ticket 7\"\nimages = [\"nginx\"]\nruntime-default-seccomp.enabled = false\n"
    );
    let settings = settings(&text);
    let hardened = answered(&settings, Mode::Harden, &review(&json!({})));
    assert!(!hardened.patch.contains("seccomp"));
    let warning = "pod-hardener mine: container web: overridden, \"a JIT, see ticket 7\": runtime-default-seccomp";
    assert!(
        hardened.warnings.iter().any(|said| said == warning),
        "{:?}",
        hardened.warnings
    );
    assert_eq!(
        hardened.audit["excepted"],
        "runtime-default-seccomp: web (override: a JIT, see ticket 7)"
    );
    let shadow = answered(&settings, Mode::Audit, &review(&json!({})));
    assert_eq!(shadow.audit["excepted"], hardened.audit["excepted"]);
}

#[test]
fn reasons_cannot_forge_a_record() {
    let reason = "x\u{1b}[31m; set: web\nWarning: all is well\", really";
    let review = review(&json!({"except.pod-hardener.io/probes": reason}));
    let answered = answered(&settings(TEXT), Mode::Harden, &review);
    let excepted = answered.audit["excepted"].as_str().unwrap();
    let warnings = answered.warnings.iter().map(String::as_str);
    for text in warnings.chain([excepted]) {
        assert!(!text.contains(['\u{1b}', '\n', ';']), "{text:?}");
        assert!(text.matches('"').count() <= 2, "{text:?}");
    }
}

#[test]
fn a_configuration_that_is_switched_off_admits_everything_and_says_so() {
    let settings =
        settings("version = 1\nenabled = false\n[profiles.mine]\nextends = \"strict\"\n");
    for mode in [Mode::Harden, Mode::Audit, Mode::Preview] {
        let answered = answered(&settings, mode, &review(&json!({})));
        assert_eq!(
            (answered.patch.as_str(), answered.outcome),
            ("", "disabled")
        );
        assert_eq!(answered.audit["disabled"], "by the configuration");
        assert_eq!(answered.warnings.len(), 1);
    }
    // Not even a path that names no profile is in the way.
    let body = review(&json!({})).to_string();
    let answer = answer(
        &settings,
        Mode::Harden,
        "gone",
        &Facts::default(),
        body.as_bytes(),
    )
    .unwrap();
    assert_eq!(
        answer.record.profile, "",
        "no client chooses a label of a metric"
    );
}
