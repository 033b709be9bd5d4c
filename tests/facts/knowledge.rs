//! What each fact changes: there it is, and gone it is again.

use libtest_mimic::Failed;
use pod_hardener::config::Settings;
use serde_json::{Value, json};

use crate::cluster::{kubectl, namespace, wait};
use crate::control_plane::ControlPlane;
use crate::reader::{Knowing, apply, stored, tried};
use crate::token;
use crate::webhook::LABEL;

const TOKEN_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

fn pod() -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "app"}, "spec": {
        "initContainers": [{"name": "setup", "image": "registry.example/setup:1"}],
        "containers": [{"name": "web", "image": "registry.example/web:1"}, {"name": "other", "image": "registry.example/web:1"}],
    }})
}

/// Whether a stored pod has the token in all of its containers; an error where it has a part of it.
fn has_token(pod: &Value) -> Result<bool, Failed> {
    let spec = &pod["spec"];
    let volumes = spec["volumes"].as_array().into_iter().flatten();
    let volumes = volumes
        .filter(|volume| {
            volume["name"]
                .as_str()
                .unwrap()
                .starts_with("kube-api-access-")
        })
        .count();
    let containers = ["initContainers", "containers"].map(|list| spec[list].as_array());
    let containers: Vec<&Value> = containers.into_iter().flatten().flatten().collect();
    let mounts = containers
        .iter()
        .filter(|container| container["volumeMounts"].to_string().contains(TOKEN_PATH))
        .count();
    match (
        volumes,
        mounts,
        spec["automountServiceAccountToken"].as_bool(),
    ) {
        (1, all, None | Some(true)) if all == containers.len() => Ok(true),
        (0, 0, Some(false)) => Ok(false),
        other => Err(format!("neither with nor without: {other:?}\n{spec:#}").into()),
    }
}

/// Waits until pods of `namespace` have the token, or have it no more.
fn until_token(plane: &ControlPlane, namespace: &str, is_there: bool) -> Result<(), Failed> {
    wait(|| {
        let pod = tried(plane, namespace, &pod())?;
        Ok((has_token(&pod)? == is_there).then_some(()))
    })
}

pub(super) fn token_goes(plane: &ControlPlane) -> Result<(), Failed> {
    let _knowing = Knowing::start(plane, Settings::embedded())?;
    namespace(plane, "token", &[(LABEL, "compatible")])?;
    namespace(plane, "token-as-it-is", &[])?;
    assert!(has_token(&stored(plane, "token-as-it-is", &pod())?)?);
    let stored = stored(plane, "token", &pod())?;
    assert!(!has_token(&stored)?, "{stored:#}");
    assert_eq!(stored["spec"].get("volumes"), None);
    Ok(())
}

pub(super) fn bindings(plane: &ControlPlane) -> Result<(), Failed> {
    let _knowing = Knowing::start(plane, Settings::embedded())?;
    namespace(plane, "bound", &[(LABEL, "compatible")])?;
    namespace(plane, "elsewhere", &[])?;
    // A new cluster's own bindings, some of them for every service account, do not count.
    until_token(plane, "bound", false)?;
    let subject = |kind: &str, name: &str, namespace: Option<&str>| match namespace {
        Some(namespace) => json!({"kind": kind, "name": name, "namespace": namespace}),
        None => json!({"kind": kind, "name": name, "apiGroup": "rbac.authorization.k8s.io"}),
    };
    let account = subject("ServiceAccount", "default", Some("bound"));
    let user = subject("User", "system:serviceaccount:bound:default", None);
    let forms = [
        ("RoleBinding", Some("bound"), account.clone()),
        ("RoleBinding", Some("elsewhere"), account.clone()),
        ("RoleBinding", Some("elsewhere"), user.clone()),
        ("ClusterRoleBinding", None, account),
        ("ClusterRoleBinding", None, user),
        (
            "ClusterRoleBinding",
            None,
            subject("Group", "system:serviceaccounts:bound", None),
        ),
        (
            "RoleBinding",
            Some("bound"),
            subject("Group", "system:serviceaccounts", None),
        ),
    ];
    for (i, (kind, in_namespace, subject)) in forms.iter().enumerate() {
        let name = format!("form-{i}");
        let mut binding = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": {"name": name}, "subjects": [subject],
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
        });
        let mut delete = vec!["delete", kind, &name];
        if let Some(namespace) = in_namespace {
            binding["metadata"]["namespace"] = json!(namespace);
            delete.extend(["-n", namespace]);
        }
        let context = |error: Failed| format!("{kind} in {in_namespace:?} of {subject}: {error:?}");
        apply(plane, &binding)?;
        until_token(plane, "bound", true).map_err(context)?;
        kubectl(plane, &delete)?;
        until_token(plane, "bound", false).map_err(context)?;
    }
    Ok(())
}

pub(super) fn words(plane: &ControlPlane) -> Result<(), Failed> {
    let _knowing = Knowing::start(plane, Settings::embedded())?;
    namespace(plane, "words", &[(LABEL, "compatible")])?;
    until_token(plane, "words", false)?;

    let mut explicit = pod();
    explicit["spec"]["automountServiceAccountToken"] = json!(true);
    let mut injected = pod();
    injected["metadata"]["annotations"] = json!({"vault.hashicorp.com/agent-inject": "true"});
    let mut own = pod();
    own["spec"]["serviceAccountName"] = json!("shop");
    kubectl(plane, &["create", "serviceaccount", "shop", "-n", "words"])?;
    let mut look_alike = pod();
    let mut volume = token::volume("kube-api-access-gardener");
    volume["projected"]["sources"][0]["serviceAccountToken"]["expirationSeconds"] = json!(43_200);
    look_alike["spec"]["volumes"] = json!([volume]);
    for (what, pod) in [
        ("explicit true", explicit),
        ("vault", injected),
        ("own account", own),
        ("look-alike", look_alike),
    ] {
        let tried = tried(plane, "words", &pod)?;
        assert!(
            has_token(&tried).map_err(|error| format!("{what}: {error:?}"))?,
            "{what}: {tried:#}"
        );
    }

    let patch = |value: &str| format!(r#"{{"automountServiceAccountToken": {value}}}"#);
    let say = |value: &str| {
        kubectl(
            plane,
            &[
                "patch",
                "serviceaccount",
                "default",
                "-n",
                "words",
                "-p",
                &patch(value),
            ],
        )
    };
    say("true")?;
    until_token(plane, "words", true)?;
    say("null")?;
    until_token(plane, "words", false)?;
    say("false")?;
    // The account alone says so then: the pod is left as it is.
    wait(|| {
        let pod = tried(plane, "words", &pod())?;
        Ok(pod["spec"]["automountServiceAccountToken"]
            .is_null()
            .then_some(()))
    })
}

pub(super) fn autoscaler(plane: &ControlPlane) -> Result<(), Failed> {
    let _knowing = Knowing::start(plane, Settings::embedded())?;
    namespace(plane, "scaled", &[(LABEL, "strict")])?;
    let requests = || -> Result<Value, Failed> {
        let pod = tried(plane, "scaled", &pod())?;
        Ok(pod["spec"]["containers"][0]["resources"].clone())
    };
    let until = |expected: Value| {
        wait(|| Ok((requests()? == expected).then_some(())))
            .map_err(|error| format!("{error:?}: not {expected} but {:?}", requests()))
    };
    let all = json!({"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"cpu": "1", "memory": "1Gi"}});
    let no_cpu = json!({"requests": {"memory": "32Mi"}, "limits": {"memory": "1Gi"}});
    until(all.clone())?;
    let autoscaler = |target: Value| {
        json!({
            "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "web", "namespace": "scaled"},
            "spec": {"maxReplicas": 3, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
                "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]},
        })
    };
    apply(
        plane,
        &autoscaler(json!({"type": "Utilization", "averageUtilization": 80})),
    )?;
    until(no_cpu)?;
    apply(
        plane,
        &autoscaler(json!({"type": "AverageValue", "averageValue": "500m"})),
    )?;
    until(all.clone())?;
    kubectl(plane, &["delete", "hpa", "web", "-n", "scaled"])?;
    until(all).map_err(Into::into)
}

pub(super) fn nodes_and_ranges(plane: &ControlPlane) -> Result<(), Failed> {
    let text = "version = 1\n[profiles.cluster]\nuser-namespace = { enabled = true }\nrun-as-high-uid = { enabled = true }\n";
    let settings = Settings::parse(text, "test.toml").map_err(|error| error.to_string())?;
    let _knowing = Knowing::start(plane, settings)?;
    namespace(plane, "mapped", &[(LABEL, "cluster")])?;
    let until = |users: Value, uid: Value| {
        let pod = || -> Result<(Value, Value), Failed> {
            let pod = tried(plane, "mapped", &pod())?;
            let uid = pod["spec"]["containers"][0]["securityContext"]["runAsUser"].clone();
            Ok((pod["spec"]["hostUsers"].clone(), uid))
        };
        wait(|| Ok((pod()? == (users.clone(), uid.clone())).then_some(())))
            .map_err(|error| format!("{error:?}: not {users} and {uid} but {:?}", pod()))
    };
    let node = |name: &str, kernel: &str| -> Result<(), Failed> {
        apply(
            plane,
            &json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}}),
        )?;
        let status = json!({"status": {
            "nodeInfo": {"operatingSystem": "linux", "kernelVersion": kernel, "architecture": "amd64", "bootID": "", "containerRuntimeVersion": "",
                "kubeProxyVersion": "", "kubeletVersion": "v1.37.2", "machineID": "", "osImage": "", "systemUUID": ""},
            "runtimeHandlers": [{"name": "", "features": {"userNamespaces": true}}],
        }});
        let patch = status.to_string();
        let args = [
            "patch",
            "node",
            name,
            "--subresource=status",
            "--type=merge",
            "-p",
            &patch,
        ];
        kubectl(plane, &args).map(drop)
    };
    until(Value::Null, json!(10_001))?;
    node("new", "6.8.0-45-generic")?;
    until(json!(false), json!(10_001))?;
    node("old", "5.15.0")?;
    until(Value::Null, json!(10_001))?;
    kubectl(plane, &["delete", "node", "old"])?;
    until(json!(false), json!(10_001))?;
    let range = "openshift.io/sa.scc.uid-range=1000650000/10000";
    kubectl(plane, &["annotate", "namespace", "mapped", range])?;
    until(Value::Null, json!(1_000_650_000))?;
    kubectl(plane, &["delete", "node", "new"])?;
    Ok(())
}
