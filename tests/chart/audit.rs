//! `audit` as the chart's CronJob: by its own account, it sees all that the administrator sees, and it may do nothing.

use std::process::Command;

use libtest_mimic::Failed;
use serde_json::Value;

use crate::account;
use crate::cluster::{kubectl, wait};
use crate::control_plane::ControlPlane;
use crate::helm::{Helm, Installed, NAME, root};
use crate::rendered::one;
use crate::yaml;

pub(super) fn by_its_account(plane: &ControlPlane) -> Result<(), Failed> {
    let helm = Helm::of("HELM4")?;
    let values = ["--set", "audit.enabled=true"];
    let objects = helm.render(&values)?;
    let role = objects.iter().find(|object| {
        object["kind"] == "ClusterRole" && object["metadata"]["name"] == "pod-hardener-audit"
    });
    let example = yaml::documents(&yaml::read(&root().join("examples/audit-role.yaml"))?)?;
    assert_eq!(role.ok_or("no role")?["rules"], example[0]["rules"]);
    let job = &one(&objects, "CronJob")["spec"]["jobTemplate"]["spec"]["template"]["spec"];
    let container = &job["containers"][0];
    assert_eq!(
        (&container["livenessProbe"], &container["readinessProbe"]),
        (&Value::Null, &Value::Null),
        "it serves nothing"
    );
    // The root is read-only, and what it finds needs a file.
    let tmp = &container["volumeMounts"][0];
    assert_eq!(tmp["mountPath"], "/tmp");
    assert_eq!(job["volumes"][0]["name"], tmp["name"]);
    assert!(job["volumes"][0]["emptyDir"].is_object(), "{job}");

    let _installed = Installed::new(plane, helm, &values)?;
    let folder = tempfile::tempdir()?;
    let name = job["serviceAccountName"].as_str().ok_or("no account")?;
    let kubeconfig = account::kubeconfig_of(plane, folder.path(), NAME, name)?;
    let run = |kubeconfig: &std::path::Path, more: &[&str]| -> Result<String, Failed> {
        let args = job["containers"][0]["args"].as_array().ok_or("no args")?;
        let output = Command::new(env!("CARGO_BIN_EXE_pod-hardener"))
            .args(args.iter().filter_map(Value::as_str))
            .args(more)
            .arg("--kubeconfig")
            .arg(kubeconfig)
            .output()?;
        let said = String::from_utf8(output.stderr)?;
        assert!(output.status.success(), "{said}");
        Ok(String::from_utf8(output.stdout)?)
    };
    // The pods of the servers tell where their configuration is.
    wait(|| {
        let pods = kubectl(plane, &["get", "pods", "-n", NAME, "-o", "name"])?;
        Ok((pods.lines().count() == 3).then_some(()))
    })?;
    let as_json = ["-o", "json"];
    let report: Value = serde_json::from_str(&run(&kubeconfig, &as_json)?)?;
    assert_eq!(report["unseen"], serde_json::json!([]));
    let of_administrator: Value = serde_json::from_str(&run(&plane.kubeconfig(), &as_json)?)?;
    assert_eq!(report, of_administrator);
    // As it comes, a person can read it.
    let text = run(&kubeconfig, &[])?;
    assert!(text.starts_with("NAMESPACE"), "{text}");
    let subject = format!("--as=system:serviceaccount:{NAME}:{name}");
    for verb in ["create", "update", "patch", "delete", "watch"] {
        let may = ["auth", "can-i", verb, "pods", &subject, "-A", "--quiet"];
        assert!(!plane.kubectl(&may)?.status.success(), "it may {verb} pods");
    }
    let secrets = [
        "auth", "can-i", "get", "secrets", &subject, "-n", NAME, "--quiet",
    ];
    assert!(
        !plane.kubectl(&secrets)?.status.success(),
        "it may read secrets"
    );
    Ok(())
}
