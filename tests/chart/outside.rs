//! The chart's registrations in front of a server that runs outside of the cluster.

use std::fs;
use std::io::Write;
use std::net::TcpStream;

use libtest_mimic::Failed;
use serde_json::{Value, json};

use crate::client::reply;
use crate::cluster::{kubectl, namespace};
use crate::control_plane::ControlPlane;
use crate::helm::{Helm, Installed};
use crate::webhook::{LABEL, Webhook};
use crate::workloads::deployment;

/// The label of the shadow.
const AUDIT: &str = "pod-hardener.io/audit";

/// The chart, with a server that is not of it.
pub(super) struct Outside<'p> {
    _installed: Installed<'p>,
    webhook: Webhook,
}

impl<'p> Outside<'p> {
    pub(super) fn new(plane: &'p ControlPlane, values: &[&str]) -> Result<Self, Failed> {
        let webhook = Webhook::start();
        let folder = tempfile::tempdir()?;
        let ca = folder.path().join("ca.pem");
        fs::write(&ca, &webhook.ca)?;
        let (url, ca) = (
            format!("webhook.url={}", webhook.url),
            format!("certificates.caBundle={}", ca.display()),
        );
        let mut args = vec!["--set", "replicas=0,certificates.mode=existing"];
        args.extend(["--set", &url, "--set-file", &ca]);
        args.extend(values);
        let helm = Helm::of("HELM4")?;
        Ok(Self {
            _installed: Installed::new(plane, helm, &args)?,
            webhook,
        })
    }

    /// How many requests it has answered, in a mode.
    pub(super) fn requests(&self, mode: &str) -> Result<u64, Failed> {
        let text = get(&self.webhook.admin, "/metrics")?;
        let counts = text
            .lines()
            .filter(|line| line.starts_with("pod_hardener_requests_total{"))
            .filter(|line| line.contains(&format!("mode=\"{mode}\"")));
        Ok(counts
            .map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap())
            .sum())
    }
}

/// What the admin port of a server says.
pub(super) fn get(address: &str, path: &str) -> Result<String, Failed> {
    let mut stream = TcpStream::connect(address)?;
    write!(stream, "GET {path} HTTP/1.1\r\nhost: x\r\n\r\n")?;
    let (_, _, text) = reply(&mut stream);
    Ok(text)
}

/// What the API server makes of an object, and what it says of it: without storing it, unless it is to be.
pub(super) fn apply(
    plane: &ControlPlane,
    namespace: &str,
    object: &Value,
    flags: &[&str],
) -> Result<(Value, String), Failed> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("object.json");
    fs::write(&file, object.to_string())?;
    let file = file.display().to_string();
    let mut args = vec!["apply", "-n", namespace, "-o", "json", "-f", &file];
    args.extend(flags);
    let output = plane.kubectl(&args)?;
    let said = String::from_utf8(output.stderr)?;
    match output.status.success() {
        true => Ok((serde_json::from_slice(&output.stdout)?, said)),
        false => Err(said.into()),
    }
}

/// Nothing is stored.
pub(super) const TRY: &[&str] = &["--dry-run=server"];

fn pod() -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": {
        "containers": [{"name": "web", "image": "registry.example/web:1"}],
    }})
}

/// Whether a pod in this namespace is hardened, and by which profile.
pub(super) fn hardened(
    plane: &ControlPlane,
    namespace: &str,
) -> Result<Option<&'static str>, Failed> {
    let (pod, _) = apply(plane, namespace, &pod(), TRY)?;
    let context = &pod["spec"]["containers"][0]["securityContext"];
    Ok(match context {
        Value::Null => None,
        context if context["readOnlyRootFilesystem"] == true => Some("strict"),
        context if context["runAsNonRoot"] == true => Some("restricted"),
        _ => Some("compatible"),
    })
}

pub(super) fn hardens(plane: &ControlPlane) -> Result<(), Failed> {
    let _outside = Outside::new(plane, &[])?;
    namespace(plane, "plain", &[])?;
    assert_eq!(hardened(plane, "plain")?, None);
    for profile in ["compatible", "restricted", "strict"] {
        let name = format!("of-{profile}");
        namespace(plane, &name, &[(LABEL, profile)])?;
        assert_eq!(hardened(plane, &name)?, Some(profile));
    }
    Ok(())
}

pub(super) fn excluded(plane: &ControlPlane) -> Result<(), Failed> {
    let condition = r#"webhook.matchConditions=[{"name": "a", "expression": "object.metadata.name != 'spared'"}]"#;
    let values = [
        "--set",
        "excludedNamespaces={storage}",
        "--set-json",
        condition,
    ];
    let outside = Outside::new(plane, &values)?;
    for name in ["storage", "not-excluded"] {
        namespace(plane, name, &[(LABEL, "strict"), (AUDIT, "strict")])?;
    }
    let left_alone = [
        "kube-system",
        "kube-public",
        "kube-node-lease",
        "pod-hardener",
    ];
    for name in left_alone {
        kubectl(
            plane,
            &["label", "namespace", name, &format!("{LABEL}=strict")],
        )?;
    }
    let mut mirror = pod();
    mirror["metadata"]["annotations"] = json!({"kubernetes.io/config.mirror": "x"});
    mirror["spec"]["nodeName"] = json!("a-node");
    mirror["spec"]["automountServiceAccountToken"] = json!(false);
    apply(plane, "not-excluded", &mirror, TRY)?;
    let mut spared = pod();
    spared["metadata"]["name"] = json!("spared");
    apply(plane, "not-excluded", &spared, TRY)?;
    for name in left_alone.iter().chain(&["storage"]) {
        assert_eq!(hardened(plane, name)?, None, "{name}");
    }
    assert_eq!(
        (outside.requests("harden")?, outside.requests("audit")?),
        (0, 0)
    );
    // The same is asked for where nothing is excluded: to be hardened, and to be audited.
    assert_eq!(hardened(plane, "not-excluded")?, Some("strict"));
    assert_eq!(
        (outside.requests("harden")?, outside.requests("audit")?),
        (1, 1)
    );
    for name in left_alone {
        kubectl(plane, &["label", "namespace", name, &format!("{LABEL}-")])?;
    }
    Ok(())
}

pub(super) fn default_profile(plane: &ControlPlane) -> Result<(), Failed> {
    let _outside = Outside::new(plane, &["--set", "defaultProfile=restricted"])?;
    for (name, labels, profile) in [
        ("says-nothing", &[][..], Some("restricted")),
        ("says-off", &[(LABEL, "off")][..], None),
        ("says-another", &[(LABEL, "strict")][..], Some("strict")),
        ("says-audit", &[(AUDIT, "strict")][..], Some("restricted")),
    ] {
        namespace(plane, name, labels)?;
        assert_eq!(hardened(plane, name)?, profile, "{name}");
    }
    let said = apply(plane, "says-nothing", &deployment(), TRY)?.1;
    assert!(
        said.contains("Warning: pod-hardener restricted: "),
        "{said}"
    );
    assert_eq!(hardened(plane, "kube-public")?, None);
    Ok(())
}

pub(super) fn audited(plane: &ControlPlane) -> Result<(), Failed> {
    let _outside = Outside::new(plane, &[])?;
    namespace(
        plane,
        "moving-up",
        &[(LABEL, "compatible"), (AUDIT, "restricted")],
    )?;
    assert_eq!(hardened(plane, "moving-up")?, Some("compatible"));
    for object in [pod(), deployment()] {
        let (_, said) = apply(plane, "moving-up", &object, TRY)?;
        let next = "Warning: pod-hardener restricted: container web: ";
        assert!(
            said.contains(next) && said.contains("run-as-high-uid would set"),
            "{said}"
        );
        // The pod has what `compatible` sets already, and the audit sees it after that.
        let is_said = said.contains("cpu-resources would set");
        assert_eq!(is_said, object["kind"] == "Deployment", "{said}");
    }
    Ok(())
}
