//! One cell of the matrix: a workload in a namespace of its own, labelled for a column, from its creation to its end.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::bail;
use k8s_openapi::api::core::v1::{ContainerStatus, Pod};
use serde_json::{Value, json};

use crate::node::Node;
use crate::workloads::{self, Failure, Inside};

use super::api::Cluster;
use super::columns::{Column, Depth};
use super::inside;
use super::workload::{Kind, Workload};

/// How long a second round is waited for.
const AGAIN: Duration = Duration::from_secs(3);

/// For how long a workload is put under load, in seconds.
const LOAD: &str = "5";

/// A cell under way.
pub(super) struct Cell<'m> {
    node: &'m Node,
    cluster: &'m Cluster,
    workload: &'m Workload,
    column: &'m Column,
    namespace: String,
    /// A folder on the node for the workload's own volumes, and one for its job.
    folder: PathBuf,
    /// How long it may take until it does its job.
    patience: Duration,
}

/// A workload did not do what it should: its phase, and what its job said.
struct Broken(&'static str, String);

type Outcome<T> = Result<T, Broken>;

impl<'m> Cell<'m> {
    pub(super) fn new(
        (node, cluster): (&'m Node, &'m Cluster),
        workload: &'m Workload,
        column: &'m Column,
        patience: Duration,
    ) -> Self {
        let namespace = format!("{}-{}", workload.name, column.name);
        Self {
            node,
            cluster,
            workload,
            column,
            folder: node.work().join("cells").join(&namespace),
            namespace,
            patience,
        }
    }

    /// Runs it. An error is one of the rig, and no result.
    pub(super) fn run(&self) -> anyhow::Result<workloads::Cell> {
        fs::create_dir_all(self.folder.join("state"))?;
        self.cluster.namespace(&self.namespace)?;
        self.prepare()?;
        let mut cell = workloads::Cell::default();
        let start = Instant::now();
        match self.work(&mut cell, start)? {
            Ok(()) => {}
            Err(Broken(phase, said)) => cell.failure = Some(self.explain(phase, said)?),
        }
        self.cluster.remove(&self.namespace)?;
        Ok(cell)
    }

    /// What is there before the namespace opts in.
    fn prepare(&self) -> anyhow::Result<()> {
        let before = self.workload.objects("before.yaml", &self.folder)?;
        if !before.is_empty() {
            self.create(&before).map_err(anyhow::Error::msg)?;
            let start = Instant::now();
            let done = |pod: &Pod| phase(pod) == "Succeeded";
            while !self.cluster.pods(&self.namespace, None)?.iter().all(done) {
                if start.elapsed() > Duration::from_secs(120) {
                    bail!("{}: the pods of before.yaml do not succeed", self.namespace);
                }
                std::thread::sleep(Duration::from_millis(200));
            }
        }
        match self.column.label() {
            Some(label) => self.cluster.label(&self.namespace, label),
            None => Ok(()),
        }
    }

    /// Creates objects; the complaint of the API server as the error.
    fn create(&self, objects: &[Value]) -> Result<(), String> {
        let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
        let file = self.folder.join("objects.json");
        fs::write(&file, list.to_string()).map_err(|error| error.to_string())?;
        let file = file.display().to_string();
        let created = self
            .node
            .plane()
            .kubectl(&["create", "-n", &self.namespace, "-f", &file]);
        let created = created.map_err(|error| error.to_string())?;
        let said = String::from_utf8_lossy(&created.stderr);
        let errors: Vec<&str> = said
            .lines()
            .filter(|line| !line.starts_with("Warning:"))
            .collect();
        match created.status.success() {
            true => Ok(()),
            false => Err(errors.join(" ")),
        }
    }

    fn work(&self, cell: &mut workloads::Cell, start: Instant) -> anyhow::Result<Outcome<()>> {
        let (roles, rest): (Vec<Value>, Vec<Value>) = self
            .workload
            .objects("objects.yaml", &self.folder)?
            .into_iter()
            .partition(|object| {
                object["kind"]
                    .as_str()
                    .is_some_and(|kind| kind.contains("Role"))
            });
        if !roles.is_empty() {
            // A server learns of a binding a moment after it was made; whoever makes both at once has that moment too.
            self.create(&roles).map_err(anyhow::Error::msg)?;
            std::thread::sleep(Duration::from_secs(1));
        }
        if let Err(refusal) = self.create(&rest) {
            return Ok(Err(Broken("create", refusal)));
        }
        let pod = match self.job(start)? {
            Ok(pod) => pod,
            Err(broken) => return Ok(Err(broken)),
        };
        cell.start = start.elapsed().as_secs_f32();
        if let Some(inside) = self.look(&pod)? {
            cell.wrong = inside::not_in_force(&pod, &inside);
            cell.inside = Some(inside);
        }
        if self.workload.meta.kind == Kind::Job {
            return Ok(Ok(()));
        }
        std::thread::sleep(AGAIN);
        if let Err(broken) = self.call("again", &[], &pod)? {
            return Ok(Err(broken));
        }
        if let Some(ended) = self.ended()? {
            return Ok(Err(Broken("again", ended)));
        }
        match self.column.depth {
            Depth::Short => Ok(Ok(())),
            Depth::Full => self.all_of_it(cell, pod),
        }
    }

    /// Waits until it does its job, or until that is hopeless.
    fn job(&self, start: Instant) -> anyhow::Result<Outcome<Pod>> {
        let mut said = "no pod is made".to_owned();
        loop {
            let pod = self.pod()?;
            if let Some(pod) = pod {
                said = format!("the pod is {}", phase(&pod));
                let job = self.workload.meta.kind == Kind::Job;
                if phase(&pod) == "Failed" {
                    return Ok(Err(Broken("do", said)));
                }
                if let (false, Some(ended)) = (job, failed(&pod)) {
                    return Ok(Err(Broken("do", ended)));
                }
                let ready = match job {
                    true => phase(&pod) == "Succeeded",
                    false => phase(&pod) == "Running" && first(&pod).is_some_and(is_running),
                };
                if ready {
                    match self.call("do", &[], &pod)? {
                        Ok(()) => return Ok(Ok(pod)),
                        Err(Broken(_, other)) => said = other,
                    }
                }
            }
            if start.elapsed() > self.patience {
                return Ok(Err(Broken("do", said)));
            }
            std::thread::sleep(Duration::from_millis(300));
        }
    }

    /// Load, a reload, a restart, the end.
    fn all_of_it(&self, cell: &mut workloads::Cell, mut pod: Pod) -> anyhow::Result<Outcome<()>> {
        let meta = &self.workload.meta;
        if meta.load
            && let Err(broken) = self.call("load", &[LOAD], &pod)?
        {
            return Ok(Err(broken));
        }
        if meta.reload
            && let Err(broken) = self.call("reload", &[], &pod)?
        {
            return Ok(Err(broken));
        }
        if meta.restart {
            match self.restart(&pod)? {
                Ok(restarted) => pod = restarted,
                Err(broken) => return Ok(Err(broken)),
            }
        }
        let Some(process) = self.first_process(&pod) else {
            return Ok(Err(Broken("stop", "it runs no more".to_owned())));
        };
        let start = Instant::now();
        self.cluster.end(&self.namespace, name(&pod))?;
        while Path::new(&format!("/proc/{process}")).exists() {
            if start.elapsed() > Duration::from_secs(60) {
                return Ok(Err(Broken(
                    "stop",
                    "it does not end within a minute".to_owned(),
                )));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        cell.stop = Some(start.elapsed().as_secs_f32());
        Ok(Ok(()))
    }

    /// Kills its first process, and waits until it does its job again.
    fn restart(&self, pod: &Pod) -> anyhow::Result<Outcome<Pod>> {
        let before = first(pod).map_or(0, |status| status.restart_count);
        if let Some(process) = self.first_process(pod) {
            // It may have ended by itself meanwhile, which shows in what follows.
            let _ = crate::node::output(&["kill", "-KILL", &process.to_string()]);
        }
        let (start, mut said) = (Instant::now(), "it is not started again".to_owned());
        while start.elapsed() < self.patience.max(Duration::from_secs(60)) {
            std::thread::sleep(Duration::from_millis(300));
            let Some(pod) = self.pod()? else { continue };
            let Some(status) = first(&pod) else { continue };
            if status.restart_count > before + 1 {
                return Ok(Err(Broken(
                    "restarted",
                    "it ends again and again".to_owned(),
                )));
            }
            if status.restart_count == before + 1 && is_running(status) {
                match self.call("restarted", &[], &pod)? {
                    Ok(()) => return Ok(Ok(pod)),
                    Err(Broken(_, other)) => said = other,
                }
            }
        }
        Ok(Err(Broken("restarted", said)))
    }

    /// Runs a phase of its job.
    fn call(&self, phase: &'static str, more: &[&str], pod: &Pod) -> anyhow::Result<Outcome<()>> {
        let ip = pod.status.as_ref().and_then(|status| status.pod_ip.clone());
        let plane = self.node.plane();
        let kubectl = format!(
            "{} --kubeconfig {} --cache-dir {}",
            plane.assets().join("kubectl").display(),
            plane.kubeconfig().display(),
            self.node.work().join("kubectl-cache").display()
        );
        let output = Command::new("timeout")
            .arg("--kill-after=5")
            .arg(self.workload.meta.timeout.to_string())
            .arg(self.workload.folder.join("work"))
            .arg(phase)
            .args(more)
            .env("POD_IP", ip.unwrap_or_default())
            .env("POD", name(pod))
            .env("NAMESPACE", &self.namespace)
            .env("KUBECTL", kubectl)
            .env("STATE", self.folder.join("state"))
            // It is tried again from here, where it is seen that the pod has ended.
            .env("WAIT", "0")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .output()?;
        if output.status.success() {
            return Ok(Ok(()));
        }
        let (said, complaint) = (
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        let line = said
            .lines()
            .last()
            .or_else(|| complaint.lines().last())
            .unwrap_or("it took too long");
        Ok(Err(Broken(phase, short(line))))
    }

    /// The pod under test: the newest, where one is on its way out.
    fn pod(&self) -> anyhow::Result<Option<Pod>> {
        let pods = self
            .cluster
            .pods(&self.namespace, Some(&self.workload.name))?;
        let stays = pods
            .into_iter()
            .filter(|pod| pod.metadata.deletion_timestamp.is_none());
        Ok(stays.max_by_key(|pod| pod.metadata.creation_timestamp.clone()))
    }

    /// Whether one of its containers has ended or was started again.
    fn ended(&self) -> anyhow::Result<Option<String>> {
        Ok(match self.pod()? {
            Some(pod) => failed(&pod),
            None => Some("the pod is gone".to_owned()),
        })
    }

    fn first_process(&self, pod: &Pod) -> Option<u32> {
        let id = first(pod)?.container_id.as_deref()?;
        self.node
            .runtime()
            .first_process(id.trim_start_matches("containerd://"))
            .ok()
    }

    /// What is in force inside; nothing where it has ended already, as a job.
    fn look(&self, pod: &Pod) -> anyhow::Result<Option<Inside>> {
        self.first_process(pod).map(inside::look).transpose()
    }

    /// How a failure shows.
    fn explain(&self, phase: &str, said: String) -> anyhow::Result<Failure> {
        let pod = self
            .cluster
            .pods(&self.namespace, Some(&self.workload.name))?
            .pop();
        Ok(Failure {
            phase: phase.to_owned(),
            said: short(&said),
            status: pod.as_ref().map(status).unwrap_or_default(),
            event: short(&self.cluster.warning(&self.namespace)?),
            log: pod
                .as_ref()
                .map(|pod| log(pod, &self.namespace))
                .unwrap_or_default(),
        })
    }
}

fn name(pod: &Pod) -> &str {
    pod.metadata.name.as_deref().unwrap_or_default()
}

fn phase(pod: &Pod) -> &str {
    pod.status
        .as_ref()
        .and_then(|status| status.phase.as_deref())
        .unwrap_or_default()
}

fn is_running(status: &ContainerStatus) -> bool {
    status
        .state
        .as_ref()
        .is_some_and(|state| state.running.is_some())
}

/// The status of the container under test.
fn first(pod: &Pod) -> Option<&ContainerStatus> {
    let name = &pod.spec.as_ref()?.containers.first()?.name;
    let statuses = pod.status.as_ref()?.container_statuses.as_ref()?;
    statuses.iter().find(|status| &status.name == name)
}

/// The statuses of all of its containers.
fn statuses(pod: &Pod) -> impl Iterator<Item = &ContainerStatus> {
    let status = pod.status.as_ref();
    let init = status.and_then(|status| status.init_container_statuses.as_ref());
    let containers = status.and_then(|status| status.container_statuses.as_ref());
    init.into_iter().chain(containers).flatten()
}

/// How one of its containers failed, if one did: it ended, or cannot be made.
fn failed(pod: &Pod) -> Option<String> {
    statuses(pod).find_map(|status| {
        let shown = shown(status)?;
        Some(format!("container {}: {shown}", status.name))
    })
}

/// The reason and the exit code of a container that failed.
fn shown(status: &ContainerStatus) -> Option<String> {
    let states = [status.last_state.as_ref(), status.state.as_ref()];
    let ended = states
        .iter()
        .flatten()
        .find_map(|state| state.terminated.as_ref());
    if let Some(ended) = ended.filter(|ended| ended.exit_code != 0 || status.restart_count > 0) {
        return Some(format!(
            "{} {}",
            ended.reason.as_deref().unwrap_or("ended"),
            ended.exit_code
        ));
    }
    let waiting = status.state.as_ref()?.waiting.as_ref()?.reason.clone()?;
    let certain = [
        "CreateContainerConfigError",
        "CreateContainerError",
        "RunContainerError",
        "ErrImageNeverPull",
    ];
    certain.contains(&waiting.as_str()).then_some(waiting)
}

/// What a pod's status says of its failure.
fn status(pod: &Pod) -> String {
    statuses(pod)
        .find_map(shown)
        .unwrap_or_else(|| phase(pod).to_owned())
}

/// The last line that one of its containers said, from the folder of logs, where it stays after a restart.
fn log(pod: &Pod, namespace: &str) -> String {
    let uid = pod.metadata.uid.as_deref().unwrap_or_default();
    let folder = format!("/var/log/pods/{namespace}_{}_{uid}", name(pod));
    let failed = statuses(pod)
        .find(|status| shown(status).is_some())
        .or_else(|| first(pod));
    let Some(container) = failed.map(|status| status.name.as_str()) else {
        return String::new();
    };
    let files = fs::read_dir(format!("{folder}/{container}"))
        .into_iter()
        .flatten()
        .flatten();
    let mut files: Vec<PathBuf> = files.map(|entry| entry.path()).collect();
    files.sort();
    let lines = files.iter().rev().find_map(|file| {
        let text = fs::read_to_string(file).ok()?;
        // Each line begins with its time, its stream, and whether it is whole.
        let said = |line: &str| line.splitn(4, ' ').nth(3).map(str::to_owned);
        text.lines()
            .rev()
            .filter_map(said)
            .find(|line| !line.trim().is_empty())
    });
    short(&lines.unwrap_or_default())
}

/// One line of a length that fits into a table.
fn short(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(200).collect()
}
