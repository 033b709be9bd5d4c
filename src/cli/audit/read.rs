//! Reads a cluster into an audit: page by page, one kind after the other, by get and list alone. What cannot be read is noted.

use std::io::{IsTerminal, Write};

use k8s_openapi::api::core::v1::Namespace;
use kube::{Client, ResourceExt};

use crate::audit::{Audit, Standing};
use crate::cluster::{listed, pages};
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

/// Reads all of it, or one namespace.
pub(super) async fn all(
    client: &Client,
    audit: &mut Audit,
    seen: &Seen,
    settings: &crate::config::Settings,
    only: Option<&str>,
) {
    namespaces(client, audit, seen, settings, only).await;
    let path = |api: &str, resource: &str| match only {
        Some(namespace) => format!("{api}/namespaces/{namespace}/{resource}"),
        None => format!("{api}/{resource}"),
    };
    let mut progress = Progress::new();
    let read = pages::each(client, "/api/v1/nodes", "", |text| audit.node(text)).await;
    note(audit, "nodes", read);
    let read = pages::each(client, &path("/api/v1", "limitranges"), "", |text| {
        audit.limit_range(text)
    })
    .await;
    note(audit, "limitranges", read);
    let read = pages::each(client, &path("/api/v1", "resourcequotas"), "", |text| {
        audit.quota(text)
    })
    .await;
    note(audit, "resourcequotas", read);
    for (api, resource, kind, template) in WORKLOADS {
        let path = path(api, resource);
        let read = pages::each(client, &path, "", |text| {
            audit.workload(kind, template, text);
            progress.count(resource);
        });
        let read = read.await;
        note(audit, resource, read);
    }
    let path = path("/api/v1", "pods");
    let read = pages::each(client, &path, RUNS, |text| {
        audit.pod(text);
        progress.count("pods");
    });
    let read = read.await;
    note(audit, "pods", read);
}

async fn namespaces(
    client: &Client,
    audit: &mut Audit,
    seen: &Seen,
    settings: &crate::config::Settings,
    only: Option<&str>,
) {
    let mut take = |text: &str| {
        if let Ok(namespace) = serde_json::from_str::<Namespace>(text) {
            let standing = Standing::of(seen, settings, &namespace);
            audit.namespace(&namespace.name_any(), standing);
        }
    };
    let read = match only {
        Some(name) => get(client, &format!("/api/v1/namespaces/{name}"))
            .await
            .map(|text| take(&text)),
        None => pages::each(client, "/api/v1/namespaces", "", take).await,
    };
    note(audit, "namespaces", read);
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
