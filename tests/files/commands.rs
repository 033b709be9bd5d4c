//! The commands, as they are run.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use libtest_mimic::Failed;
use serde_json::Value;

use crate::cases;

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - name: web # it\n    image: registry.example/web:1.0\n";

fn run(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pod-hardener"));
    command
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap()
}

fn run_on(text: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pod-hardener"));
    let command = command
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let text = text.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(text.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    output
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

/// `--write` keeps what a file may be used for and that a link is one, does the good files beside a bad one, and has nothing to do
/// afterwards.
pub(crate) fn write() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let at = |name: &str| folder.path().join(name);
    fs::write(at("pod.yaml"), POD)?;
    fs::set_permissions(at("pod.yaml"), fs::Permissions::from_mode(0o640))?;
    fs::create_dir(at("below"))?;
    fs::write(at("below/linked.yaml"), POD)?;
    symlink("below/linked.yaml", at("link.yaml"))?;
    fs::write(at("bad.yaml"), "a: b\nc: {{ .Values.d }}\n")?;
    fs::write(at("other.yaml"), "a: b")?;
    let arguments = [
        "harden",
        "--write",
        "bad.yaml",
        "link.yaml",
        "other.yaml",
        "pod.yaml",
    ];
    let output = run(folder.path(), &arguments);
    assert_eq!(code(&output), 2, "{output:?}");
    assert!(stderr(&output).contains("error: bad.yaml:2:"), "{output:?}");
    assert!(stderr(&output).contains("helm template"), "{output:?}");
    assert_eq!(stdout(&output), "");
    let hardened = fs::read_to_string(at("pod.yaml"))?;
    assert!(hardened.contains("runAsUser: 10001") && hardened.contains("- name: web # it\n"));
    assert_eq!(
        fs::metadata(at("pod.yaml"))?.permissions().mode() & 0o7777,
        0o640
    );
    assert!(fs::symlink_metadata(at("link.yaml"))?.is_symlink());
    assert_eq!(fs::read_to_string(at("below/linked.yaml"))?, hardened);
    assert_eq!(fs::read_to_string(at("other.yaml"))?, "a: b");
    let left: Vec<_> = fs::read_dir(folder.path())?
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left.len(), 5, "{left:?}");

    fs::remove_file(at("bad.yaml"))?;
    let modified = fs::metadata(at("pod.yaml"))?.modified()?;
    let again = run(folder.path(), &["harden", "--write", "."]);
    assert_eq!((code(&again), stderr(&again)), (0, ""));
    assert_eq!(fs::metadata(at("pod.yaml"))?.modified()?, modified);
    Ok(())
}

/// `--diff` and `--check` write nothing and say it by the exit code; a patch of the diff is what `harden` prints.
pub(crate) fn diff_and_check() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("pod.yaml"), POD)?;
    let (check, diff) = (
        run(folder.path(), &["harden", "--check", "."]),
        run(folder.path(), &["harden", "--diff", "pod.yaml"]),
    );
    assert_eq!((code(&check), code(&diff)), (1, 1));
    assert!(
        stderr(&check).contains("pod.yaml: Pod default/web: "),
        "{check:?}"
    );
    assert!(
        stdout(&diff).starts_with("--- a/pod.yaml\n+++ b/pod.yaml\n@@ "),
        "{diff:?}"
    );
    assert_eq!(fs::read_to_string(folder.path().join("pod.yaml"))?, POD);
    let printed = run(folder.path(), &["harden", "pod.yaml"]);
    assert_eq!(code(&printed), 0);
    let piped = run_on(POD, &["harden", "-"]);
    assert_eq!(piped.stdout, printed.stdout);
    let clean = run_on(stdout(&printed), &["harden", "--check", "-"]);
    assert_eq!(code(&clean), 0, "{clean:?}");

    // A stream that could not be hardened whole is not passed on.
    let broken = run_on(
        &format!("{POD}---\nkind: Pod\nspec: {{containers: []}}\n"),
        &["harden", "-"],
    );
    assert_eq!((code(&broken), stdout(&broken)), (2, ""), "{broken:?}");
    // Several files are the documents of one.
    fs::write(
        folder.path().join("another.json"),
        r#"{"apiVersion":"v1","kind":"Pod","spec":{"containers":[{"name":"j"}]}}"#,
    )?;
    let both = run(folder.path(), &["harden", "."]);
    let documents = crate::yaml::documents(stdout(&both))?;
    assert_eq!(documents.len(), 2, "{both:?}");
    Ok(())
}

/// Folders: what .gitignore names, hidden files and templates of charts are left out; what is named is taken.
pub(crate) fn folders() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    for (name, text) in [
        ("a.yaml", POD),
        ("deep/er/b.yml", POD),
        ("deep/notes.txt", POD),
        ("built/c.yaml", POD),
        (".gitignore", "built/\n"),
        ("chart/Chart.yaml", "name: chart\n"),
        ("chart/templates/d.yaml", "{{ d }}"),
        (".hidden/e.yaml", "{{ e }}"),
    ] {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap())?;
        fs::write(path, text)?;
    }
    let files = |arguments: &[&str]| -> Vec<String> {
        let output = run(folder.path(), arguments);
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let findings = report["findings"].as_array().unwrap().iter();
        let mut files: Vec<String> = findings
            .map(|one| one["file"].as_str().unwrap().to_owned())
            .collect();
        files.dedup();
        files
    };
    assert_eq!(
        files(&["check", "-o", "json", "."]),
        ["./a.yaml", "./deep/er/b.yml"]
    );
    assert_eq!(
        files(&["check", "-o", "json", "--no-ignore", "."]),
        ["./a.yaml", "./built/c.yaml", "./deep/er/b.yml"]
    );
    assert_eq!(
        files(&["check", "-o", "json", "deep/notes.txt", "built/c.yaml"]),
        ["deep/notes.txt", "built/c.yaml"]
    );
    let output = run(folder.path(), &["check", "-o", "concise", "chart"]);
    assert!(
        stderr(&output).contains("templates: left out"),
        "{output:?}"
    );
    let missing = run(folder.path(), &["check", "missing.yaml"]);
    assert_eq!(code(&missing), 2);
    Ok(())
}

/// Whatever the number of threads, the output is the same.
pub(crate) fn deterministic() -> Result<(), Failed> {
    let folder = cases::folder();
    for arguments in [
        ["check", ".", "-o", "json", "-j"],
        ["harden", ".", "--profile", "strict", "-j"],
    ] {
        let of = |jobs: &str| {
            let output = run(&folder, &[&arguments[..], &[jobs]].concat());
            (output.stdout, output.stderr, output.status.code())
        };
        assert!(of("1") == of("7"), "{arguments:?}");
    }
    Ok(())
}

const CHECKED: &str = "apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  # pod-hardener:ignore probes -- nobody asks
  containers:
  - name: web
    image: registry.example/web:1.0
    securityContext:
      runAsUser: 0 # pod-hardener:ignore run-as-high-uid -- binds a port
  - name: other
    image: registry.example/other:1.0
    securityContext:
      allowPrivilegeEscalation: true
";

/// Places, classes, exit codes, comments and the baseline.
pub(crate) fn check() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("pod.yaml");
    fs::write(&file, CHECKED)?;
    let arguments = ["check", "pod.yaml", "-o", "json", "-o", "json=report.json"];
    let output = run(folder.path(), &arguments);
    assert_eq!(code(&output), 1);
    let report: Value = serde_json::from_slice(&output.stdout)?;
    assert_eq!(output.stdout, fs::read(folder.path().join("report.json"))?);
    // Of several on stdout, one follows the other; and a report among the files is read as it was before.
    let arguments = [
        "check",
        ".",
        "-o",
        "json",
        "-o",
        "concise",
        "-o",
        "json=report.json",
    ];
    let both = run(folder.path(), &arguments);
    assert_eq!((code(&both), stderr(&both)), (1, ""));
    let (json, concise) =
        stdout(&both).split_at(fs::read(folder.path().join("report.json"))?.len());
    serde_json::from_str::<Value>(json)?;
    assert_eq!(concise.lines().count(), 14, "{concise}");
    let findings: Vec<String> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(line)
        .collect();
    let expected = [
        "4:1 gap no-service-account-token",
        "7:5 gap cpu-resources",
        "7:5 gap memory-resources",
        "7:5 step-back drop-capabilities",
        "9:5 gap no-privilege-escalation",
        "9:5 gap runtime-default-seccomp",
        "9:5 gap drop-capabilities",
        "11:5 gap cpu-resources",
        "11:5 gap memory-resources",
        "13:5 gap run-as-high-uid",
        "13:5 gap runtime-default-seccomp",
        "13:5 gap drop-capabilities",
        "14:7 choice no-privilege-escalation",
    ];
    let mut found = findings.clone();
    found.sort();
    let mut wanted: Vec<String> = expected.map(ToOwned::to_owned).to_vec();
    wanted.sort();
    assert_eq!(found, wanted);
    assert_eq!(report["silenced"], 3);

    // Known findings are silent, wherever in the file they have moved to; a new one is not.
    fs::write(
        &file,
        format!("# A line more.\n{CHECKED}  terminationGracePeriodSeconds: 5\n"),
    )?;
    let known = run(
        folder.path(),
        &[
            "check",
            "pod.yaml",
            "--baseline",
            "report.json",
            "-o",
            "concise",
        ],
    );
    assert_eq!(code(&known), 0, "{known:?}");
    let more = CHECKED.replace("runAsUser: 0 ", "privileged: true ");
    fs::write(&file, &more)?;
    let new = run(
        folder.path(),
        &[
            "check",
            "pod.yaml",
            "--baseline",
            "report.json",
            "-o",
            "concise",
        ],
    );
    assert_eq!(code(&new), 1, "{new:?}");
    // What the comment silenced is not said of that field any more.
    let useless = "10:24: warning[ignore] run-as-high-uid has nothing to say here";
    assert!(stdout(&new).contains(useless), "{new:?}");

    // Severities.
    let safe = run_on(POD, &["harden", "-"]);
    let of = |text: &str, fail_on: &str| {
        code(&run_on(
            text,
            &["check", "-", "-o", "concise", "--fail-on", fail_on],
        ))
    };
    assert_eq!(
        (of(stdout(&safe), "warning"), of(stdout(&safe), "note")),
        (0, 1)
    );
    assert_eq!((of(POD, "error"), of(POD, "never")), (1, 0));
    let unsafe_choice = stdout(&safe).replace(
        "allowPrivilegeEscalation: false",
        "allowPrivilegeEscalation: true",
    );
    assert_eq!(
        (of(&unsafe_choice, "warning"), of(&unsafe_choice, "error")),
        (1, 0)
    );
    // Comments that are wrong.
    for (comment, said) in [
        ("drop-capabilities", "gives no reason"),
        ("none-such -- why", "there is no rule `none-such`"),
        ("-- why", "names no rule"),
    ] {
        let text = format!("# pod-hardener:ignore {comment}\n{POD}");
        let output = run_on(&text, &["check", "-", "-o", "concise"]);
        assert!(stdout(&output).contains(said), "{output:?}");
    }
    Ok(())
}

fn line(finding: &Value) -> String {
    let text = |name: &str| finding[name].as_str().unwrap().to_owned();
    format!(
        "{}:{} {} {}",
        finding["line"],
        finding["column"],
        text("class"),
        text("rule")
    )
}

/// Names and texts of files reach no terminal, log or page as they are.
pub(crate) fn hostile_names() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let evil = "ev\u{1b}[31mil\n::error::\u{202e}x.yaml";
    fs::write(folder.path().join(evil), POD)?;
    fs::write(folder.path().join(format!("bad{evil}")), "a: {b\n")?;
    for format in ["text", "concise", "json", "sarif", "github", "markdown"] {
        let output = run(folder.path(), &["check", "-o", format, "."]);
        for text in [stdout(&output), stderr(&output)] {
            let bad = |c: char| c != '\n' && c.is_control() || c == '\u{202e}';
            assert!(!text.contains(bad), "{format}: {text:?}");
            let forged = text.lines().any(|line| line.starts_with("::error::"));
            assert!(!forged, "{format}: {text}");
        }
        assert!(stdout(&output).contains("31mil"), "{format}: {output:?}");
    }
    let output = run(folder.path(), &["harden", "--check", "."]);
    assert!(!stderr(&output).contains('\u{1b}'), "{output:?}");
    Ok(())
}

/// A report is not lost by another one, nor for want of a folder for temporary files.
pub(crate) fn reports() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    fs::write(
        folder.path().join("pods.yaml"),
        format!("---\n{POD}").repeat(2_000),
    )?;
    fs::write(folder.path().join("bad.yaml"), "a: {b\n")?;
    let mut child = Command::new(env!("CARGO_BIN_EXE_pod-hardener"))
        .args(["check", "-o", "concise", "-o", "sarif=out.sarif", "."])
        .current_dir(folder.path())
        .env("TMPDIR", folder.path().join("missing"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    // As `head` does.
    drop(child.stdout.take());
    let output = child.wait_with_output()?;
    assert_eq!(code(&output), 2, "{output:?}");
    assert!(stderr(&output).contains("error: ./bad.yaml:"), "{output:?}");
    assert!(!stderr(&output).contains("pipe"), "{output:?}");
    let sarif: Value = serde_json::from_slice(&fs::read(folder.path().join("out.sarif"))?)?;
    assert!(sarif["runs"][0]["results"].as_array().unwrap().len() > 2_000);
    Ok(())
}

/// What would harden an object is beside its first finding that is told.
pub(crate) fn fix_of_what_is_told() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let comment = "# pod-hardener:ignore no-privilege-escalation -- it must";
    let text = POD.replace("# it", comment);
    fs::write(folder.path().join("pod.yaml"), text)?;
    let output = run(folder.path(), &["check", "pod.yaml", "-o", "sarif"]);
    let sarif: Value = serde_json::from_slice(&output.stdout)?;
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    let fixes = results.iter().filter(|one| !one["fixes"].is_null()).count();
    assert_eq!(fixes, 1, "{sarif:#}");
    Ok(())
}

/// What stands beside and cannot be read is named: what it would have said of the cluster is missing.
pub(crate) fn unreadable_beside() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("pod.yaml"), POD)?;
    fs::write(
        folder.path().join("rbac.yaml"),
        "kind: RoleBinding\napiVersion: {rbac\n",
    )?;
    fs::write(folder.path().join("other.yaml"), "a: {b\n")?;
    let arguments = ["harden", "--beside", ".", "pod.yaml"];
    let output = run(folder.path(), &arguments);
    assert_eq!(code(&output), 0, "{output:?}");
    let warnings: Vec<&str> = stderr(&output).lines().collect();
    assert!(
        warnings.len() == 1 && warnings[0].starts_with("warning: ./rbac.yaml:"),
        "{output:?}"
    );
    Ok(())
}

/// Applying the `fixes` of SARIF gives what `harden` gives.
pub(crate) fn sarif() -> Result<(), Failed> {
    let mut fixed = 0;
    for path in crate::corpus::files(&cases::folder(), &["yaml", "json"]) {
        let name = path.file_name().unwrap().to_str().unwrap();
        let output = run(&cases::folder(), &["check", name, "-o", "sarif"]);
        let sarif: Value = serde_json::from_slice(&output.stdout)?;
        let hardened = run(&cases::folder(), &["harden", name]);
        if code(&hardened) != 0 {
            continue;
        }
        let text = fs::read_to_string(&path)?;
        let lines: Vec<usize> = std::iter::once(0)
            .chain(text.match_indices('\n').map(|(at, _)| at + 1))
            .collect();
        let byte = |region: &Value, line: &str, column: &str| {
            let start = lines[region[line].as_u64().unwrap() as usize - 1];
            let column = region[column].as_u64().unwrap() as usize - 1;
            start
                + text[start..]
                    .chars()
                    .take(column)
                    .map(char::len_utf8)
                    .sum::<usize>()
        };
        let mut edits = Vec::new();
        for result in sarif["runs"][0]["results"].as_array().unwrap() {
            let replacements = result["fixes"][0]["artifactChanges"][0]["replacements"].as_array();
            for replacement in replacements.into_iter().flatten() {
                let region = &replacement["deletedRegion"];
                let (start, end) = (
                    byte(region, "startLine", "startColumn"),
                    byte(region, "endLine", "endColumn"),
                );
                edits.push((
                    start,
                    end,
                    replacement["insertedContent"]["text"]
                        .as_str()
                        .unwrap()
                        .to_owned(),
                ));
            }
        }
        edits.sort_by_key(|(start, ..)| *start);
        let (mut done, mut at) = (String::new(), 0);
        for (start, end, new) in edits {
            done += &text[at..start];
            done += &new;
            at = end;
        }
        done += &text[at..];
        assert_eq!(done, stdout(&hardened), "{name}");
        fixed += 1;
    }
    assert!(fixed >= 14, "{fixed}");
    Ok(())
}

/// What the files say of the cluster counts, in their own namespaces, and wherever among the files it is said.
pub(crate) fn facts() -> Result<(), Failed> {
    let text = fs::read_to_string(cases::folder().join("facts.yaml"))?;
    let (pods, rest) = text.split_once("---\napiVersion: rbac").unwrap();
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("a-pods.yaml"), pods)?;
    let hardened = || -> Result<Vec<Value>, Failed> {
        let output = run(folder.path(), &["harden", "."]);
        Ok(crate::yaml::documents(stdout(&output))?)
    };
    let says = |pod: &Value| {
        let spec = &pod["spec"];
        (
            spec["automountServiceAccountToken"].is_boolean(),
            !spec["containers"][0]["resources"]["requests"]["cpu"].is_null(),
        )
    };
    let alone = hardened()?;
    assert_eq!(
        (says(&alone[0]), says(&alone[1])),
        ((true, true), (true, true))
    );
    fs::write(
        folder.path().join("b-facts.yaml"),
        format!("apiVersion: rbac{rest}"),
    )?;
    let together = hardened()?;
    assert_eq!(
        (says(&together[0]), says(&together[1])),
        ((false, false), (true, true))
    );
    // A hook is given what has changed, and knows what the rest of the repository says.
    let hook = |more: &[&str]| -> Result<Vec<Value>, Failed> {
        let output = run(folder.path(), &[&["harden", "a-pods.yaml"], more].concat());
        Ok(crate::yaml::documents(stdout(&output))?)
    };
    assert_eq!(hook(&[])?, alone);
    assert_eq!(hook(&["--beside", "."])?, together[..2]);
    facts_of_a_cluster(folder.path())
}

/// What was exported from a cluster counts beside what the files say, and another file is refused.
fn facts_of_a_cluster(folder: &Path) -> Result<(), Failed> {
    let exported = |version: u32| {
        let nobody = r#"{"everyone": false, "namespaces": [], "accounts": {}}"#;
        format!(
            r#"{{"format": "pod-hardener/facts", "version": {version}, "roleBindings": {nobody}, "clusterRoleBindings": {nobody},
            "serviceAccounts": {{"default": {{"default": {{"automount": true}}}}}}, "ranges": null, "podLimits": null,
            "bestEffortQuotas": null, "autoscalers": {{"default": ["memory"]}}, "userNamespaces": null}}"#
        )
    };
    let file = folder.join("facts");
    fs::write(&file, exported(1))?;
    fs::write(folder.join("c-silent.yaml"), POD)?;
    let output = run(folder, &["harden", "--facts", "facts", "c-silent.yaml"]);
    let pod = crate::yaml::documents(stdout(&output))?.remove(0);
    let (spec, requests) = (
        &pod["spec"],
        &pod["spec"]["containers"][0]["resources"]["requests"],
    );
    assert!(
        spec["automountServiceAccountToken"].is_null(),
        "the account's own word: {pod}"
    );
    assert!(
        requests["memory"].is_null() && requests["cpu"].is_string(),
        "{pod}"
    );
    // What files say stays said.
    let output = run(folder, &["harden", "--facts", "facts", "."]);
    let pods = crate::yaml::documents(stdout(&output))?;
    assert!(pods[0]["spec"]["automountServiceAccountToken"].is_null());
    assert!(pods[0]["spec"]["containers"][0]["resources"]["requests"]["cpu"].is_null());

    fs::write(&file, exported(2))?;
    let later = run(folder, &["check", "--facts", "facts", "."]);
    assert!(
        code(&later) == 2 && stderr(&later).contains("version 2 of the format"),
        "{later:?}"
    );
    let other = run(folder, &["check", "--facts", "c-silent.yaml", "."]);
    assert!(
        code(&other) == 2 && stderr(&other).contains("c-silent.yaml is refused"),
        "{other:?}"
    );
    Ok(())
}

/// All that there is to know of a rule, and what to do about a name that is none.
pub(crate) fn explain() -> Result<(), Failed> {
    for rule in pod_hardener::rules::RULES {
        let output = run(Path::new("."), &["explain", rule.id]);
        let text = stdout(&output);
        for part in [
            rule.summary,
            rule.why,
            rule.breaks,
            &format!("except.pod-hardener.io/{}", rule.id),
            "- strict: ",
        ] {
            assert!(text.contains(part), "{}: {part}", rule.id);
        }
    }
    let output = run(Path::new("."), &["explain", "none-such"]);
    assert!(
        code(&output) == 2 && stderr(&output).contains("drop-capabilities"),
        "{output:?}"
    );
    for shell in ["bash", "zsh", "fish"] {
        assert!(stdout(&run(Path::new("."), &["completions", shell])).contains("baseline"));
    }
    Ok(())
}
