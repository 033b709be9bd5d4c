//! Who may get and list sees what the administrator sees; who may do less is told what is left out.

use libtest_mimic::Failed;
use serde_json::{Value, json};

use crate::account;
use crate::cluster::{kubectl, namespace, wait};
use crate::command;
use crate::control_plane::ControlPlane;
use crate::whole::apply;

pub(super) fn all(plane: &ControlPlane) -> Result<(), Failed> {
    let home = "audit-reader";
    namespace(plane, home, &[])?;
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": {"containers": [{"name": "web", "image": "registry.example/web:1"}]}});
    apply(plane, home, &pod)?;
    let folder = tempfile::tempdir()?;
    let file = account::kubeconfig(plane, folder.path(), home, "reader")?;
    let look = || -> Result<Value, Failed> {
        let output = command::run_with(&file, &["-o", "json", "--fail-on", "never"]);
        match output.status.success() {
            true => Ok(serde_json::from_slice(&output.stdout)?),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned().into()),
        }
    };
    let unseen = |report: &Value| -> Vec<String> {
        let all = report["unseen"].as_array().unwrap().iter();
        all.map(|one| one["what"].as_str().unwrap().to_owned())
            .collect()
    };

    let nothing = look()?;
    for what in [
        "pods",
        "deployments",
        "namespaces",
        "nodes",
        "facts: rolebindings",
        "mutatingwebhookconfigurations",
    ] {
        assert!(
            unseen(&nothing).iter().any(|one| one == what),
            "{what} is missing: {nothing}"
        );
    }
    let role = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/audit-role.yaml");
    let text = std::fs::read_to_string(&role)?;
    let verbs: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("verbs:"))
        .collect();
    assert!(
        !verbs.is_empty() && verbs.iter().all(|line| line.contains("verbs: [get, list]")),
        "{verbs:?}"
    );
    kubectl(plane, &["apply", "-f", &role.display().to_string()])?;
    kubectl(
        plane,
        &[
            "create",
            "clusterrolebinding",
            "audit-reader",
            "--clusterrole=pod-hardener-audit",
            "--serviceaccount=audit-reader:reader",
        ],
    )?;
    std::thread::sleep(std::time::Duration::from_secs(1));
    // Namespaces of other tests are still going away.
    wait(|| {
        let all = look()?;
        assert_eq!(unseen(&all), ["the registration of the webhook"]);
        Ok((all == command::json(plane, &[])?).then_some(()))
    })
    .map_err(|_| "get and list see less than the administrator")?;
    kubectl(plane, &["delete", "clusterrolebinding", "audit-reader"])?;
    kubectl(plane, &["delete", "namespace", home, "--wait=false"])?;
    Ok(())
}
