//! Pods that kube-controller-manager makes, of every kind of workload.

use libtest_mimic::Failed;
use pod_hardener::config::Settings;
use serde_json::{Value, json};

use crate::cluster::{kubectl, namespace, wait};
use crate::control_plane::ControlPlane;
use crate::reader::{Knowing, apply};
use crate::webhook::LABEL;

pub(super) fn all(plane: &ControlPlane) -> Result<(), Failed> {
    let _knowing = Knowing::start(plane, Settings::embedded())?;
    namespace(plane, "workloads", &[(LABEL, "strict")])?;
    // Without a node, a DaemonSet makes no pod.
    apply(
        plane,
        &json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "worker"}}),
    )?;
    let pod = |policy: &str| {
        json!({"metadata": {"labels": {"app": "web"}}, "spec": {
            "restartPolicy": policy, "containers": [{"name": "web", "image": "registry.example/web:1"}],
        }})
    };
    let selecting = |kind: &str, more: Value| {
        let mut spec =
            json!({"selector": {"matchLabels": {"app": "web"}}, "template": pod("Always")});
        spec.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        ("apps/v1", kind.to_owned(), spec)
    };
    let job = json!({"template": pod("Never")});
    let workloads = [
        selecting("Deployment", json!({})),
        selecting("ReplicaSet", json!({"replicas": 1})),
        selecting("StatefulSet", json!({"serviceName": "web"})),
        selecting("DaemonSet", json!({})),
        ("batch/v1", "Job".to_owned(), job.clone()),
        (
            "batch/v1",
            "CronJob".to_owned(),
            json!({"schedule": "* * * * *", "jobTemplate": {"spec": job}}),
        ),
    ];
    for (api, kind, spec) in &workloads {
        // Each in a labelled namespace of its own, so that one knows whose pod it is.
        let of_its_own = format!("workloads-{}", kind.to_lowercase());
        namespace(plane, &of_its_own, &[(LABEL, "strict")])?;
        let metadata = json!({"name": "web", "namespace": of_its_own});
        apply(
            plane,
            &json!({"apiVersion": api, "kind": kind, "metadata": metadata, "spec": spec}),
        )?;
    }
    for (_, kind, _) in &workloads {
        let of_its_own = format!("workloads-{}", kind.to_lowercase());
        let pod = || -> Result<Option<Value>, Failed> {
            let list = kubectl(plane, &["get", "pods", "-n", &of_its_own, "-o", "json"])?;
            let list: Value = serde_json::from_str(&list)?;
            Ok(list["items"].get(0).cloned())
        };
        // A CronJob waits for the next full minute.
        let made = wait(pod).or_else(|_| wait(pod)).or_else(|_| wait(pod));
        is_hardened(&made.map_err(|_| format!("{kind} makes no pod"))?, kind);
    }
    kubectl(plane, &["delete", "node", "worker"])?;
    Ok(())
}

fn is_hardened(pod: &Value, kind: &str) {
    let spec = &pod["spec"];
    let container = &spec["containers"][0];
    let context = &container["securityContext"];
    assert_eq!(context["allowPrivilegeEscalation"], false, "{kind}");
    assert_eq!(context["runAsUser"], 10_001, "{kind}");
    assert_eq!(context["runAsNonRoot"], true, "{kind}");
    assert_eq!(context["readOnlyRootFilesystem"], true, "{kind}");
    assert_eq!(context["capabilities"]["drop"], json!(["ALL"]), "{kind}");
    assert_eq!(
        context["seccompProfile"]["type"], "RuntimeDefault",
        "{kind}"
    );
    let resources = json!({"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"cpu": "1", "memory": "1Gi"}});
    assert_eq!(container["resources"], resources, "{kind}");
    assert_eq!(spec["automountServiceAccountToken"], false, "{kind}");
    let volumes = spec["volumes"].to_string();
    assert!(!volumes.contains("kube-api-access"), "{kind}: {volumes}");
}
