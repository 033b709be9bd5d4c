//! A small cluster of which everything is known.

use libtest_mimic::Failed;
use serde_json::{Value, json};

use crate::cluster::{kubectl, namespace, wait};
use crate::command;
use crate::control_plane::ControlPlane;
use crate::webhook::LABEL;

const CONFIG: &str = r#"
version = 1

[[overrides]]
reason = "its own user"
containers = ["storefront"]
run-as-high-uid.enabled = false

[[overrides]]
reason = "for nobody"
containers = ["nobody"]
run-as-high-uid.enabled = false
"#;

pub(super) fn all(plane: &ControlPlane) -> Result<(), Failed> {
    namespace(plane, "audit-shop", &[(LABEL, "restricted")])?;
    namespace(plane, "audit-typo", &[(LABEL, "restrictde")])?;
    namespace(plane, "audit-open", &[])?;
    let template = json!({"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "storefront", "image": "registry.example/web:1"}]}});
    let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {
        "replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": template}});
    let limits = json!({"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "limits"}, "spec": {
        "limits": [{"type": "Container", "default": {"cpu": "2"}, "defaultRequest": {"cpu": "50m"}}]}});
    let quota = json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "tight"}, "spec": {"hard": {"memory": "40Mi"}}});
    for (namespace, object) in [
        ("audit-open", &limits),
        ("audit-open", &deployment),
        ("audit-shop", &deployment),
    ] {
        apply(plane, namespace, object)?;
    }
    wait(|| {
        let pods = |namespace| kubectl(plane, &["get", "pods", "-n", namespace, "-o", "name"]);
        Ok(
            (pods("audit-open")?.lines().count() == 2 && pods("audit-shop")?.lines().count() == 2)
                .then_some(()),
        )
    })?;
    apply(plane, "audit-open", &quota)?;
    wait(|| {
        let used = kubectl(
            plane,
            &[
                "get",
                "resourcequota",
                "tight",
                "-n",
                "audit-open",
                "-o",
                "jsonpath={.status.hard.memory}",
            ],
        )?;
        Ok((!used.is_empty()).then_some(()))
    })?;
    let folder = tempfile::tempdir()?;
    let config = folder.path().join("defaults.toml");
    std::fs::write(&config, CONFIG)?;
    let config = config.display().to_string();

    // Namespaces of other tests are still going away.
    let report = wait(|| {
        let report = command::json(plane, &["--config", &config])?;
        let again = command::json(plane, &["--config", &config])?;
        Ok((report == again).then_some(report))
    })
    .map_err(|_| "the same cluster, another report")?;
    let one_namespace = ["-n", "audit-open", "--config", &config];
    let as_json = [&["-o", "json"][..], &one_namespace].concat();
    let held = command::run_without_files(plane, &as_json);
    assert_eq!(
        command::json(plane, &one_namespace)?,
        serde_json::from_slice::<Value>(&held.stdout)?,
        "kept in memory, another report"
    );
    let one = |list: &str, name: &str| -> Value {
        let mut all = report[list].as_array().unwrap().iter();
        all.find(|one| one["name"] == name || one["namespace"] == name)
            .unwrap_or_else(|| panic!("{name}: {report}"))
            .clone()
    };
    let shop = one("namespaces", "audit-shop");
    assert_eq!(
        (
            &shop["standing"],
            &shop["profile"],
            &shop["pods"],
            &shop["open"],
            &shop["workloads"]
        ),
        (
            &json!("labelled"),
            &json!("restricted"),
            &json!(2),
            &json!(2),
            &json!(1)
        )
    );
    assert_eq!(
        one("namespaces", "audit-typo")["standing"],
        "no-such-profile"
    );
    let web = one("workloads", "audit-open");
    assert_eq!(
        (&web["kind"], &web["pods"], &web["hardenedBy"]),
        (&json!("Deployment"), &json!(2), &json!("nobody"))
    );
    let fields = web["fields"].to_string();
    assert!(
        fields.contains("requests.memory") && !fields.contains("requests.cpu"),
        "a LimitRange gives CPU: {fields}"
    );
    let shop = one("workloads", "audit-shop")["fields"].to_string();
    assert!(
        shop.contains("requests.cpu")
            && shop.contains("its own user")
            && !shop.contains("runAsUser"),
        "{shop}"
    );
    let overrides = json!([
        {"line": 4, "reason": "its own user", "selects": 2, "needed": 1},
        {"line": 9, "reason": "for nobody", "selects": 0, "needed": 0},
    ]);
    assert_eq!(report["overrides"], overrides);
    let added = &one("namespaces", "audit-open")["added"];
    assert_eq!(added, &json!({"cpu": "0", "memory": "64Mi"}));
    let found = |check: &str, object: &str| {
        let mut all = report["findings"].as_array().unwrap().iter();
        all.any(|one| one["check"] == check && one["object"] == object)
    };
    for (check, object) in [
        ("unhardened", "namespace audit-shop"),
        ("no-such-profile", "namespace audit-typo"),
        ("unlabelled", "namespace audit-open"),
        ("quota", "namespace audit-open"),
        ("idle-override", "the override in line 9"),
    ] {
        assert!(
            found(check, object),
            "{check} {object}: {}",
            report["findings"]
        );
    }
    let of_one = |object: &str| command::json(plane, &[object, "-n", "audit-shop"]);
    let fields = of_one("deploy/web")?["fields"].to_string();
    assert!(
        fields.contains(r#""setBy":null,"state":"missing""#),
        "{fields}"
    );
    let code = |args: &[&str]| command::run(plane, args).status.code();
    assert_eq!(code(&[]), Some(1));
    assert_eq!(code(&["--fail-on", "never"]), Some(0));
    assert_eq!(code(&["--profile", "nonsense"]), Some(2));
    for name in ["audit-shop", "audit-typo", "audit-open"] {
        kubectl(plane, &["delete", "namespace", name, "--wait=false"])?;
    }
    Ok(())
}

pub(super) fn apply(plane: &ControlPlane, namespace: &str, object: &Value) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("object.json");
    std::fs::write(&file, object.to_string())?;
    kubectl(
        plane,
        &["apply", "-n", namespace, "-f", &file.display().to_string()],
    )
    .map(drop)
}
