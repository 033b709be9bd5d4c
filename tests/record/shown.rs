//! What records show of a pod: nothing that is secret, and nothing by which somebody forges them.

use pod_hardener::admission::Mode;
use pod_hardener::config::Settings;
use serde_json::{Value, json};

use crate::records::{Answered, ask, listed, listed_by_line, set_by_annotation};

const SECRET: &str = "hunter2-marked";

/// Every text of an answer but the patch, which has what was set.
fn texts(asked: &Answered) -> Vec<String> {
    let mut texts = vec![
        asked.response["warnings"].to_string(),
        asked.response["auditAnnotations"].to_string(),
        asked.text.clone(),
        asked.summary.to_string(),
    ];
    texts.extend(asked.annotation().map(str::to_owned));
    texts
}

fn each(object: &Value, check: impl Fn(Answered)) {
    let settings = Settings::embedded();
    for mode in Mode::ALL {
        for profile in settings.profile_names() {
            check(ask(&settings, mode, profile, object));
        }
    }
}

#[test]
fn no_secret_is_in_any_record() {
    let key = "cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes";
    let container = |name: &str| {
        json!({"name": name, "image": "web:1",
            "command": ["sh", "-c", SECRET], "args": [format!("--password={SECRET}")],
            "env": [{"name": "PASSWORD", "value": SECRET}, {"name": SECRET, "value": "x"}],
            "livenessProbe": {"exec": {"command": [SECRET]}},
            "lifecycle": {"preStop": {"exec": {"command": [SECRET]}}}})
    };
    let object = json!({
        "metadata": {"name": "app", "annotations": {"token": SECRET, key: SECRET, "mine": SECRET},
            "labels": {"secret": SECRET}},
        "spec": {"initContainers": [container("init")], "containers": [container("web"), container("db")],
            "volumes": [{"name": "v", "csi": {"driver": "x", "volumeAttributes": {"password": SECRET}}}],
            "imagePullSecrets": [{"name": SECRET}]},
    });
    each(&object, |asked| {
        for text in texts(&asked) {
            assert!(!text.contains(SECRET), "{text}");
        }
    });
}

/// Letters that forge lists, lines, brackets and terminals, wherever the cluster's strings come from.
const FORGED: [&str; 8] = [
    "a\nprofile=strict config=forged",
    "a\u{1b}[31m\u{1b}]0;x\u{7}",
    "a, b; no-privilege-escalation: fake",
    "a\",\"outcome\":\"forged\",\"x\":\"",
    "a (forged); x: y",
    "a\u{202e}\u{9b}31m\u{2028}",
    "a=deadbeef b,c",
    "\u{0}\r\n",
];

#[test]
fn strings_of_the_cluster_forge_nothing() {
    for forged in FORGED {
        let object = json!({
            "metadata": {"name": forged, "generateName": forged, "namespace": forged,
                "annotations": {forged: forged, "except.pod-hardener.io/probes": forged},
                "labels": {forged: forged},
                "ownerReferences": [{"kind": forged, "name": forged, "controller": true}]},
            "spec": {"containers": [
                {"name": forged, "image": forged, "securityContext": {"seccompProfile": {"type": "Localhost", "localhostProfile": forged},
                    "capabilities": {"add": [forged], "drop": [forged]}}},
                {"name": "web", "image": forged, "resources": {"limits": {"cpu": forged}}}],
                "securityContext": {"sysctls": [{"name": forged, "value": forged}]},
                "serviceAccountName": forged, "runtimeClassName": forged,
                "volumes": [{"name": forged, "emptyDir": {}}]},
        });
        let mut owned = object.clone();
        owned["metadata"]
            .as_object_mut()
            .unwrap()
            .remove("ownerReferences");
        for object in [object, owned] {
            each(&object, |asked| {
                // The keys of the patch and of JSON itself are no strings of the cluster.
                assert_eq!(asked.text.matches('\n').count(), 1);
                for text in texts(&asked) {
                    let mut all = text.trim_end().chars();
                    assert!(
                        all.all(|c| c == '\n' || (c.is_ascii() && !c.is_ascii_control())),
                        "{text:?}"
                    );
                    assert!(
                        !text.contains("outcome\":\"forged")
                            && !text.contains("\\n")
                            && !text.contains("\\u"),
                        "{text:?}"
                    );
                }
                if let Some(text) = asked.annotation() {
                    let (headers, set) = set_by_annotation(text);
                    assert_eq!(headers.len(), 1);
                    assert_eq!(set, crate::records::set_by_line(&asked.line));
                }
                for (key, of_line, result) in crate::records::KEYS {
                    assert_eq!(asked.audited(key), asked.line[of_line]);
                    assert_eq!(
                        listed(asked.audited(key)),
                        listed_by_line(&asked.line, result)
                    );
                }
            });
        }
    }
}
