//! What a node leaves behind: one is started inside this one, and killed.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use libtest_mimic::Failed;

use crate::node::{Node, output};

/// How long a node may take to be there, or to be gone.
const PATIENCE: Duration = Duration::from_secs(90);

pub(super) fn leaves_nothing(node: &Node) -> Result<(), Failed> {
    let links = output(&["ip", "-o", "link"])?;
    let mounts = fs::read_to_string("/proc/self/mountinfo")?;
    let mut crashed = Other::start(node)?;
    crashed.run_a_pod()?;
    let all = crashed.processes()?.len();
    if all < 8 {
        return Err(format!("a node of {all} processes is none").into());
    }
    crashed.process.kill()?;
    crashed.process.wait()?;
    wait("its processes end", || Ok(crashed.processes()?.is_empty()))?;
    if !crashed.work.exists() {
        return Err("its files are gone, so that nothing shows that they are swept".into());
    }

    let mut next = Other::start(node)?;
    if next.work != crashed.work {
        return Err("the next node does not take the place of the one that crashed".into());
    }
    output(&["kill", "-TERM", &next.process.id().to_string()])?;
    let ended = next.process.wait()?;
    if !ended.success() || !next.processes()?.is_empty() || next.work.exists() {
        return Err(format!("a node that is told to end leaves something: {ended}").into());
    }
    let group = format!("pod-hardener-{}", name(&next.work));
    for hierarchy in fs::read_dir("/sys/fs/cgroup")? {
        let left = hierarchy?.path().join(&group);
        if left.exists() {
            return Err(format!("{} is left", left.display()).into());
        }
    }
    if fs::read_to_string("/proc/self/mountinfo")? != mounts {
        return Err("mounts are left".into());
    }
    let left = output(&["ip", "-o", "link"])?;
    match left == links {
        true => Ok(()),
        false => Err(format!("links are left:\n{left}").into()),
    }
}

/// A node beside this one, which stays until it is ended.
struct Other {
    process: Child,
    work: PathBuf,
}

impl Other {
    fn start(node: &Node) -> Result<Self, Failed> {
        let log = node.work().join("other.log");
        let mut process = Command::new(std::env::current_exe()?)
            .env("NODE", "up")
            .env_remove("NODE_INSIDE")
            .env_remove("WORKLOADS")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log)?)
            .spawn()?;
        let mut work = None;
        wait("a node is up", || {
            let said = fs::read_to_string(&log)?;
            if let Some(ended) = process.try_wait()? {
                return Err(format!("a node ended with {ended}: {said}").into());
            }
            let kubectl = said
                .lines()
                .find_map(|line| line.trim().strip_suffix(" get pods -A"));
            work = kubectl
                .and_then(|kubectl| Path::new(kubectl).parent())
                .map(Path::to_owned);
            Ok(work.is_some())
        })?;
        let work = work.ok_or("it is somewhere")?;
        Ok(Self { process, work })
    }

    fn run_a_pod(&self) -> Result<(), Failed> {
        let kubectl = self.work.join("kubectl").display().to_string();
        let image = "--image=localhost/pod-hardener/witness:1";
        output(&[
            &kubectl,
            "run",
            "witness",
            image,
            "--image-pull-policy=Never",
        ])?;
        wait("a pod runs", || {
            let phase = output(&[
                &kubectl,
                "get",
                "pod",
                "witness",
                "-o",
                "jsonpath={.status.phase}",
            ])?;
            Ok(phase == "Running")
        })
    }

    /// Its processes, by what they inherit from it: the folder in their environment, or its control group.
    fn processes(&self) -> Result<Vec<u32>, Failed> {
        let environment = format!("NODE_INSIDE={}\0", self.work.display());
        let group = format!("/pod-hardener-{}/", name(&self.work));
        let mut found = Vec::new();
        for entry in fs::read_dir("/proc")? {
            let entry = entry?;
            let Ok(process) = entry.file_name().to_string_lossy().parse() else {
                continue;
            };
            // A process that has ended meanwhile is none.
            let file = |name| fs::read(entry.path().join(name)).unwrap_or_default();
            let inherits = String::from_utf8_lossy(&file("environ")).contains(&environment);
            if inherits || String::from_utf8_lossy(&file("cgroup")).contains(&group) {
                found.push(process);
            }
        }
        Ok(found)
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        // Both fail only where it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn name(work: &Path) -> std::borrow::Cow<'_, str> {
    work.file_name().unwrap_or_default().to_string_lossy()
}

fn wait(what: &str, mut ready: impl FnMut() -> Result<bool, Failed>) -> Result<(), Failed> {
    let start = Instant::now();
    while !ready()? {
        if start.elapsed() > PATIENCE {
            return Err(format!("not within {PATIENCE:?}: {what}").into());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}
