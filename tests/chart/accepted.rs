//! What a real API server says of the chart's objects.

use std::fs;

use libtest_mimic::Failed;
use pod_hardener::admission::{Mode, answer};
use pod_hardener::config::Settings;
use pod_hardener::plan::Facts;
use serde_json::{Value, json};

use crate::cluster::{kubectl, namespace, wait};
use crate::control_plane::ControlPlane;
use crate::helm::{Helm, NAME, root};
use crate::rendered::{files, one};

/// Where Pod Security enforces `restricted`.
const RESTRICTED: &str = "restricted-home";

/// Every object is taken with `--validate=strict`. Of those of cert-manager and Prometheus only the kind is known here: their own
/// definitions are not part of the test, so that their specs are not looked into.
pub(super) fn strictly(plane: &ControlPlane) -> Result<(), Failed> {
    foreign_kinds(plane)?;
    home(plane)?;
    let helm = Helm::of("HELM4")?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("objects.yaml");
    for values in files() {
        let objects = helm.template(&["--values", &values])?;
        fs::write(&file, &objects)?;
        let file = file.display().to_string();
        let apply = "apply --dry-run=server --validate=strict -f";
        let mut args: Vec<&str> = apply.split(' ').collect();
        args.push(&file);
        let output = plane.kubectl(&args)?;
        let said = String::from_utf8(output.stderr)?;
        assert!(output.status.success(), "{values}: {said}");
        assert!(!said.contains("Warning"), "{values}: {said}");
        let taken = String::from_utf8(output.stdout)?.lines().count();
        assert_eq!(
            taken,
            helm.render(&["--values", &values])?.len(),
            "{values}"
        );
    }
    Ok(())
}

/// Makes the kinds of cert-manager and Prometheus known.
pub(super) fn foreign_kinds(plane: &ControlPlane) -> Result<(), Failed> {
    let kinds = root().join("tests/chart/foreign-kinds.yaml");
    kubectl(plane, &["apply", "-f", &kinds.display().to_string()])?;
    wait(|| {
        let kinds = "certificates,issuers,servicemonitors,prometheusrules";
        let served = plane.kubectl(&["get", kinds, "-A"])?;
        Ok(served.status.success().then_some(()))
    })
}

/// The pods that the chart makes, as the API server makes them where Pod Security enforces `restricted`.
pub(super) fn pods(plane: &ControlPlane) -> Result<(), Failed> {
    let enforced = ("pod-security.kubernetes.io/enforce", "restricted");
    namespace(plane, RESTRICTED, &[enforced])?;
    let helm = Helm::of("HELM4")?;
    let objects = helm.render(&[])?;
    let mut as_it_comes = templates(&objects);
    as_it_comes.extend(templates(&helm.render(&["--set", "audit.enabled=true"])?));
    quota(plane, one(&objects, "ResourceQuota"))?;
    let mut untouched = 0;
    let mut seen: Vec<Value> = Vec::new();
    let mut renders = vec![(
        "audit.enabled".to_owned(),
        helm.render(&["--set", "audit.enabled=true"])?,
    )];
    for values in files() {
        renders.push((values.clone(), helm.render(&["--values", &values])?));
    }
    for (values, objects) in renders {
        for pod in templates(&objects) {
            if seen.contains(&pod) {
                continue;
            }
            let account = pod["spec"]["serviceAccountName"].as_str().unwrap();
            let made = plane.kubectl(&["create", "serviceaccount", account, "-n", RESTRICTED])?;
            drop(made);
            let folder = tempfile::tempdir()?;
            let file = folder.path().join("pod.json");
            fs::write(&file, pod.to_string())?;
            let create = "create --dry-run=server -o json --namespace";
            let mut args: Vec<&str> = create.split(' ').collect();
            let file = file.display().to_string();
            args.extend([RESTRICTED, "-f", &file]);
            let output = plane.kubectl(&args)?;
            let said = String::from_utf8(output.stderr)?;
            let is_of_the_node = pod["spec"]["hostNetwork"] == true;
            assert_eq!(output.status.success(), !is_of_the_node, "{values}: {said}");
            if is_of_the_node {
                assert!(said.contains("violates PodSecurity"), "{values}: {said}");
            } else if as_it_comes.contains(&pod) {
                unchanged(&serde_json::from_slice(&output.stdout)?)?;
                untouched += 1;
            }
            seen.push(pod);
        }
    }
    assert_eq!(untouched, 3);
    Ok(())
}

/// Puts the chart's quota beside these pods, without which they are not taken here, and waits until it counts.
fn quota(plane: &ControlPlane, quota: &Value) -> Result<(), Failed> {
    let mut quota = quota.clone();
    quota["metadata"]["namespace"] = json!(RESTRICTED);
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("quota.json");
    fs::write(&file, quota.to_string())?;
    kubectl(plane, &["create", "-f", &file.display().to_string()])?;
    wait(|| {
        let used = "jsonpath={.status.used.pods}";
        let used = kubectl(
            plane,
            &["get", "resourcequota", NAME, "-n", RESTRICTED, "-o", used],
        )?;
        Ok((used == "0").then_some(()))
    })
}

/// `strict` has nothing to add to a pod, and nothing to warn of.
fn unchanged(pod: &Value) -> Result<(), Failed> {
    let review = json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {
            "uid": "0b4e5d5c-6a0f-4c0a-9c56-1f3c9d1f7a10", "operation": "CREATE", "namespace": NAME,
            "kind": {"group": "", "version": "v1", "kind": "Pod"}, "object": pod,
        },
    });
    let settings = Settings::embedded();
    let body = review.to_string();
    let answer = answer(
        &settings,
        Mode::Harden,
        "strict",
        &Facts::default(),
        body.as_bytes(),
    )?;
    let reply: Value = serde_json::from_slice(&answer.body)?;
    let response = &reply["response"];
    assert_eq!(answer.record.outcome, "unchanged", "{response:#}");
    assert_eq!(response.get("patch"), None);
    assert_eq!(response.get("warnings"), None, "{response:#}");
    Ok(())
}

/// The pods that Deployments make.
fn templates(objects: &[Value]) -> Vec<Value> {
    let pods = objects.iter().filter_map(|object| {
        let template = match object["kind"].as_str()? {
            "Deployment" => "/spec/template",
            "CronJob" => "/spec/jobTemplate/spec/template",
            _ => return None,
        };
        let mut pod = object.pointer(template)?.clone();
        pod["apiVersion"] = json!("v1");
        pod["kind"] = json!("Pod");
        pod["metadata"]["name"] = object["metadata"]["name"].clone();
        Some(pod)
    });
    pods.collect()
}

/// The release's namespace.
fn home(plane: &ControlPlane) -> Result<(), Failed> {
    match plane.kubectl(&["get", "namespace", NAME])?.status.success() {
        true => Ok(()),
        false => namespace(plane, NAME, &[]),
    }
}
