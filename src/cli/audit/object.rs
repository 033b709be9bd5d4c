//! One object and the workload that made it, read from the API.

use anyhow::{Context, bail};
use kube::Client;
use serde::Deserialize;

use super::read::get;
use crate::audit::Source;
use crate::cluster::listed;
use crate::object::Template;

/// A kind: what it is called, where it is, and how people write it.
type Kind = (
    &'static str,
    &'static str,
    Template,
    &'static [&'static str],
);

const KINDS: [Kind; 8] = [
    (
        "Pod",
        "/api/v1/namespaces/{}/pods",
        Template::Itself,
        &["po", "pod", "pods"],
    ),
    (
        "Deployment",
        "/apis/apps/v1/namespaces/{}/deployments",
        Template::Spec,
        &["deploy", "deployment", "deployments"],
    ),
    (
        "StatefulSet",
        "/apis/apps/v1/namespaces/{}/statefulsets",
        Template::Spec,
        &["sts", "statefulset", "statefulsets"],
    ),
    (
        "DaemonSet",
        "/apis/apps/v1/namespaces/{}/daemonsets",
        Template::Spec,
        &["ds", "daemonset", "daemonsets"],
    ),
    (
        "ReplicaSet",
        "/apis/apps/v1/namespaces/{}/replicasets",
        Template::Spec,
        &["rs", "replicaset", "replicasets"],
    ),
    (
        "Job",
        "/apis/batch/v1/namespaces/{}/jobs",
        Template::Spec,
        &["job", "jobs"],
    ),
    (
        "CronJob",
        "/apis/batch/v1/namespaces/{}/cronjobs",
        Template::JobSpec,
        &["cj", "cronjob", "cronjobs"],
    ),
    (
        "ReplicationController",
        "/api/v1/namespaces/{}/replicationcontrollers",
        Template::Spec,
        &["rc", "replicationcontroller", "replicationcontrollers"],
    ),
];

/// How far up owners are followed.
const GENERATIONS: usize = 3;

/// An object, written as `deploy/web`, and the first of its owners.
pub(super) async fn read(
    client: &Client,
    namespace: &str,
    written: &str,
) -> anyhow::Result<(Source, Option<Source>)> {
    let how = "write it as pod/NAME or deploy/NAME";
    let (kind, name) = written
        .split_once('/')
        .with_context(|| format!("`{written}`: {how}"))?;
    let known = |(_, _, _, names): &&Kind| names.contains(&kind.to_lowercase().as_str());
    let Some(kind) = KINDS.iter().find(known) else {
        bail!("`{kind}` is no kind that holds a pod: {how}");
    };
    let found = one(client, namespace, kind, name).await;
    let source = found.map_err(|error| anyhow::anyhow!("{written}: {}", listed::said(&error)))?;
    let (mut above, mut text) = (None, source.text.clone());
    for _ in 0..GENERATIONS {
        let Some((kind, name)) = owner(&text) else {
            break;
        };
        let Some(kind) = KINDS.iter().find(|(other, ..)| *other == kind) else {
            break;
        };
        // An owner that is gone, or may not be read, says nothing.
        let Ok(found) = one(client, namespace, kind, &name).await else {
            break;
        };
        text.clone_from(&found.text);
        above = Some(found);
    }
    Ok((source, above))
}

async fn one(client: &Client, namespace: &str, kind: &Kind, name: &str) -> kube::Result<Source> {
    let (kind, path, template, _) = kind;
    let path = path.replace("{}", namespace);
    Ok(Source {
        kind,
        template: *template,
        text: get(client, &format!("{path}/{name}")).await?,
    })
}

/// The kind and the name of the controller that made an object.
fn owner(text: &str) -> Option<(String, String)> {
    #[derive(Deserialize)]
    struct Owned {
        metadata: Metadata,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Metadata {
        #[serde(default)]
        owner_references: Vec<Owner>,
    }
    #[derive(Deserialize)]
    struct Owner {
        kind: String,
        name: String,
        #[serde(default)]
        controller: bool,
    }
    let owned: Owned = serde_json::from_str(text).ok()?;
    let mut owners = owned.metadata.owner_references.into_iter();
    let owner = owners.find(|owner| owner.controller)?;
    Some((owner.kind, owner.name))
}
