//! `pod-hardener doctor` at the bed of the chart's own pods: it is silent while all is well, and finds each fault that is planted.
//!
//! `DOCTOR=full` plants every fault (`make doctor`), otherwise it is every fourth.

use std::process::{Command, Output};
use std::time::{Duration, Instant};

use libtest_mimic::Failed;
use serde_json::Value;

use crate::control_plane::ControlPlane;
use crate::helm::NAME;
use crate::node::Node;

use super::{chart, image};

const HARDENS: &str = "mutatingwebhookconfiguration/zz-pod-hardener";
const LOOKS: &str = "validatingwebhookconfiguration/pod-hardener";

/// A fault: what is done, what doctor must find, and how it is made good.
struct Fault {
    what: &'static str,
    done: &'static [&'static [&'static str]],
    severity: &'static str,
    check: &'static str,
    says: &'static str,
    undone: &'static [&'static [&'static str]],
}

/// The registration that hardens, changed in one webhook: by most, in the first one.
macro_rules! registration {
    ($operation:literal) => {
        &[
            "patch",
            HARDENS,
            "--type=json",
            "-p",
            concat!("[", $operation, "]"),
        ]
    };
}

/// What the controller would make good at once is to stay for as long as it is looked at.
const CONTROLLER_AWAY: &[&str] = &[
    "scale",
    "deployment",
    "pod-hardener-controller",
    "-n",
    NAME,
    "--replicas=0",
];

/// Until its pod is no more: it makes good until then.
const CONTROLLER_GONE: &[&str] = &[
    "wait",
    "--for=delete",
    "pod",
    "-l",
    "app.kubernetes.io/component=controller",
    "-n",
    NAME,
    "--timeout=60s",
];

/// Faults of the registrations and of labels. Where nothing undoes one, the chart's upgrade does.
const FAULTS: &[Fault] = &[
    Fault {
        what: "a label that names no profile",
        done: &[
            &["create", "namespace", "typo"],
            &[
                "label",
                "namespace",
                "typo",
                "pod-hardener.io/harden=strickt",
            ],
        ],
        severity: "error",
        check: "labels",
        says: "strickt",
        undone: &[&["delete", "namespace", "typo"]],
    },
    Fault {
        what: "a label for auditing that names no profile",
        done: &[
            &["create", "namespace", "typo-audit"],
            &[
                "label",
                "namespace",
                "typo-audit",
                "pod-hardener.io/audit=all",
            ],
        ],
        severity: "error",
        check: "labels",
        says: "pod-hardener.io/audit=all",
        undone: &[&["delete", "namespace", "typo-audit"]],
    },
    Fault {
        what: "a label on a namespace that is excluded",
        done: &[&[
            "label",
            "namespace",
            "kube-public",
            "pod-hardener.io/harden=compatible",
        ]],
        severity: "warning",
        check: "labels",
        says: "kube-public",
        undone: &[&[
            "label",
            "namespace",
            "kube-public",
            "pod-hardener.io/harden-",
        ]],
    },
    Fault {
        what: "Pod Security restricted beside Ignore",
        done: &[&[
            "label",
            "namespace",
            "first-of-the-chart",
            "pod-security.kubernetes.io/enforce=restricted",
        ]],
        severity: "note",
        check: "pod-security",
        says: "first-of-the-chart",
        undone: &[&[
            "label",
            "namespace",
            "first-of-the-chart",
            "pod-security.kubernetes.io/enforce-",
        ]],
    },
    Fault {
        what: "a pod that is older than the label",
        done: &[
            &["create", "namespace", "older"],
            &["run", "old", "--image=registry.example/none", "-n", "older"],
            &[
                "label",
                "namespace",
                "older",
                "pod-hardener.io/harden=compatible",
            ],
        ],
        severity: "warning",
        check: "unhardened",
        says: "1 of 1 pods",
        undone: &[&["delete", "namespace", "older"]],
    },
    Fault {
        what: "a webhook that nobody may wait for so long",
        done: &[registration!(
            r#"{"op": "replace", "path": "/webhooks/0/timeoutSeconds", "value": 20}"#
        )],
        severity: "warning",
        check: "policy",
        says: "20 s",
        undone: &[],
    },
    Fault {
        what: "a webhook that is not called again",
        done: &[registration!(
            r#"{"op": "replace", "path": "/webhooks/0/reinvocationPolicy", "value": "Never"}"#
        )],
        severity: "warning",
        check: "policy",
        says: "is not called again",
        undone: &[],
    },
    Fault {
        what: "a webhook that only looks, and refuses",
        done: &[&[
            "patch",
            LOOKS,
            "--type=json",
            "-p",
            r#"[{"op": "replace", "path": "/webhooks/0/failurePolicy", "value": "Fail"}]"#,
        ]],
        severity: "error",
        check: "policy",
        says: "only looks",
        undone: &[],
    },
    Fault {
        what: "a selector that takes other namespaces",
        done: &[registration!(
            r#"{"op": "replace", "path": "/webhooks/0/namespaceSelector", "value": {"matchLabels": {"harden": "yes"}}}"#
        )],
        severity: "error",
        check: "selectors",
        says: "does not take",
        undone: &[],
    },
    Fault {
        what: "a selector that takes the system's namespaces",
        done: &[registration!(
            r#"{"op": "replace", "path": "/webhooks/0/namespaceSelector", "value": {"matchLabels": {"pod-hardener.io/harden": "compatible"}}}"#
        )],
        severity: "warning",
        check: "selectors",
        says: "kube-system",
        undone: &[],
    },
    Fault {
        what: "rules without ephemeral containers",
        done: &[registration!(
            r#"{"op": "remove", "path": "/webhooks/0/rules/1"}"#
        )],
        severity: "warning",
        check: "rules",
        says: "ephemeral",
        undone: &[],
    },
    Fault {
        what: "a profile that the configuration does not have",
        done: &[registration!(
            r#"{"op": "replace", "path": "/webhooks/0/clientConfig/service/path", "value": "/harden/stern"}"#
        )],
        severity: "error",
        check: "profiles",
        says: "`stern`",
        undone: &[],
    },
    Fault {
        what: "a profile that no label can name",
        done: &[registration!(r#"{"op": "remove", "path": "/webhooks/0"}"#)],
        severity: "note",
        check: "profiles",
        says: "no label can name",
        undone: &[],
    },
    Fault {
        what: "no registration that looks",
        done: &[&["delete", LOOKS]],
        severity: "warning",
        check: "installed",
        says: "ValidatingWebhookConfiguration",
        undone: &[],
    },
    Fault {
        what: "no registration that hardens",
        done: &[&["delete", HARDENS]],
        severity: "error",
        check: "installed",
        says: "MutatingWebhookConfiguration",
        undone: &[],
    },
    Fault {
        what: "no policy that warns of labels",
        done: &[&["delete", "validatingadmissionpolicy", "pod-hardener-pods"]],
        severity: "note",
        check: "labels",
        says: "ValidatingAdmissionPolicy",
        undone: &[],
    },
    Fault {
        what: "no Service",
        done: &[&["delete", "service", NAME, "-n", NAME]],
        severity: "error",
        check: "servers",
        says: "no such Service",
        undone: &[],
    },
    Fault {
        what: "a single server",
        done: &[&["scale", "deployment", NAME, "-n", NAME, "--replicas=1"]],
        severity: "warning",
        check: "servers",
        says: "one server",
        undone: &[],
    },
    Fault {
        what: "no server",
        done: &[&["scale", "deployment", NAME, "-n", NAME, "--replicas=0"]],
        severity: "error",
        check: "servers",
        says: "no servers",
        undone: &[],
    },
    Fault {
        what: "nobody who hardens what is tried",
        done: &[
            CONTROLLER_AWAY,
            CONTROLLER_GONE,
            registration!(r#"{"op": "remove", "path": "/webhooks/2/clientConfig/caBundle"}"#),
        ],
        severity: "error",
        check: "reached",
        says: "came out as it went in",
        undone: &[],
    },
    Fault {
        what: "a configuration that is switched off",
        done: &[&[
            "patch",
            "configmap",
            NAME,
            "-n",
            NAME,
            "-p",
            r#"{"data": {"defaults.toml": "version = 1\nenabled = false\n"}}"#,
        ]],
        severity: "error",
        check: "configuration",
        says: "enabled = false",
        undone: &[],
    },
    Fault {
        what: "a configuration that is refused",
        done: &[&[
            "patch",
            "configmap",
            NAME,
            "-n",
            NAME,
            "-p",
            r#"{"data": {"defaults.toml": "version = 1\nenabeld = true\n"}}"#,
        ]],
        severity: "error",
        check: "configuration",
        says: "enabeld",
        undone: &[],
    },
    Fault {
        what: "a registration that trusts nothing",
        done: &[
            CONTROLLER_AWAY,
            CONTROLLER_GONE,
            registration!(r#"{"op": "remove", "path": "/webhooks/0/clientConfig/caBundle"}"#),
        ],
        severity: "error",
        check: "trust",
        says: "no caBundle",
        undone: &[],
    },
    Fault {
        what: "a certificate that is none",
        done: &[
            CONTROLLER_AWAY,
            CONTROLLER_GONE,
            &[
                "patch",
                "secret",
                "pod-hardener-tls",
                "-n",
                NAME,
                "-p",
                r#"{"stringData": {"tls.crt": "none"}}"#,
            ],
        ],
        severity: "error",
        check: "certificate",
        says: "holds no certificate",
        undone: &[],
    },
];

pub(super) fn finds(node: &Node) -> Result<(), Failed> {
    image::import(node)?;
    // The other tests have profiles of their own.
    say(
        node.plane(),
        &["label", "namespaces", "--all", "pod-hardener.io/harden-"],
    )?;
    let folder = tempfile::tempdir()?;
    let config = folder.path().join("defaults.toml");
    std::fs::write(&config, "version = 1\n")?;
    let config = format!("config={}", config.display());
    let installed = chart::install_with(node, &["--set-file", &config])?;
    let plane = node.plane();
    healthy(plane)?;
    let probed = doctor(plane, &["--probe"])?;
    let text = String::from_utf8_lossy(&probed.stdout);
    assert!(probed.status.success(), "{text}");
    assert!(text.contains("each gives a pod a user namespace"), "{text}");
    let every = if std::env::var("DOCTOR").is_ok_and(|form| form == "full") {
        1
    } else {
        4
    };
    for fault in FAULTS.iter().step_by(every) {
        fault.is_found(plane)?;
        for command in fault.undone {
            say(plane, command)?;
        }
        if fault.undone.is_empty() {
            // What the chart wrote is written again, and the controller is there again.
            installed.upgrade(&[
                "--force-conflicts",
                "--set",
                &chart::image(),
                "--set-file",
                &config,
            ])?;
        }
        until_healthy(plane, fault.what)?;
    }
    Ok(())
}

impl Fault {
    /// Plants it, and waits until doctor says what it must.
    fn is_found(&self, plane: &ControlPlane) -> Result<(), Failed> {
        for command in self.done {
            say(plane, command)?;
        }
        let start = Instant::now();
        loop {
            let found = findings(plane)?;
            let says = |finding: &&Value| {
                let text = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
                let said = format!("{}: {}", text("object"), text("what"));
                finding["check"] == self.check
                    && finding["severity"] == self.severity
                    && said.contains(self.says)
                    && !text("remedy").is_empty()
            };
            if found.iter().any(|finding| says(&finding)) {
                eprintln!(
                    "found after {:.1} s: {}",
                    start.elapsed().as_secs_f32(),
                    self.what
                );
                return Ok(());
            }
            if start.elapsed() > Duration::from_secs(60) {
                return Err(format!("{}: not found among {found:#?}", self.what).into());
            }
            std::thread::sleep(Duration::from_millis(500));
        }
    }
}

/// Fails unless doctor has nothing at all to say.
fn healthy(plane: &ControlPlane) -> Result<(), Failed> {
    let output = doctor(plane, &[])?;
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(text, "healthy: nothing wrong was found, 0 notes\n");
    Ok(())
}

fn until_healthy(plane: &ControlPlane, what: &str) -> Result<(), Failed> {
    let start = Instant::now();
    loop {
        let found = findings(plane)?;
        if found.is_empty() {
            return Ok(());
        }
        if start.elapsed() > Duration::from_secs(120) {
            return Err(format!("after {what}, still: {found:#?}").into());
        }
        std::thread::sleep(Duration::from_millis(500));
    }
}

fn findings(plane: &ControlPlane) -> Result<Vec<Value>, Failed> {
    let output = doctor(plane, &["-o", "json"])?;
    let said: Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("{error}: {}", String::from_utf8_lossy(&output.stderr)))?;
    let found = said["findings"].as_array().cloned().unwrap_or_default();
    let wrong = found.iter().any(|finding| finding["severity"] != "note");
    assert_eq!(output.status.code(), Some(i32::from(wrong)));
    Ok(found)
}

fn doctor(plane: &ControlPlane, flags: &[&str]) -> Result<Output, Failed> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pod-hardener"));
    command
        .arg("doctor")
        .arg("--kubeconfig")
        .arg(plane.kubeconfig())
        .args(flags);
    Ok(command.output()?)
}

fn say(plane: &ControlPlane, args: &[&str]) -> Result<(), Failed> {
    chart::kubectl(plane, args).map(drop)
}
