//! What is asked of a workload, one after the other: its job, a second round, 200 MB in /tmp, load, a reload, a restart, its end.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::{ContainerStatus, Pod};

use crate::workloads;

use super::status::{self, is_running, name, phase, short};
use super::{Broken, Cell, Look, Outcome};
use crate::columns::Depth;
use crate::gate::Permit;

/// How long a second round is waited for.
const AGAIN: Duration = Duration::from_secs(3);

/// For how long a start is heavy.
const STARTING: Duration = Duration::from_secs(20);

/// For how long a workload is put under load, in seconds.
const LOAD: &str = "30";

impl Cell<'_> {
    /// A program that ends when it is done: what is in force is looked at meanwhile.
    pub(super) fn job(
        &self,
        cell: &mut workloads::Cell,
        start: Instant,
    ) -> anyhow::Result<Outcome<()>> {
        let mut said = "no pod is made".to_owned();
        while start.elapsed() < self.patience {
            if let Some(pod) = self.pod()? {
                said = format!("the pod is {}", phase(&pod));
                match phase(&pod) {
                    "Failed" => break,
                    "Succeeded" => {
                        cell.start = seconds_since(start);
                        return self.call("do", &[], &pod);
                    }
                    // It may end while it is looked at.
                    _ if cell.inside.is_empty() => {
                        if let Ok(look) = self.look(&pod) {
                            take(cell, look);
                        }
                    }
                    _ => {}
                }
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        Ok(Err(Broken("do", said)))
    }

    /// A program that runs until it is stopped.
    pub(super) fn server(
        &self,
        cell: &mut workloads::Cell,
        start: Instant,
        permit: Permit<'_>,
    ) -> anyhow::Result<Outcome<()>> {
        let pod = match self.serves(start, permit)? {
            Ok(pod) => pod,
            Err(broken) => return Ok(Err(broken)),
        };
        cell.start = seconds_since(start);
        take(cell, self.look(&pod)?);
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
    fn serves(&self, start: Instant, permit: Permit<'_>) -> anyhow::Result<Outcome<Pod>> {
        let mut said = "no pod is made".to_owned();
        let mut permit = Some(permit);
        while start.elapsed() < self.patience {
            if let Some(pod) = self.pod()? {
                said = format!("the pod is {}", phase(&pod));
                if phase(&pod) == "Failed" {
                    break;
                }
                if let Some(ended) = status::failed(&pod) {
                    return Ok(Err(Broken("do", ended)));
                }
                if phase(&pod) == "Running" && status::first(&pod).is_some_and(is_running) {
                    match self.call("do", &[], &pod)? {
                        Ok(()) => return Ok(Ok(pod)),
                        Err(Broken(_, other)) => said = other,
                    }
                }
            }
            if start.elapsed() > STARTING {
                // It waits for something: others may start meanwhile.
                permit = None;
            }
            std::thread::sleep(Duration::from_millis(300));
        }
        drop(permit);
        Ok(Err(Broken("do", said)))
    }

    /// Temporary files, load, a reload, a restart, the end.
    fn all_of_it(&self, cell: &mut workloads::Cell, mut pod: Pod) -> anyhow::Result<Outcome<()>> {
        let meta = &self.workload.meta;
        let phases = [
            (meta.temporary, "temporary", [].as_slice()),
            (meta.load, "load", &[LOAD]),
            (meta.reload, "reload", &[]),
        ];
        for (_, phase, more) in phases.into_iter().filter(|(wanted, _, _)| *wanted) {
            if let Err(broken) = self.call(phase, more, &pod)? {
                return Ok(Err(broken));
            }
        }
        if let Some(ended) = self.ended()? {
            return Ok(Err(Broken("load", ended)));
        }
        if meta.restart {
            match self.restart(&pod)? {
                Ok(restarted) => pod = restarted,
                Err(broken) => return Ok(Err(broken)),
            }
        }
        let Some(process) = status::first(&pod).and_then(|status| self.first_process(status))
        else {
            return Ok(Err(Broken("stop", "it runs no more".to_owned())));
        };
        let start = Instant::now();
        self.cluster.end(&self.namespace, name(&pod))?;
        while Path::new(&format!("/proc/{process}")).exists() {
            if start.elapsed() > Duration::from_secs(60) {
                let said = "it does not end within a minute".to_owned();
                return Ok(Err(Broken("stop", said)));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        cell.stop = Some(seconds_since(start));
        Ok(Ok(()))
    }

    /// Kills its first process, and waits until it does its job again.
    fn restart(&self, pod: &Pod) -> anyhow::Result<Outcome<Pod>> {
        let first = status::first(pod);
        let before = first.map_or(0, |status| status.restart_count);
        if let Some(process) = first.and_then(|status| self.first_process(status)) {
            // It may have ended by itself meanwhile, which shows in what follows.
            let _ = crate::node::output(&["kill", "-KILL", &process.to_string()]);
        }
        let (start, mut said) = (Instant::now(), "it is not started again".to_owned());
        while start.elapsed() < self.patience.max(Duration::from_secs(60)) {
            std::thread::sleep(Duration::from_millis(300));
            let Some(pod) = self.pod()? else { continue };
            let Some(status) = status::first(&pod) else {
                continue;
            };
            if status.restart_count > before + 1 {
                let said = "it ends again and again".to_owned();
                return Ok(Err(Broken("restarted", said)));
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
        let (plane, path) = (self.node.plane(), std::env::var("PATH").unwrap_or_default());
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
            // It tries again for so long, and then it is looked whether the pod has ended: starting it anew costs more.
            .env("WAIT", "2")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            // The system's own python first: one that is chosen by a script in front of it takes three times as long to start.
            .env("PATH", format!("/usr/bin:/bin:{path}"))
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

    /// Whether one of its containers has ended or was started again.
    fn ended(&self) -> anyhow::Result<Option<String>> {
        Ok(match self.pod()? {
            Some(pod) => status::failed(&pod),
            None => Some("the pod is gone".to_owned()),
        })
    }

    /// The process that a container began with, as the node counts.
    pub(super) fn first_process(&self, container: &ContainerStatus) -> Option<u32> {
        let id = container.container_id.as_deref()?;
        let id = id.trim_start_matches("containerd://");
        self.node.runtime().first_process(id).ok()
    }
}

fn take(cell: &mut workloads::Cell, look: Look) {
    cell.inside = look.inside;
    cell.wrong = look.wrong;
}

/// To a tenth, since nothing here is more exact.
fn seconds_since(start: Instant) -> f64 {
    (start.elapsed().as_secs_f64() * 10.0).round() / 10.0
}
