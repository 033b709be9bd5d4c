//! `pod-hardener config`, as a person calls it.

use std::io::Write;
use std::process::{Command, Output, Stdio};

fn config(args: &[&str], stdin: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_pod-hardener"))
        .arg("config")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(stdin.as_bytes())
        .unwrap();
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn check_accepts_refuses_and_misses() {
    let good = config(&["check"], "");
    assert_eq!(good.status.code(), Some(0));
    assert!(text(&good.stdout).contains("compatible, restricted, strict"));

    let bad = config(&["check", "-"], "version = 1\nenabeld = false\n");
    assert_eq!(bad.status.code(), Some(1));
    let said = text(&bad.stderr);
    for part in [
        " --> stdin:2:1",
        "did you mean `enabled`?",
        "stdin: refused, 1 problem",
    ] {
        assert!(said.contains(part), "{said}");
    }
    assert!(bad.stdout.is_empty());

    let missing = config(&["check", "/nowhere.toml"], "");
    assert_eq!(missing.status.code(), Some(2));
    assert!(text(&missing.stderr).contains("cannot read the configuration /nowhere.toml"));
}

#[test]
fn show_applies_overrides_to_what_is_described() {
    let file = "version = 1\n[[overrides]]\nreason = \"its cache\"\nimages = [\"nginx\"]\nnamespaces = [\"shop\"]\n\
                read-only-root-filesystem.writable-paths = [\"/var/cache/nginx\"]\n";
    let args = [
        "show",
        "--config",
        "-",
        "--profile",
        "strict",
        "--image",
        "nginx:1.27",
    ];
    let shown = |namespace: &str| {
        let args: Vec<&str> = args
            .iter()
            .copied()
            .chain(["--namespace", namespace])
            .collect();
        let output = config(&args, file);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    let inside = shown("shop");
    assert!(
        inside.contains("# overridden at stdin:2: its cache"),
        "{inside}"
    );
    assert!(
        inside.contains("[\"/tmp\", \"/var/cache/nginx\"]"),
        "{inside}"
    );
    assert!(inside.contains(", stdin:6, by an override"), "{inside}");
    assert!(!shown("other").contains("/var/cache/nginx"));

    let unknown = config(&["show", "--profile", "stric"], "");
    assert_eq!(unknown.status.code(), Some(2));
    assert!(text(&unknown.stderr).contains("there is no `stric`"));
}

#[test]
fn schema_is_json() {
    let output = config(&["schema"], "");
    let schema: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(schema["required"][0], "version");
}
