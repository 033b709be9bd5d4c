//! The real controller with the arguments, the account and the roles that the chart gives it: everything works, every permission is
//! used for it, and no request goes beyond them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use base64::Engine;
use libtest_mimic::Failed;
use serde_json::{Value, json};

use crate::cluster::{kubectl, namespace, wait};
use crate::control_plane::{ControlPlane, Process};
use crate::controller::{ACCOUNT, needed};
use crate::helm::{Helm, Installed, NAME, title};
use crate::outside::hardened;
use crate::process::Server;
use crate::webhook::LABEL;

const SECRET: &str = "pod-hardener-tls";

pub(super) fn all(plane: &ControlPlane) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let file = |name: &str| folder.path().join(name).display().to_string();
    // It waits for its certificate, as it does in a pod.
    let (certificate, key) = (file("tls.crt"), file("tls.key"));
    let server = Server::start(&["--tls-cert", &certificate, "--tls-key", &key]);
    let url = format!("webhook.url=https://{}", server.webhook);
    let helm = Helm::of("HELM4")?;
    let arguments = arguments(&helm.render(&["--set", &url])?);
    let installed = Installed::new(plane, helm, &["--set", &url])?;
    namespace(plane, "kept", &[(LABEL, "strict")])?;
    let _controller = start(plane, folder.path(), arguments)?;

    // As the kubelet does.
    let files = [("tls.key", &key), ("tls.crt", &certificate)];
    for (name, file) in files {
        let text = wait(|| held(plane, name)).map_err(|_| {
            let log = fs::read_to_string(folder.path().join("controller.log"));
            format!("there is no certificate:\n{}", log.unwrap_or_default())
        })?;
        fs::write(file, text)?;
    }
    wait(|| Ok((hardened(plane, "kept")? == Some("strict")).then_some(())))?;

    // Helm takes nothing back, and what comes new is trusted as well.
    let others = "profiles={strict,compatible},defaultProfile=compatible";
    installed.upgrade(&["--set", &url, "--set", others])?;
    assert_eq!(hardened(plane, "kept")?, Some("strict"));
    namespace(plane, "kept-by-default", &[])?;
    wait(|| Ok((hardened(plane, "kept-by-default")? == Some("compatible")).then_some(())))?;

    // What somebody spoils is repaired.
    let spoilt = json!({"data": {"tls.crt": null}}).to_string();
    let patch = [
        "patch",
        "secret",
        SECRET,
        "-n",
        NAME,
        "--type=merge",
        "-p",
        &spoilt,
    ];
    kubectl(plane, &patch)?;
    wait(|| held(plane, "tls.crt"))?;
    let spoilt = json!([{"op": "remove", "path": "/webhooks/0/clientConfig/caBundle"}]).to_string();
    for (kind, name) in [
        ("mutatingwebhookconfiguration", "zz-pod-hardener"),
        ("validatingwebhookconfiguration", NAME),
    ] {
        kubectl(plane, &["patch", kind, name, "--type=json", "-p", &spoilt])?;
        let bundle = "jsonpath={.webhooks[0].clientConfig.caBundle}";
        wait(|| {
            let bundle = kubectl(plane, &["get", kind, name, "-o", bundle])?;
            Ok((!bundle.is_empty()).then_some(()))
        })?;
    }

    assert_eq!(requests(plane)?, needed());

    // The Secret is the Deployment's, and goes with it.
    drop(installed);
    wait(|| {
        let secret = ["get", "secret", SECRET, "-n", NAME, "--ignore-not-found"];
        Ok(kubectl(plane, &secret)?.is_empty().then_some(()))
    })
}

/// What the chart's controller is started with.
fn arguments(objects: &[Value]) -> Vec<String> {
    let mut objects = objects.iter();
    let deployment =
        objects.find(|object| title(object) == format!("Deployment {NAME} {NAME}-controller"));
    let container = &deployment.unwrap()["spec"]["template"]["spec"]["containers"][0];
    let arguments = container["args"].as_array().unwrap().iter();
    arguments
        .map(|argument| argument.as_str().unwrap().to_owned())
        .collect()
}

/// Starts the controller, outside of the cluster, as its account.
fn start(plane: &ControlPlane, folder: &Path, arguments: Vec<String>) -> Result<Process, Failed> {
    let token = kubectl(plane, &["create", "token", ACCOUNT, "-n", NAME])?;
    let cluster = json!({"server": plane.url(), "insecure-skip-tls-verify": true});
    let kubeconfig = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "it",
        "clusters": [{"name": "it", "cluster": cluster}],
        "users": [{"name": "it", "user": {"token": token.trim()}}],
        "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it", "namespace": NAME}}],
    });
    let file = folder.join("kubeconfig");
    fs::write(&file, kubeconfig.to_string())?;
    let elsewhere = |argument: &String| !argument.starts_with("--admin=");
    let mut all: Vec<String> = arguments.into_iter().filter(elsewhere).collect();
    all.push("--admin=127.0.0.1:0".to_owned());
    all.push(format!("--kubeconfig={}", file.display()));
    let program = Path::new(env!("CARGO_BIN_EXE_pod-hardener"));
    Ok(Process::start(
        program,
        &all,
        &folder.join("controller.log"),
    )?)
}

/// A file of the Secret, if it is there.
fn held(plane: &ControlPlane, name: &str) -> Result<Option<String>, Failed> {
    let path = format!("jsonpath={{.data.{}}}", name.replace('.', "\\."));
    let get = [
        "get",
        "secret",
        SECRET,
        "-n",
        NAME,
        "--ignore-not-found",
        "-o",
        &path,
    ];
    let text = base64::engine::general_purpose::STANDARD.decode(kubectl(plane, &get)?)?;
    Ok(Some(String::from_utf8(text)?).filter(|text| !text.is_empty()))
}

/// What the controller's account has asked of the API server: verb, resource and name. An error where it was forbidden.
fn requests(plane: &ControlPlane) -> Result<BTreeSet<(String, String, String)>, Failed> {
    let user = format!("system:serviceaccount:{NAME}:{ACCOUNT}");
    let mut requests = BTreeSet::new();
    let log = plane.audit_log()?;
    let records = log
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    for record in records.filter(|record| record["user"]["username"] == *user) {
        if record["responseStatus"]["code"] == 403 {
            return Err(format!("it may not, and tries: {record:#}").into());
        }
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let object = &record["objectRef"];
        let resource = match text(&object["apiGroup"]) {
            group if group.is_empty() => text(&object["resource"]),
            group => format!("{}.{group}", text(&object["resource"])),
        };
        let verb = text(&record["verb"]);
        // The name of what is made is in it.
        let name = if verb == "create" {
            String::new()
        } else {
            text(&object["name"])
        };
        requests.insert((verb, resource, name));
    }
    Ok(requests)
}
