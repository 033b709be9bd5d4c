//! What the admission function answers to each kind of request.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]
#![allow(missing_docs, reason = "tests")]

use base64::Engine;
use pod_hardener::admission::{Answer, Failure, Mode, answer};
use pod_hardener::config::Settings;
use pod_hardener::plan::Facts;
use serde_json::{Value, json};

fn ask(mode: Mode, profile: &str, body: &[u8]) -> Result<Answer, Failure> {
    answer(
        &Settings::embedded(),
        mode,
        profile,
        &Facts::default(),
        body,
    )
}

fn review(operation: &str, kind: &str, object: &Value) -> Value {
    let group = match kind {
        "Pod" | "Service" => "",
        "CronJob" => "batch",
        _ => "apps",
    };
    json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "u-1", "operation": operation, "namespace": "shop",
        "kind": {"group": group, "version": "v1", "kind": kind}, "object": object,
    }})
}

fn pod() -> Value {
    json!({"metadata": {"name": "app"}, "spec": {"containers": [{"name": "web", "image": "web:1"}]}})
}

/// The response, with the patch decoded.
fn respond(mode: Mode, review: &Value) -> Value {
    let answer = ask(mode, "strict", review.to_string().as_bytes()).unwrap();
    let mut response = serde_json::from_slice::<Value>(&answer.body).unwrap()["response"].take();
    assert_eq!(response["uid"], "u-1");
    assert_eq!(response["allowed"], true);
    assert_eq!(
        response.get("patch").is_some(),
        response.get("patchType").is_some(),
        "J2"
    );
    if let Some(patch) = response.get_mut("patch") {
        let decoded = base64::engine::general_purpose::STANDARD
            .decode(patch.as_str().unwrap())
            .unwrap();
        *patch = serde_json::from_slice(&decoded).unwrap();
    }
    response
}

#[test]
fn a_new_pod_is_patched() {
    let response = respond(Mode::Harden, &review("CREATE", "Pod", &pod()));
    assert_eq!(response["patchType"], "JSONPatch");
    let paths = response["patch"]
        .as_array()
        .unwrap()
        .iter()
        .map(|operation| &operation["path"]);
    assert!(
        paths
            .clone()
            .any(|path| path == "/spec/containers/0/securityContext")
    );
    assert!(
        paths
            .clone()
            .any(|path| path == "/spec/automountServiceAccountToken")
    );
    assert_eq!(response["auditAnnotations"]["profile"], "strict");
}

#[test]
fn audit_and_preview_never_patch() {
    for mode in [Mode::Audit, Mode::Preview] {
        let response = respond(mode, &review("CREATE", "Pod", &pod()));
        assert_eq!(response.get("patch"), None);
    }
}

#[test]
fn audit_warns_of_what_would_be_set_and_preview_does_not() {
    let warnings = |mode| respond(mode, &review("CREATE", "Pod", &pod()))["warnings"].clone();
    let said = [
        "probes stepped back: there is no livenessProbe and no readinessProbe, and only the author knows what tells that the \
         program works",
        "no-privilege-escalation would set securityContext.allowPrivilegeEscalation: false; write your own to differ",
        "run-as-high-uid would set securityContext.runAsUser: 10001, securityContext.runAsNonRoot: true; write your own to \
         differ",
        "cpu-resources would set resources.requests.cpu: 10m, resources.limits.cpu: 1; write your own to differ",
    ];
    let mut said = said
        .map(|text| format!("pod-hardener strict: container web: {text}"))
        .to_vec();
    assert_eq!(warnings(Mode::Preview), json!([said[0]]));
    said.push(
        "pod-hardener strict: and 5 more, all in the API server's audit log: runtime-default-seccomp, memory-resources, \
         drop-capabilities, read-only-root-filesystem, no-service-account-token"
            .to_owned(),
    );
    assert_eq!(warnings(Mode::Audit), json!(said));
}

/// The value of an annotation may be an author's in part: it is not shown.
#[test]
fn a_warning_shows_no_value_of_an_annotation() {
    let mut object = pod();
    let key = "cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes";
    object["metadata"]["annotations"] = json!({ key: "hunter2" });
    object["spec"]["containers"][0]["securityContext"] = json!({"allowPrivilegeEscalation": false,
        "runAsUser": 10001, "runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"},
        "capabilities": {"drop": ["ALL"]}});
    object["spec"]["containers"][0]["resources"] =
        json!({"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "1", "memory": "1Gi"}});
    // Short names, so that the value is not cut off.
    object["spec"]["containers"][0]["name"] = json!("w");
    let settings = Settings::parse(
        "version = 1
[profiles.s]
extends = \"strict\"
",
        "test",
    )
    .unwrap();
    let body = review("CREATE", "Pod", &object).to_string();
    let answer = answer(
        &settings,
        Mode::Audit,
        "s",
        &Facts::default(),
        body.as_bytes(),
    )
    .unwrap();
    let warnings = String::from_utf8(answer.body).unwrap();
    assert!(warnings.contains(key), "{warnings}");
    assert!(!warnings.contains("hunter2"), "{warnings}");
}

#[test]
fn an_unsafe_choice_and_a_step_back_are_warned_of_in_every_mode() {
    let mut object = pod();
    object["spec"]["containers"][0]["securityContext"] =
        json!({"privileged": true, "allowPrivilegeEscalation": true});
    for mode in [Mode::Harden, Mode::Audit, Mode::Preview] {
        let warnings = respond(mode, &review("CREATE", "Pod", &object))["warnings"].to_string();
        assert!(
            warnings.contains("allowPrivilegeEscalation: true is kept, as written"),
            "{warnings}"
        );
        assert!(
            warnings.contains("stepped back: the container is privileged"),
            "{warnings}"
        );
    }
}

#[test]
fn a_controllers_pod_gets_no_warnings() {
    let mut object = pod();
    object["metadata"]["ownerReferences"] =
        json!([{"kind": "ReplicaSet", "name": "r", "controller": true}]);
    object["spec"]["containers"][0]["securityContext"] = json!({"allowPrivilegeEscalation": true});
    let response = respond(Mode::Harden, &review("CREATE", "Pod", &object));
    assert_eq!(response.get("warnings"), None);
    assert_eq!(
        response["auditAnnotations"]["kept"],
        "no-privilege-escalation: web (true)"
    );
}

#[test]
fn names_out_of_the_cluster_cannot_forge_a_warning() {
    let mut object = pod();
    object["spec"]["containers"][0]["name"] = json!("web\n\u{1b}[31m, db; fake: x \u{202e}");
    let response = respond(Mode::Audit, &review("CREATE", "Pod", &object));
    for text in [
        response["warnings"].as_array().unwrap()[0].clone(),
        response["auditAnnotations"]["set"].clone(),
    ] {
        let text = text.as_str().unwrap();
        assert!(
            text.chars().all(|c| c.is_ascii() && !c.is_ascii_control()),
            "{text:?}"
        );
        assert!(text.contains("web???31m??db??fake"), "{text}");
    }
}

#[test]
fn a_reply_warns_at_most_five_times() {
    let capabilities =
        ["NET_RAW", "MKNOD", "SETFCAP", "AUDIT_WRITE"].map(|name| json!({"add": [name]}));
    let mut object = pod();
    object["spec"]["containers"] = capabilities
        .iter()
        .enumerate()
        .map(
            |(i, list)| json!({"name": format!("c{i}"), "securityContext": {"capabilities": list}}),
        )
        .collect();
    let response = respond(Mode::Audit, &review("CREATE", "Pod", &object));
    let warnings = response["warnings"].as_array().unwrap();
    assert_eq!(warnings.len(), 5);
    let last = warnings[4].as_str().unwrap();
    assert!(
        last.starts_with("pod-hardener strict: and 10 more, all in the API server's audit log: "),
        "{last}"
    );
    assert!(last.len() <= 240, "{last}");
}

#[test]
fn only_new_ephemeral_containers_are_patched() {
    let mut object = pod();
    object["spec"]["ephemeralContainers"] = json!([{"name": "old"}, {"name": "new"}]);
    let mut review = review("UPDATE", "Pod", &object);
    review["request"]["subResource"] = json!("ephemeralcontainers");
    review["request"]["oldObject"] = json!({"spec": {"ephemeralContainers": [{"name": "old"}]}});
    let patch = respond(Mode::Harden, &review)["patch"].clone();
    assert_eq!(patch.as_array().unwrap().len(), 1);
    assert_eq!(
        patch[0]["path"],
        "/spec/ephemeralContainers/1/securityContext"
    );
}

#[test]
fn what_no_rule_speaks_of_is_left_as_it_is_and_says_so() {
    let mut resize = review("UPDATE", "Pod", &pod());
    resize["request"]["subResource"] = json!("resize");
    let requests = [
        review("UPDATE", "Pod", &pod()),
        review("DELETE", "Pod", &Value::Null),
        review(
            "CREATE",
            "Deployment",
            &json!({"spec": {"template": pod()}}),
        ),
        review("CREATE", "Service", &json!({"spec": {}})),
        review("CREATE", "Pod", &json!({"metadata": {}})),
        resize,
    ];
    for request in requests {
        let response = respond(Mode::Harden, &request);
        assert_eq!(response.get("patch"), None, "{request}");
        assert!(
            response["auditAnnotations"]["skipped"].is_string(),
            "{request}"
        );
    }
}

#[test]
fn the_templates_of_workloads_are_audited_and_previewed() {
    let mut template = pod();
    template["spec"]["containers"][0]["securityContext"] =
        json!({"allowPrivilegeEscalation": true});
    for (kind, object) in [
        ("Deployment", json!({"spec": {"template": template}})),
        (
            "CronJob",
            json!({"spec": {"jobTemplate": {"spec": {"template": template}}}}),
        ),
    ] {
        for mode in [Mode::Audit, Mode::Preview] {
            let response = respond(mode, &review("CREATE", kind, &object));
            assert!(
                response["warnings"]
                    .to_string()
                    .contains("is kept, as written"),
                "{kind}: {response}"
            );
        }
    }
}

/// They are cut out of the text before it is read: docs/decisions/0017-managed-fields-are-cut-out.md.
#[test]
fn managed_fields_change_nothing_whatever_is_in_them() {
    let expected = ask(
        Mode::Harden,
        "strict",
        review("CREATE", "Pod", &pod()).to_string().as_bytes(),
    )
    .unwrap()
    .body;
    for fields in [
        json!([]),
        json!(null),
        json!([{"manager": "kubectl", "fieldsV1": {"f:spec": {"k:{\"name\":\"web\"}": {".": {}}}}}]),
        json!([{"a": [{"b": [1, "]"]}, []]}, "c"]),
        json!([{"a": "]", "b": "\\", "c": "\\\"]", "d": ["}],\"spec\":{\"containers\":[]}}"]}]),
        json!([{"a": "},\"spec\":{},\"x\":[", "b": ",\"managedFields\":[", "managedFields": [[]]}]),
    ] {
        let mut pod = pod();
        // Behind another key, as the API server writes it, and before all others.
        for key in ["managedFields", "z"] {
            pod["metadata"][key] = fields.clone();
            let body = review("CREATE", "Pod", &pod).to_string();
            let body = body.replace("\"z\":", "\"managedFields\":");
            let answer = ask(Mode::Harden, "strict", body.as_bytes()).unwrap();
            assert_eq!(answer.body, expected, "{body}");
        }
    }
}

#[test]
fn what_cannot_be_read_is_a_failure_that_names_its_cause() {
    let good = review("CREATE", "Pod", &pod());
    let mut old = good.clone();
    old["apiVersion"] = json!("admission.k8s.io/v1beta1");
    let mut typed = good.clone();
    typed["request"]["object"]["spec"]["containers"][0]["securityContext"] =
        json!({"privileged": "hunter2"});
    let failures = [
        (b"".to_vec(), "unreadable", "not one whole JSON document"),
        (b"\xff\xfe".to_vec(), "unreadable", "not UTF-8 from byte 0"),
        (
            format!("{good}{good}").into_bytes(),
            "unreadable",
            "not one whole JSON document",
        ),
        (typed.to_string().into_bytes(), "unreadable", "another type"),
        (
            old.to_string().into_bytes(),
            "version",
            "admissionReviewVersions: [v1]",
        ),
        (b"{}".to_vec(), "no-review", "no AdmissionReview"),
        (
            json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview"})
                .to_string()
                .into_bytes(),
            "no-review",
            "no `request`",
        ),
        (
            review("CREATE", "Pod", &Value::Null)
                .to_string()
                .into_bytes(),
            "no-review",
            "`object` is null",
        ),
    ];
    for (body, reason, text) in failures {
        let failure = ask(Mode::Harden, "strict", &body).unwrap_err();
        assert_eq!(failure.reason(), reason);
        assert!(failure.to_string().contains(text), "{failure}");
        assert!(
            !failure.to_string().contains("hunter2"),
            "no value of the object is shown"
        );
    }
}

#[test]
fn an_unknown_profile_is_a_failure_that_lists_the_known_ones() {
    let failure = ask(Mode::Harden, "stict\n", b"").unwrap_err();
    assert_eq!(
        failure.to_string(),
        "there is no profile `stict\\n` in the configuration: it has compatible, restricted, strict; \
         correct the webhook's path"
    );
}

#[test]
fn depth_and_length_are_no_way_to_a_panic() {
    let deep = "[".repeat(100_000);
    assert_eq!(
        ask(Mode::Harden, "strict", deep.as_bytes())
            .unwrap_err()
            .reason(),
        "unreadable"
    );
    let number = format!("{{\"request\":{}}}", "9".repeat(1_000_000));
    assert_eq!(
        ask(Mode::Harden, "strict", number.as_bytes())
            .unwrap_err()
            .reason(),
        "unreadable"
    );
}
