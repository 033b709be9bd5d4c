//! A pod that says what would be markup, an escape or a line in a report, and that holds secrets.

use libtest_mimic::Failed;
use serde_json::json;

use crate::cluster::{kubectl, namespace};
use crate::command;
use crate::control_plane::ControlPlane;
use crate::whole::apply;

/// As bad as the API server lets through.
const EVIL: &str = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\n| forged | row |\r\u{1b}[31m\u{202e}\u{2028}`[x](javascript:alert(3)) @somebody";

const SECRET: &str = "MARKED-SECRET-4711";

pub(super) fn all(plane: &ControlPlane) -> Result<(), Failed> {
    namespace(plane, "audit-hostile", &[])?;
    apply(plane, "audit-hostile", &pod())?;
    let folder = tempfile::tempdir()?;
    let file = |name: &str| folder.path().join(name).display().to_string();
    let outputs: Vec<String> = ["text", "json", "markdown", "html"]
        .iter()
        .map(|format| format!("{format}={}", file(format)))
        .collect();
    // What the page says outside of its script can be markup by the name of a file alone.
    let config = file("<img src=x onerror=alert(1)>.toml");
    std::fs::write(&config, "version = 1\n")?;
    let mut args = vec![
        "--config",
        &config,
        "-n",
        "audit-hostile",
        "--profile",
        "strict",
        "--fail-on",
        "never",
    ];
    outputs
        .iter()
        .for_each(|output| args.extend(["-o", output]));
    let done = command::run(plane, &args);
    assert!(done.status.success() && done.stdout.is_empty(), "{done:?}");
    for format in ["text", "json", "markdown", "html"] {
        let text = std::fs::read_to_string(file(format))?;
        assert!(!text.contains(SECRET), "a secret is in {format}");
        assert!(
            text.contains("alert(1)"),
            "what was written is not shown in {format}: {text}"
        );
        for bad in ['\u{1b}', '\r', '\u{202e}', '\u{2028}'] {
            assert!(!text.contains(bad), "{bad:?} is in {format}");
        }
        let forged = text
            .lines()
            .any(|line| line.trim_start().starts_with("| forged"));
        assert!(!forged, "a line is forged in {format}");
    }
    let html = std::fs::read_to_string(file("html"))?;
    assert_eq!(
        html.matches("</script>").count(),
        2,
        "a script ends elsewhere"
    );
    assert!(!html.contains("<img"), "an element is forged");
    assert!(
        !html.contains("http://") && !html.contains("https://"),
        "the page asks the network"
    );
    let markdown = std::fs::read_to_string(file("markdown"))?;
    let markdown = markdown.replace("\\]", "");
    for bad in ["<script", "<img", "](", "@somebody"] {
        assert!(!markdown.contains(bad), "{bad} is in markdown: {markdown}");
    }
    let json: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(file("json"))?)?;
    assert!(
        json["workloads"][0]["fields"]
            .to_string()
            .contains("alert(1)")
    );
    kubectl(
        plane,
        &["delete", "namespace", "audit-hostile", "--wait=false"],
    )?;
    Ok(())
}

fn pod() -> serde_json::Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {
        "name": "evil",
        "annotations": {"except.pod-hardener.io/probes": EVIL, "except.pod-hardener.io/run-as-high-uid": EVIL, "example.com/token": SECRET},
        "labels": {"token": SECRET},
    }, "spec": {"containers": [{
        "name": "evil", "image": format!("registry.example/{}:1", SECRET.to_lowercase()),
        "command": ["sh", "-c", SECRET], "args": [SECRET],
        "env": [{"name": SECRET, "value": SECRET}],
        "securityContext": {"capabilities": {"add": [EVIL]}},
    }]}})
}
