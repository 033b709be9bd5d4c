//! The integrations, with the real tools: both Helms and kustomize. Each is skipped, loudly, where its tool is not there.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use libtest_mimic::{Failed, Trial};
use serde_json::Value;

use crate::yaml;

const PROGRAM: &str = env!("CARGO_BIN_EXE_pod-hardener");

const WEB: &str = "# The shop.
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web # it
        image: registry.example/web:1
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {a: \"1\"}
";

const HOOK: &str = "apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  annotations: {helm.sh/hook: post-install}
spec:
  template:
    spec:
      restartPolicy: Never
      containers: [{name: migrate, image: registry.example/web:1}]
";

/// The tests, of which those are ignored whose tool no variable names; with `CI` set they fail.
pub(crate) fn trials() -> Vec<Trial> {
    let trial = |name: &str, variable: &'static str, test: fn(&Path) -> Result<(), Failed>| {
        let tool = std::env::var_os(variable).filter(|value| !value.is_empty());
        let is_required = std::env::var_os("CI").is_some();
        if tool.is_none() {
            eprintln!(
                "{variable} names nothing: `{name}` is skipped, but for CI, where it fails; `make test` builds what it needs"
            );
        }
        let is_ignored = tool.is_none() && !is_required;
        let run = move || {
            test(&PathBuf::from(
                tool.ok_or_else(|| format!("{variable} is not set"))?,
            ))
        };
        Trial::test(name, run).with_ignored_flag(is_ignored)
    };
    vec![
        trial("Helm 4 hardens by the plugin, hooks too", "HELM4", helm4),
        trial(
            "Helm 3 hardens by its post-renderer, all but hooks",
            "HELM3",
            helm3,
        ),
        trial(
            "what kustomize builds is hardened",
            "KUBEBUILDER_ASSETS",
            kustomize,
        ),
    ]
}

/// A chart, and a home for one Helm.
struct Chart {
    folder: tempfile::TempDir,
}

impl Chart {
    fn new(web: &str) -> std::io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let templates = folder.path().join("chart/templates");
        fs::create_dir_all(&templates)?;
        fs::write(
            folder.path().join("chart/Chart.yaml"),
            "apiVersion: v2\nname: shop\nversion: 0.1.0\n",
        )?;
        fs::write(templates.join("web.yaml"), web)?;
        fs::write(templates.join("hook.yaml"), HOOK)?;
        Ok(Self { folder })
    }

    fn helm(&self, helm: &Path, arguments: &[&str]) -> std::io::Result<Output> {
        let mut command = Command::new(helm);
        for home in ["HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"] {
            command.env(home, self.folder.path().join("home"));
        }
        let command = command.env("KUBECONFIG", self.folder.path().join("none"));
        let command = command
            .env("POD_HARDENER", PROGRAM)
            .env("POD_HARDENER_ARGS", "--profile strict");
        command
            .current_dir(self.folder.path())
            .args(arguments)
            .output()
    }
}

/// The objects by kind, in a text that a tool printed.
fn objects(output: &Output) -> Result<Vec<(String, Value)>, Failed> {
    if !output.status.success() {
        return Err(format!("{output:?}").into());
    }
    let documents = yaml::documents(std::str::from_utf8(&output.stdout)?)?;
    let mut objects: Vec<_> = documents
        .into_iter()
        .map(|object| {
            (
                object["kind"].as_str().unwrap_or_default().to_owned(),
                object,
            )
        })
        .collect();
    objects.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(objects)
}

/// What `harden` makes of objects that a tool printed without it.
fn hardened(plain: &Output, arguments: &[&str]) -> Result<Vec<(String, Value)>, Failed> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("plain.yaml");
    fs::write(&file, &plain.stdout)?;
    let output = Command::new(PROGRAM)
        .arg("harden")
        .args(arguments)
        .arg(&file)
        .output()?;
    objects(&output)
}

fn is_hardened(object: &Value) -> bool {
    object
        .pointer("/spec/template/spec/containers/0/securityContext")
        .is_some()
}

/// The kind of each object, and whether it is hardened.
fn kinds(objects: &[(String, Value)]) -> Vec<(&str, bool)> {
    let objects = objects.iter();
    objects
        .map(|(kind, object)| (kind.as_str(), is_hardened(object)))
        .collect()
}

fn helm4(helm: &Path) -> Result<(), Failed> {
    let chart = Chart::new(WEB)?;
    let plugin = Path::new(env!("CARGO_MANIFEST_DIR")).join("integrations/helm4/pod-hardener");
    let installed = chart.helm(helm, &["plugin", "install", &plugin.display().to_string()])?;
    assert!(installed.status.success(), "{installed:?}");
    let plain = chart.helm(helm, &["template", "shop", "chart"])?;
    let through = [
        "template",
        "shop",
        "chart",
        "--post-renderer",
        "pod-hardener",
    ];
    let rendered = objects(&chart.helm(helm, &through)?)?;
    assert_eq!(rendered, hardened(&plain, &["--profile", "strict"])?);
    let kinds = kinds(&rendered);
    assert_eq!(
        kinds,
        [("ConfigMap", false), ("Deployment", true), ("Job", true)]
    );
    // Helm 4 does not pass on what a plugin says on stderr.
    let broken = Chart::new(BROKEN)?;
    broken.helm(helm, &["plugin", "install", &plugin.display().to_string()])?;
    let output = broken.helm(helm, &through)?;
    assert!(
        !output.status.success() && output.stdout.is_empty(),
        "{output:?}"
    );
    Ok(())
}

fn helm3(helm: &Path) -> Result<(), Failed> {
    let chart = Chart::new(WEB)?;
    let post = ["--post-renderer", PROGRAM, "--post-renderer-args", "harden"];
    let plain = chart.helm(helm, &["template", "shop", "chart"])?;
    let rendered =
        objects(&chart.helm(helm, &[&["template", "shop", "chart"][..], &post].concat())?)?;
    let kinds = kinds(&rendered);
    // Helm 3 keeps hooks to itself.
    assert_eq!(
        kinds,
        [("ConfigMap", false), ("Deployment", true), ("Job", false)]
    );
    let whole = hardened(&plain, &[])?;
    assert_eq!(rendered[..2], whole[..2]);
    // What cannot be hardened whole is not installed: Helm fails, with the reason.
    let output =
        Chart::new(BROKEN)?.helm(helm, &[&["template", "shop", "chart"][..], &post].concat())?;
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success() && said.contains("the Deployment cannot be read"),
        "{output:?}"
    );
    Ok(())
}

/// A Deployment that cannot be read.
const BROKEN: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {template: {spec: {containers: 1}}}\n";

/// `kubectl kustomize | pod-hardener harden`: patches and generators are done when we see it.
fn kustomize(assets: &Path) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let overlay = "resources: [web.yaml]\nnamespace: prod\nnamePrefix: a-\nconfigMapGenerator: [{name: made, literals: [a=b]}]\n";
    fs::write(folder.path().join("kustomization.yaml"), overlay)?;
    fs::write(folder.path().join("web.yaml"), WEB)?;
    let script = "set -o pipefail; \"$1\" kustomize . | \"$2\" harden --profile strict -";
    let kubectl: OsString = assets.join("kubectl").into();
    let piped = Command::new("bash")
        .args(["-c", script, "bash"])
        .args([&kubectl, &OsString::from(PROGRAM)])
        .current_dir(folder.path())
        .output()?;
    let plain = Command::new(&kubectl)
        .args(["kustomize", "."])
        .current_dir(folder.path())
        .output()?;
    let built = objects(&piped)?;
    assert_eq!(built, hardened(&plain, &["--profile", "strict"])?);
    let web = built
        .iter()
        .find(|(kind, _)| kind == "Deployment")
        .ok_or("a Deployment")?;
    assert!(
        is_hardened(&web.1) && web.1["metadata"]["namespace"] == "prod",
        "{built:?}"
    );
    Ok(())
}

/// The script of `action.yml`, as a runner runs it: reports where they are looked for, and the exit code of `check`.
pub(crate) fn action() -> Result<(), Failed> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let action = yaml::documents(&yaml::read(&root.join("action.yml"))?)?.remove(0);
    let script = action["runs"]["steps"][0]["run"]
        .as_str()
        .ok_or("a script")?;
    let folder = tempfile::tempdir()?;
    let at = |name: &str| folder.path().join(name);
    fs::create_dir_all(at("bin"))?;
    std::os::unix::fs::symlink(PROGRAM, at("bin/pod-hardener"))?;
    for name in ["a b.yaml", "c.yaml"] {
        fs::write(at(name), WEB)?;
    }
    let run = |baseline: &str| -> Result<Output, Failed> {
        let path = std::env::var("PATH").unwrap_or_default();
        // As GitHub runs `shell: bash`.
        let mut command = Command::new("bash");
        command.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", script]);
        command.current_dir(folder.path());
        command.env("PATH", format!("{}:{path}", at("bin").display()));
        command
            .env("PATHS", "a b.yaml\nc.yaml\n")
            .env("PROFILE", "strict");
        command.env("BASELINE", baseline).env("SARIF", "out.sarif");
        command
            .env("GITHUB_OUTPUT", at("output"))
            .env("RUNNER_TEMP", folder.path());
        command.env("GITHUB_STEP_SUMMARY", at("summary"));
        Ok(command.output()?)
    };
    let found = run("")?;
    assert_eq!(found.status.code(), Some(1), "{found:?}");
    let annotations = String::from_utf8(found.stdout)?;
    for file in ["a b.yaml", "c.yaml"] {
        assert!(
            annotations.contains(&format!("::error file={file},line=")),
            "{annotations}"
        );
    }
    assert_eq!(fs::read_to_string(at("output"))?, "sarif=out.sarif\n");
    assert!(fs::read_to_string(at("summary"))?.contains("| c.yaml:"));
    let sarif: Value = serde_json::from_slice(&fs::read(at("out.sarif"))?)?;
    assert!(
        sarif["runs"][0]["results"]
            .as_array()
            .is_some_and(|results| results.len() > 10)
    );
    let baseline = [
        "check",
        "--profile",
        "strict",
        "-o",
        "json=known.json",
        "a b.yaml",
        "c.yaml",
    ];
    Command::new(PROGRAM)
        .args(baseline)
        .current_dir(folder.path())
        .output()?;
    let known = run("known.json")?;
    assert_eq!(known.status.code(), Some(0), "{known:?}");
    Ok(())
}
