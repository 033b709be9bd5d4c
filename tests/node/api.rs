//! What cells ask of the API server: each worker has a connection of its own.

use std::future::Future;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use k8s_openapi::api::core::v1::{ConfigMap, Event, Namespace, Pod, ServiceAccount};
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, PostParams};
use kube::{Client, Resource};
use serde_json::json;
use tokio::runtime::Runtime;

use crate::control_plane::ControlPlane;
use crate::webhook::LABEL;

/// A client that waits.
pub(super) struct Cluster {
    runtime: Runtime,
    client: Client,
}

impl Cluster {
    pub(super) fn connect(plane: &ControlPlane) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let client = {
            let _entered = runtime.enter();
            plane.client()?
        };
        Ok(Self { runtime, client })
    }

    fn wait<T>(&self, call: impl Future<Output = kube::Result<T>>) -> anyhow::Result<T> {
        let call = async { tokio::time::timeout(Duration::from_secs(30), call).await };
        Ok(self
            .runtime
            .block_on(call)
            .context("the API server does not answer")??)
    }

    /// Makes a namespace, and waits for what every pod in it needs.
    pub(super) fn namespace(&self, name: &str) -> anyhow::Result<()> {
        let namespaces: Api<Namespace> = Api::all(self.client.clone());
        let namespace = serde_json::from_value(json!({"metadata": {"name": name}}))?;
        self.wait(namespaces.create(&PostParams::default(), &namespace))?;
        let start = Instant::now();
        while !(self.has::<ServiceAccount>(name, "default")?
            && self.has::<ConfigMap>(name, "kube-root-ca.crt")?)
        {
            if start.elapsed() > Duration::from_secs(60) {
                bail!("the namespace {name} has no service account after a minute");
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// Opts a namespace in.
    pub(super) fn label(&self, namespace: &str, value: &str) -> anyhow::Result<()> {
        let namespaces: Api<Namespace> = Api::all(self.client.clone());
        let patch = Patch::Merge(json!({"metadata": {"labels": {LABEL: value}}}));
        self.wait(namespaces.patch(namespace, &PatchParams::default(), &patch))
            .map(drop)
    }

    fn has<K>(&self, namespace: &str, name: &str) -> anyhow::Result<bool>
    where
        K: Resource<Scope = k8s_openapi::NamespaceResourceScope, DynamicType = ()>
            + Clone
            + std::fmt::Debug
            + serde::de::DeserializeOwned,
    {
        let api: Api<K> = Api::namespaced(self.client.clone(), namespace);
        Ok(self.wait(api.get_opt(name))?.is_some())
    }

    /// Pods of a namespace; those under test where `app` is given.
    pub(super) fn pods(&self, namespace: &str, app: Option<&str>) -> anyhow::Result<Vec<Pod>> {
        let pods: Api<Pod> = Api::namespaced(self.client.clone(), namespace);
        let which = match app {
            Some(app) => ListParams::default().labels(&format!("app={app}")),
            None => ListParams::default(),
        };
        Ok(self.wait(pods.list(&which))?.items)
    }

    /// The last warning of a namespace, in a line.
    pub(super) fn warning(&self, namespace: &str) -> anyhow::Result<String> {
        let events: Api<Event> = Api::namespaced(self.client.clone(), namespace);
        let warnings = ListParams::default().fields("type=Warning");
        let events = self.wait(events.list(&warnings))?.items;
        let said = events.into_iter().filter_map(|event| {
            let reason = event.reason?;
            // That it is started again says nothing of why it ended.
            (reason != "BackOff").then(|| {
                (
                    event.last_timestamp,
                    format!("{reason}: {}", event.message.unwrap_or_default()),
                )
            })
        });
        Ok(said
            .max_by_key(|(when, _)| when.clone())
            .map(|(_, said)| said)
            .unwrap_or_default())
    }

    /// What would be stored of a new pod.
    pub(super) fn would_store(&self, namespace: &str, pod: &Pod) -> anyhow::Result<Pod> {
        let pods: Api<Pod> = Api::namespaced(self.client.clone(), namespace);
        let dry = PostParams {
            dry_run: true,
            ..PostParams::default()
        };
        self.wait(pods.create(&dry, pod))
    }

    /// Tells a pod to end.
    pub(super) fn end(&self, namespace: &str, pod: &str) -> anyhow::Result<()> {
        let pods: Api<Pod> = Api::namespaced(self.client.clone(), namespace);
        self.wait(pods.delete(pod, &DeleteParams::default()))
            .map(drop)
    }

    /// Removes a namespace, and its pods without waiting for them.
    pub(super) fn remove(&self, namespace: &str) -> anyhow::Result<()> {
        let namespaces: Api<Namespace> = Api::all(self.client.clone());
        self.wait(namespaces.delete(namespace, &DeleteParams::default()))?;
        let pods: Api<Pod> = Api::namespaced(self.client.clone(), namespace);
        let at_once = DeleteParams::default().grace_period(1);
        self.wait(pods.delete_collection(&at_once, &ListParams::default()))
            .map(drop)
    }
}
