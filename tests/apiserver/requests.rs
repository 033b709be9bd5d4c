//! What people and other webhooks do: Deployments, audit, failures, debug containers, patches before and after ours.

use libtest_mimic::Failed;
use pod_hardener::config::Settings;
use serde_json::{Value, json};

use crate::audited::audited;
use crate::cluster::{Registered, kubectl, namespace, wait};
use crate::control_plane::ControlPlane;
use crate::webhook::{LABEL, Webhook, rule};
use crate::{harden, mutator};

pub(super) fn token_is_mounted(plane: &ControlPlane) -> Result<(), Failed> {
    let pod = kubectl(
        plane,
        &[
            "run",
            "plain",
            "--image=x",
            "--dry-run=server",
            "-o",
            "json",
        ],
    )?;
    let pod: Value = serde_json::from_str(&pod)?;
    let name = pod["spec"]["volumes"][0]["name"]
        .as_str()
        .unwrap_or_default();
    assert!(name.starts_with("kube-api-access-"), "{pod:#}");
    Ok(())
}

pub(super) fn deployment(plane: &ControlPlane) -> Result<(), Failed> {
    let webhook = Webhook::start();
    let _registered = Registered::new(plane, &webhook.registration())?;
    namespace(plane, "deployment", &[(LABEL, "compatible")])?;
    kubectl(
        plane,
        &[
            "create",
            "deployment",
            "web",
            "--image=registry.example/web:1",
            "-n",
            "deployment",
        ],
    )?;
    let pod = wait(|| {
        let list = kubectl(plane, &["get", "pods", "-n", "deployment", "-o", "json"])?;
        let list: Value = serde_json::from_str(&list)?;
        Ok(list["items"].get(0).cloned())
    })?;
    assert_eq!(
        pod["spec"]["containers"][0]["securityContext"],
        json!({
            "allowPrivilegeEscalation": false,
            "capabilities": {"drop": ["NET_RAW", "MKNOD", "SETFCAP", "AUDIT_WRITE"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        })
    );
    let annotations = audited(plane, "deployment")?;
    assert_eq!(
        annotations["compatible.pod-hardener.io/profile"], "compatible",
        "{annotations:#}"
    );
    assert_eq!(
        annotations["compatible.pod-hardener.io/set"],
        "no-privilege-escalation: web; cpu-resources: web; runtime-default-seccomp: web; memory-resources: web; \
         drop-capabilities: web; no-service-account-token: (pod), web"
    );
    Ok(())
}

pub(super) fn audit(plane: &ControlPlane) -> Result<(), Failed> {
    let webhook = Webhook::start();
    let registration = json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "pod-hardener-audit"},
        "webhooks": [{
            "name": "strict.audit.pod-hardener.io",
            "clientConfig": webhook.client_config("/audit/strict"),
            "namespaceSelector": {"matchLabels": {"pod-hardener.io/audit": "strict"}},
            "rules": [rule("CREATE", "pods")],
            "failurePolicy": "Fail",
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
        }],
    });
    let _registered = Registered::new(plane, &registration)?;
    namespace(plane, "audited", &[("pod-hardener.io/audit", "strict")])?;
    let args = [
        "run",
        "web",
        "--image=registry.example/web:1",
        "-n",
        "audited",
        "--dry-run=server",
        "-o",
        "json",
    ];
    let output = plane.kubectl(&args)?;
    let (pod, said) = (
        String::from_utf8(output.stdout)?,
        String::from_utf8(output.stderr)?,
    );
    assert!(
        said.contains(
            "Warning: pod-hardener strict: container web: no-privilege-escalation would set"
        ),
        "{said}"
    );
    let pod: Value = serde_json::from_str(&pod)?;
    assert_eq!(pod["spec"]["containers"][0].get("securityContext"), None);
    Ok(())
}

pub(super) fn failure(plane: &ControlPlane) -> Result<(), Failed> {
    let webhook = Webhook::start();
    namespace(plane, "failing", &[(LABEL, "no-such-profile")])?;
    for (policy, refused) in [("Fail", true), ("Ignore", false)] {
        let mut registration = webhook.registration();
        let first = &mut registration["webhooks"][0];
        first["clientConfig"] = webhook.client_config("/harden/no-such-profile");
        first["namespaceSelector"] = json!({"matchLabels": {LABEL: "no-such-profile"}});
        first["failurePolicy"] = json!(policy);
        let _registered = Registered::new(plane, &registration)?;
        let output = plane.kubectl(&[
            "run",
            "web",
            "--image=web:1",
            "-n",
            "failing",
            "--dry-run=server",
        ])?;
        let said = String::from_utf8(output.stderr)?;
        assert_eq!(output.status.success(), !refused, "{policy}: {said}");
        assert_eq!(
            said.contains("there is no profile `no-such-profile`"),
            refused,
            "{policy}: {said}"
        );
    }
    Ok(())
}

/// `kubectl debug` works in a namespace of every profile, with every profile of its own; what it adds stays, and nothing
/// but the new container changes.
pub(super) fn debug_container(plane: &ControlPlane) -> Result<(), Failed> {
    let webhook = Webhook::start();
    for profile in Settings::embedded().profile_names() {
        let there = format!("debugged-{profile}");
        namespace(plane, &there, &[(LABEL, profile)])?;
        kubectl(
            plane,
            &["run", "web", "--image=registry.example/web:1", "-n", &there],
        )?;
        let _registered = Registered::new(plane, &webhook.registration())?;
        let pod = || -> Result<Value, Failed> {
            Ok(serde_json::from_str(&kubectl(
                plane,
                &["get", "pod", "web", "-n", &there, "-o", "json"],
            )?)?)
        };
        let before = pod()?;
        let added = [
            ("general", json!(["SYS_PTRACE"]), json!(null)),
            ("baseline", json!(null), json!(null)),
            ("restricted", json!(null), json!(null)),
            ("netadmin", json!(["NET_ADMIN", "NET_RAW"]), json!(null)),
            ("sysadmin", json!(null), json!(true)),
        ];
        for (kind, _, _) in &added {
            let (of_kubectl, name) = (format!("--profile={kind}"), format!("by-{kind}"));
            let args = [
                "debug",
                "web",
                "-n",
                &there,
                "--image=registry.example/shell:1",
                &of_kubectl,
                "-c",
                &name,
            ];
            kubectl(plane, &args)?;
        }
        let after = pod()?;
        let containers = after["spec"]["ephemeralContainers"]
            .as_array()
            .ok_or("there are no debug containers")?;
        assert_eq!(containers.len(), added.len());
        for (container, (kind, capabilities, privileged)) in containers.iter().zip(added) {
            let context = &container["securityContext"];
            let what = format!("{profile} {kind}: {container:#}");
            assert_eq!(context["privileged"], privileged, "{what}");
            if capabilities.is_array() {
                assert_eq!(context["capabilities"]["add"], capabilities, "{what}");
            }
            let unprivileged = privileged.is_null();
            assert_eq!(
                context["allowPrivilegeEscalation"] == json!(false),
                unprivileged,
                "{what}"
            );
            assert_eq!(
                context["seccompProfile"]["type"] == json!("RuntimeDefault"),
                unprivileged,
                "{what}"
            );
            assert_eq!(context.get("readOnlyRootFilesystem"), None, "{what}");
            // Whoever debugs the network or a process stays root.
            assert_eq!(
                context.get("runAsUser").is_some(),
                kind == "baseline" && profile != "compatible",
                "{what}"
            );
        }
        assert_eq!(before["spec"]["containers"], after["spec"]["containers"]);
        assert_eq!(before["spec"]["volumes"], after["spec"]["volumes"]);
    }
    Ok(())
}

/// A second webhook changes the pod after us: we are called again (`IfNeeded`), harden what is new, and set nothing twice.
pub(super) fn reinvocation(plane: &ControlPlane) -> Result<(), Failed> {
    let webhook = Webhook::start();
    let _ours = Registered::new(plane, &webhook.registration())?;
    namespace(plane, "reinvoked", &[(LABEL, "strict")])?;
    let args = [
        "run",
        "web",
        "--image=registry.example/web:1",
        "-n",
        "reinvoked",
        "--dry-run=server",
        "-o",
        "json",
    ];
    let alone: Value = serde_json::from_str(&kubectl(plane, &args)?)?;
    let ours = alone["spec"]["volumes"]
        .as_array()
        .ok_or("there are no volumes")?;
    let ours = ours
        .iter()
        .filter_map(|volume| volume["name"].as_str())
        .find(|name| name.starts_with("pod-hardener-"));
    let ours = ours.ok_or("there is no volume of ours")?;
    let sidecar =
        |mounts: Value| json!({"name": "sidecar", "image": "x:1", "volumeMounts": mounts});
    let add = |path: &str, value: Value| json!([{"op": "add", "path": path, "value": value}]);
    let like_ours = "pod-hardener-0123456789abcdef";
    for (name, what, patch) in [
        (
            "zzz",
            "a sidecar",
            add("/spec/containers/-", sidecar(json!([]))),
        ),
        (
            "zzz",
            "a sidecar that mounts our folder",
            add(
                "/spec/containers/-",
                sidecar(json!([{"name": ours, "mountPath": "/tmp"}])),
            ),
        ),
        (
            "zzz",
            "a volume named like ours",
            add(
                "/spec/volumes/-",
                json!({"name": like_ours, "emptyDir": {}}),
            ),
        ),
        (
            "aaa",
            "our volume's name, before us",
            add("/spec/volumes/-", json!({"name": ours, "emptyDir": {}})),
        ),
        (
            "zzz",
            "another user",
            add("/spec/containers/0/securityContext/runAsUser", json!(4_242)),
        ),
        (
            "zzz",
            "root for the pod",
            add("/spec/securityContext/runAsUser", json!(0)),
        ),
    ] {
        let other = mutator::Mutator::start(patch);
        let _other = Registered::new(
            plane,
            &other.registration(name, "reinvoked", rule("CREATE", "pods")),
        )?;
        let pod: Value = serde_json::from_str(&kubectl(plane, &args)?)?;
        let profile = Settings::embedded()
            .profile("strict")
            .cloned()
            .ok_or("there is no strict")?;
        let again = harden::harden(&profile, pod_hardener::object::Template::Itself, &pod)?;
        assert_eq!(
            again.patch, None,
            "{what}: something is left to do: {pod:#}"
        );
        let names: Vec<&Value> = pod["spec"]["volumes"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|v| &v["name"])
            .collect();
        assert_eq!(
            names.iter().filter(|name| **name == ours).count(),
            1,
            "{what}: {names:?}"
        );
        for container in pod["spec"]["containers"].as_array().into_iter().flatten() {
            assert_eq!(
                container["securityContext"]["readOnlyRootFilesystem"], true,
                "{what}: {container:#}"
            );
            let drop = &container["securityContext"]["capabilities"]["drop"];
            let dropped = drop.as_array().map(Vec::len);
            assert!(
                dropped.is_some_and(|length| [1, 4].contains(&length)),
                "{what}: {drop}"
            );
        }
    }
    Ok(())
}

/// What the cares are for that no pod alone can show: each careless patch is refused, whatever its `failurePolicy`.
pub(super) fn careless_patches(plane: &ControlPlane) -> Result<(), Failed> {
    namespace(plane, "careless", &[])?;
    kubectl(
        plane,
        &[
            "run",
            "web",
            "--image=registry.example/web:1",
            "-n",
            "careless",
        ],
    )?;
    let debug =
        |name: &str| plane.kubectl(&["debug", "web", "-n", "careless", "--image=x:1", "-c", name]);
    assert!(
        debug("old")?.status.success(),
        "there is a debug container to be changed"
    );
    let run = || {
        plane.kubectl(&[
            "run",
            "more",
            "--image=x:1",
            "-n",
            "careless",
            "--dry-run=server",
        ])
    };
    let ephemeral = |path: &str, value: Value| json!([{"op": "add", "path": format!("/spec/ephemeralContainers/{path}"), "value": value}]);
    let resources = json!({"requests": {"cpu": "1m"}});
    let cases = [
        (
            "J3",
            rule("CREATE", "pods"),
            json!([{"op": "add", "path": "/spec/containers/0/securityContext/x", "value": 1}]),
        ),
        (
            "U5",
            rule("UPDATE", "pods/ephemeralcontainers"),
            ephemeral("0/securityContext", json!({"runAsUser": 1})),
        ),
        (
            "U6",
            rule("UPDATE", "pods/ephemeralcontainers"),
            ephemeral("1/resources", resources),
        ),
    ];
    for (id, rule, patch) in cases {
        let other = mutator::Mutator::start(patch);
        let mut registration = other.registration("zzz", "careless", rule);
        registration["webhooks"][0]["failurePolicy"] = json!("Ignore");
        let registered = Registered::new(plane, &registration)?;
        let output = if id == "J3" { run()? } else { debug("new")? };
        assert!(!output.status.success(), "{id}: {output:?}");
        drop(registered);
    }
    assert!(
        run()?.status.success() && debug("new")?.status.success(),
        "without a careless webhook they are accepted"
    );
    Ok(())
}
