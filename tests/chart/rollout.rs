//! The page of the way from a look to `strict`: its commands are run here, and print what it shows.
//!
//! Two of them need a node, which is not there: the servers' log is read from where the server wrote it, and their metrics are asked for
//! without a port that is forwarded. What a kubelet would do is done in [`kubelet`].

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use libtest_mimic::Failed;

use crate::cluster::kubectl;
use crate::control_plane::ControlPlane;
use crate::helm::{Helm, Installed, root};
use crate::kubelet::Kubelet;
use crate::process::Server;

const PAGE: &str = "docs/rollout.md";

/// What only reads is asked again until it says what it should.
const READS: [&str; 5] = [
    "kubectl get",
    "kubectl logs",
    "curl",
    "pod-hardener audit",
    "kubectl rollout status",
];

/// How long a cluster may take until it is as it should be.
const PATIENCE: Duration = Duration::from_secs(15);

pub(super) fn as_shown(plane: &ControlPlane) -> Result<(), Failed> {
    if Command::new("jq").arg("--version").output().is_err() {
        if std::env::var_os("CI").is_some() {
            return Err(format!("there is no jq, which {PAGE} asks the decision log with").into());
        }
        eprintln!("!!! There is no jq, so that nobody tries {PAGE}.");
        return Ok(());
    }
    let kubeconfig = plane.kubeconfig().display().to_string();
    let server = Server::start(&["--kubeconfig", &kubeconfig]);
    let folder = tempfile::tempdir()?;
    let desk = Desk {
        plane,
        server: &server,
        folder: folder.path(),
    };
    fs::write(desk.file("ca.pem"), &server.ca)?;
    let (url, ca) = (
        format!("webhook.url=https://{}", server.webhook),
        format!("certificates.caBundle={}", desk.file("ca.pem")),
    );
    let elsewhere = "replicas=0,certificates.mode=existing";
    let values = ["--set", elsewhere, "--set", &url, "--set-file", &ca];
    let _installed = Installed::new(plane, Helm::of("HELM4")?, &values)?;
    desk.furnish()?;
    // The image of nginx is no other user's than root.
    let _kubelet = Kubelet::start(plane, "shop", |pod| {
        let spec = &pod["spec"];
        let is_root = spec["containers"][0]["securityContext"]["runAsNonRoot"] != true;
        pod["metadata"]["labels"]["app"] != "web" || is_root
    })?;
    let page = fs::read_to_string(root().join(PAGE))?;
    let mut told = String::new();
    let mut parts = page.split("```");
    while let Some(prose) = parts.next() {
        told += prose;
        let Some(block) = parts.next() else { break };
        if let Some(file) = block.strip_prefix("yaml\n# ") {
            let (name, text) = file.split_once('\n').ok_or("a file without a name")?;
            fs::write(desk.file(name), text)?;
        }
        let block = match block.strip_prefix("console\n") {
            Some(session) => format!("console\n{}", desk.session(session)?),
            None => block.to_owned(),
        };
        told += &format!("```{block}```");
    }
    kubectl(plane, &["delete", "namespace", "shop", "--wait=false"])?;
    if std::env::var_os("UPDATE").is_some() {
        fs::write(root().join(PAGE), &told)?;
        return Ok(());
    }
    is_shown(&told, &page)
}

/// Whether the page is what was seen.
fn is_shown(told: &str, page: &str) -> Result<(), Failed> {
    let differs = told
        .lines()
        .zip(page.lines())
        .find(|(told, page)| told != page);
    match told == page {
        true => Ok(()),
        false => {
            Err(format!("{PAGE} shows something else: {differs:#?}; UPDATE=1 writes it").into())
        }
    }
}

/// Where the commands are typed.
struct Desk<'d> {
    plane: &'d ControlPlane,
    server: &'d Server,
    folder: &'d Path,
}

impl Desk<'_> {
    fn file(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    /// The commands that are to be found.
    fn furnish(&self) -> Result<(), Failed> {
        let kubectl = self.plane.assets().join("kubectl");
        for (name, script) in [
            (
                "kubectl",
                format!(
                    "case \"$1\" in\nlogs) exec cat log;;\nport-forward) exit;;\nesac\nexec {} --cache-dir={} \"$@\"",
                    kubectl.display(),
                    self.file("cache")
                ),
            ),
            ("curl", "exec cat metrics".to_owned()),
            (
                "pod-hardener",
                format!("exec {} \"$@\"", env!("CARGO_BIN_EXE_pod-hardener")),
            ),
        ] {
            let file = self.file(name);
            fs::write(&file, format!("#!/bin/sh\n{script}\n"))?;
            fs::set_permissions(&file, fs::Permissions::from_mode(0o755))?;
        }
        Ok(())
    }

    /// The commands of a block, each with what it prints now.
    fn session(&self, block: &str) -> Result<String, Failed> {
        let mut told = String::new();
        let mut lines = block.lines().peekable();
        while let Some(line) = lines.next() {
            let command = line
                .strip_prefix("$ ")
                .ok_or_else(|| format!("no command: {line}"))?;
            let mut shown = String::new();
            while let Some(line) = lines.next_if(|line| !line.starts_with("$ ")) {
                shown += &format!("{line}\n");
            }
            told += &format!("{line}\n{}", self.typed(command, &shown)?);
        }
        Ok(told)
    }

    /// What a command prints; what only reads is asked again until that is what is shown. What is shown is left as it is where it is the
    /// same.
    fn typed(&self, command: &str, shown: &str) -> Result<String, Failed> {
        let reads = READS.iter().any(|read| command.starts_with(read));
        let began = Instant::now();
        let updates = std::env::var_os("UPDATE").is_some();
        if reads && updates {
            std::thread::sleep(Duration::from_secs(2));
        }
        if command.starts_with("kubectl rollout restart") {
            // Two within a second are one to kubectl, and an error.
            std::thread::sleep(Duration::from_secs(1));
        }
        loop {
            let told = self.run(command)?;
            if comparable(&told) == comparable(shown) {
                return Ok(shown.to_owned());
            }
            if !reads || updates || began.elapsed() > PATIENCE {
                return Ok(told);
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Both of its streams, without blanks at the ends of lines.
    fn run(&self, command: &str) -> Result<String, Failed> {
        // A container has one log for both.
        let log = self.server.log() + &self.server.decisions();
        fs::write(self.file("log"), log)?;
        fs::write(self.file("metrics"), self.server.get("/metrics"))?;
        let path = std::env::var("PATH").unwrap_or_default();
        let mut shell = Command::new("sh");
        shell
            .args(["-c", &format!("exec 2>&1\n{command}")])
            .current_dir(self.folder);
        shell.env("PATH", format!("{}:{path}", self.folder.display()));
        shell
            .env("KUBECONFIG", self.plane.kubeconfig())
            .env("NO_COLOR", "1");
        let printed = String::from_utf8(shell.output()?.stdout)?;
        let lines = printed.lines().map(|line| format!("{}\n", line.trim_end()));
        Ok(lines.collect())
    }
}

/// The lines without what is other each time: the order in which two webhooks are heard that are asked at once, and the version of the
/// configuration, which each change of a comment changes.
fn comparable(told: &str) -> Vec<String> {
    let line = |line: &str| match line.split_once(" config=") {
        Some((before, _)) => before.to_owned(),
        None => line.to_owned(),
    };
    let mut lines: Vec<String> = told.lines().map(line).collect();
    for warnings in
        lines.chunk_by_mut(|one, next| [one, next].iter().all(|line| line.starts_with("Warning: ")))
    {
        warnings.sort();
    }
    lines
}
