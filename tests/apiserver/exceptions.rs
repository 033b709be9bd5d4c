//! What an override, a pod's author, and a configuration that is switched off ask for, as the API server stores and shows it.

use libtest_mimic::Failed;
use pod_hardener::config::Settings;
use serde_json::Value;

use crate::audited::audited;
use crate::cluster::{Registered, kubectl, namespace};
use crate::control_plane::ControlPlane;
use crate::webhook::{LABEL, Webhook};

const CONFIGURATION: &str = r#"version = 1
[[overrides]]
reason = "its cache, see ticket 7"
images = ["nginx"]
namespaces = ["excepted"]
run-as-high-uid.uid = "image"
read-only-root-filesystem.writable-paths = ["/var/cache/nginx"]
"#;

const ANNOTATION: &str = "except.pod-hardener.io/runtime-default-seccomp=its JIT is filtered";

pub(super) fn stored(plane: &ControlPlane) -> Result<(), Failed> {
    let settings = Settings::parse(CONFIGURATION, "test.toml")?;
    let webhook = Webhook::start_with(settings);
    let _registered = Registered::new(plane, &webhook.registration())?;
    namespace(plane, "excepted", &[(LABEL, "strict")])?;
    let image = "--image=docker.io/library/nginx:1.27";
    let annotations = format!("--annotations={ANNOTATION}");
    let output = plane.kubectl(&["run", "web", image, &annotations, "-n", "excepted"])?;
    let said = String::from_utf8(output.stderr)?;
    assert!(output.status.success(), "{said}");
    for warning in [
        "Warning: pod-hardener strict: container web: run-as-high-uid, read-only-root-filesystem overridden: its cache, see ticket 7",
        "Warning: pod-hardener strict: the pod: excepted from runtime-default-seccomp by its annotation: its JIT is filtered",
    ] {
        assert!(said.contains(warning), "{said}");
    }

    let pod = kubectl(
        plane,
        &["get", "pod", "web", "-n", "excepted", "-o", "json"],
    )?;
    let pod: Value = serde_json::from_str(&pod)?;
    let container = &pod["spec"]["containers"][0];
    let context = &container["securityContext"];
    assert_eq!(context["runAsUser"], Value::Null, "{context:#}");
    assert_eq!(context["runAsNonRoot"], true, "{context:#}");
    assert_eq!(context["seccompProfile"], Value::Null, "{context:#}");
    let mounts = container["volumeMounts"].as_array().ok_or("no mounts")?;
    for path in ["/tmp", "/var/cache/nginx"] {
        assert!(
            mounts.iter().any(|mount| mount["mountPath"] == path),
            "{mounts:#?}"
        );
    }

    let annotations = audited(plane, "excepted")?;
    assert_eq!(
        annotations["strict.pod-hardener.io/excepted"],
        "run-as-high-uid: web (override: its cache, see ticket 7); \
         read-only-root-filesystem: web (override: its cache, see ticket 7); \
         runtime-default-seccomp: (pod) (author: its JIT is filtered)"
    );
    switched_off(plane)
}

/// The same namespace, and a configuration that is switched off.
fn switched_off(plane: &ControlPlane) -> Result<(), Failed> {
    let settings = Settings::parse("version = 1\nenabled = false\n", "test.toml")?;
    let webhook = Webhook::start_with(settings);
    let _registered = Registered::new(plane, &webhook.registration())?;
    let output = plane.kubectl(&[
        "run",
        "other",
        "--image=nginx",
        "-n",
        "excepted",
        "-o",
        "json",
    ])?;
    let said = String::from_utf8(output.stderr)?;
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains("Warning: pod-hardener is switched off by its configuration"),
        "{said}"
    );
    let pod: Value = serde_json::from_slice(&output.stdout)?;
    assert_eq!(pod["spec"]["containers"][0]["securityContext"], Value::Null);
    Ok(())
}
