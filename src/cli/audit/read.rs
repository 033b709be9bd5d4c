//! Reads a cluster into an audit: page by page, one kind after the other, by get and list alone. What cannot be read is noted.

use std::io::{IsTerminal, Write};

use k8s_openapi::api::core::v1::Namespace;
use kube::{Client, ResourceExt};

use crate::audit::{Audit, Standing};
use crate::cluster::{listed, pages};
use crate::config::Settings;
use crate::doctor::Seen;
use crate::object::Template;

/// Pods that have ended are as they were.
const RUNS: &str = "fieldSelector=status.phase!=Succeeded,status.phase!=Failed&";

/// The kinds that hold a template: owners after those that they own would do as well.
const WORKLOADS: [(&str, &str, &str, Template); 7] = [
    ("/apis/apps/v1", "deployments", "Deployment", Template::Spec),
    (
        "/apis/apps/v1",
        "statefulsets",
        "StatefulSet",
        Template::Spec,
    ),
    ("/apis/apps/v1", "daemonsets", "DaemonSet", Template::Spec),
    ("/apis/batch/v1", "cronjobs", "CronJob", Template::JobSpec),
    ("/apis/batch/v1", "jobs", "Job", Template::Spec),
    ("/apis/apps/v1", "replicasets", "ReplicaSet", Template::Spec),
    (
        "/api/v1",
        "replicationcontrollers",
        "ReplicationController",
        Template::Spec,
    ),
];

/// What everything is read by.
#[derive(Clone, Copy)]
pub(super) struct Reader<'r> {
    pub(super) client: &'r Client,
    pub(super) seen: &'r Seen,
    pub(super) settings: &'r Settings,
}

impl Reader<'_> {
    /// Reads all of it, or one namespace.
    pub(super) async fn all(self, audit: &mut Audit, only: Option<&str>) {
        self.namespaces(audit, only).await;
        let nodes = self
            .each("/api/v1/nodes", "", |text| audit.node(text))
            .await;
        note(audit, "nodes", nodes);
        let mut progress = Progress::new();
        self.limits(audit, only).await;
        let path = path("/api/v1", "resourcequotas", only);
        let quotas = self.each(&path, "", |text| audit.quota(text)).await;
        note(audit, "resourcequotas", quotas);
        for (api, resource, kind, template) in WORKLOADS {
            let path = self::path(api, resource, only);
            let take = |text: &str| {
                audit.workload(kind, template, text);
                progress.count(resource);
            };
            let read = self.each(&path, "", take).await;
            note(audit, resource, read);
        }
        let path = self::path("/api/v1", "pods", only);
        let take = |text: &str| {
            audit.pod(text);
            progress.count("pods");
        };
        let read = self.each(&path, RUNS, take).await;
        note(audit, "pods", read);
    }

    /// Reads what is around one object.
    pub(super) async fn around(self, audit: &mut Audit, namespace: &str) {
        self.namespaces(audit, Some(namespace)).await;
        self.limits(audit, Some(namespace)).await;
    }

    async fn namespaces(self, audit: &mut Audit, only: Option<&str>) {
        let mut take = |text: &str| {
            if let Ok(namespace) = serde_json::from_str::<Namespace>(text) {
                let standing = Standing::of(self.seen, self.settings, &namespace);
                audit.namespace(&namespace.name_any(), standing);
            }
        };
        let read = match only {
            Some(name) => get(self.client, &format!("/api/v1/namespaces/{name}"))
                .await
                .map(|text| take(&text)),
            None => self.each("/api/v1/namespaces", "", take).await,
        };
        note(audit, "namespaces", read);
    }

    async fn limits(self, audit: &mut Audit, only: Option<&str>) {
        let path = path("/api/v1", "limitranges", only);
        let read = self.each(&path, "", |text| audit.limit_range(text)).await;
        note(audit, "limitranges", read);
    }

    async fn each(self, path: &str, query: &str, take: impl FnMut(&str)) -> kube::Result<()> {
        pages::each(self.client, path, query, take).await
    }
}

fn path(api: &str, resource: &str, only: Option<&str>) -> String {
    match only {
        Some(namespace) => format!("{api}/namespaces/{namespace}/{resource}"),
        None => format!("{api}/{resource}"),
    }
}

/// One object, as JSON.
pub(super) async fn get(client: &Client, path: &str) -> kube::Result<String> {
    let request = hyper::Request::get(path)
        .body(Vec::new())
        .map_err(kube::Error::HttpError)?;
    client.request_text(request).await
}

fn note(audit: &mut Audit, what: &str, read: kube::Result<()>) {
    if let Err(error) = read {
        audit.unseen(what, &listed::said(&error));
    }
}

/// How far it has come, on a terminal.
struct Progress {
    shown: bool,
    read: usize,
}

impl Progress {
    fn new() -> Self {
        Self {
            shown: std::io::stderr().is_terminal(),
            read: 0,
        }
    }

    fn count(&mut self, what: &str) {
        self.read += 1;
        if self.shown && self.read.is_multiple_of(500) {
            // What is shown by the way may fail by the way.
            let _ = write!(std::io::stderr(), "\r\x1b[K{} objects: {what}", self.read);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}
