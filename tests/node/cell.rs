//! One cell of the matrix: a workload in a namespace of its own, labelled for a column, from its creation to its end.

#[path = "cell/phases.rs"]
mod phases;
#[path = "cell/status.rs"]
mod status;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use k8s_openapi::api::core::v1::Pod;
use serde_json::{Value, json};

use crate::node::Node;
use crate::workloads::{self, Failure};

use super::api::Cluster;
use super::columns::Column;
use super::gate::Gate;
use super::workload::{Kind, Workload};
use super::{inside, promises};
use status::{phase, short};

/// A cell under way.
pub(super) struct Cell<'m> {
    node: &'m Node,
    cluster: &'m Cluster,
    /// Where those that start wait for each other.
    starts: &'m Gate,
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
        (node, cluster, starts): (&'m Node, &'m Cluster, &'m Gate),
        workload: &'m Workload,
        column: &'m Column,
        patience: Duration,
    ) -> Self {
        let namespace = format!("{}-{}", workload.name, column.name);
        Self {
            node,
            cluster,
            starts,
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
        match self.work(&mut cell)? {
            Ok(()) => {}
            Err(Broken(phase, said)) => cell.failure = Some(self.explain(phase, said)?),
        }
        if cell.failure.is_none() && cell.inside.is_empty() {
            bail!("it was gone before anybody looked what is in force");
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

    /// Makes it and puts it to work.
    fn work(&self, cell: &mut workloads::Cell) -> anyhow::Result<Outcome<()>> {
        let permit = self.starts.enter();
        let start = Instant::now();
        let is_role = |object: &Value| {
            let kind = object["kind"].as_str();
            kind.is_some_and(|kind| kind.contains("Role"))
        };
        let objects = self.workload.objects("objects.yaml", &self.folder)?;
        let (roles, rest): (Vec<Value>, Vec<Value>) = objects.into_iter().partition(is_role);
        if !roles.is_empty() {
            // A server learns of a binding a moment after it was made; whoever makes both at once has that moment too.
            self.create(&roles).map_err(anyhow::Error::msg)?;
            std::thread::sleep(Duration::from_secs(1));
        }
        if let Err(refusal) = self.create(&rest) {
            return Ok(Err(Broken("create", refusal)));
        }
        match self.workload.meta.kind {
            Kind::Job => self.job(cell, start),
            Kind::Server => self.server(cell, start, permit),
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

    /// Looks what is in force in each container of a pod that runs, whatever the API says of it yet.
    fn look(&self, pod: &Pod) -> anyhow::Result<Look> {
        let spec = pod.spec.as_ref().context("the pod has no spec")?;
        let sidecars = spec.init_containers.iter().flatten();
        let processes = self.node.runtime().containers(&self.namespace)?;
        let mut look = Look::default();
        for container in spec.containers.iter().chain(sidecars) {
            let Some(process) = processes.get(&container.name) else {
                continue;
            };
            let inside = inside::look(*process)?;
            let wrong = promises::not_in_force(spec, container, &inside);
            let wrong = wrong
                .into_iter()
                .map(|what| format!("{}: {what}", container.name));
            look.wrong.extend(wrong);
            look.inside.insert(container.name.clone(), inside);
        }
        Ok(look)
    }

    /// How a failure shows.
    fn explain(&self, phase: &str, said: String) -> anyhow::Result<Failure> {
        let pod = self
            .cluster
            .pods(&self.namespace, Some(&self.workload.name))?
            .pop();
        let log = |pod| status::log(pod, &self.namespace);
        Ok(Failure {
            phase: phase.to_owned(),
            said: short(&said),
            status: pod.as_ref().map(status::in_short).unwrap_or_default(),
            event: short(&self.cluster.warning(&self.namespace)?),
            log: pod.as_ref().map(log).unwrap_or_default(),
        })
    }
}

/// What is in force in the containers of a pod, and what is not.
#[derive(Default)]
struct Look {
    inside: BTreeMap<String, workloads::Inside>,
    wrong: Vec<String>,
}
