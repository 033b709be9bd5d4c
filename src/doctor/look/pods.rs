//! What became of pods, and becomes of one that is tried, in the namespaces that a webhook takes.

use std::collections::HashSet;

use hyper::Request;
use kube::{Client, ResourceExt};

use super::note;
use crate::cluster::{listed, pages};
use crate::config::{Effective, Settings};
use crate::doctor::labels::entry_of;
use crate::doctor::{Mode, Seen, Unhardened, Unseen};
use crate::object::{Object, Template};
use crate::plan::{Facts, Plan, Scope};

/// How many pods are named.
const NAMED: usize = 3;

/// Pods that have ended are as they were.
const RUNS: &str = "fieldSelector=status.phase!=Succeeded,status.phase!=Failed&";

/// A pod whose author left everything out.
const TRIED: &str = r#"{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "pod-hardener-doctor"},
    "spec": {"containers": [{"name": "tried", "image": "registry.k8s.io/pause:3.10"}]}}"#;

pub(super) async fn look(client: &Client, seen: &mut Seen, unseen: &mut Vec<Unseen>) {
    let Some(settings) = seen.settings().cloned() else {
        return;
    };
    let (facts, all_known) = facts(client, unseen).await;
    let entries = seen.entries();
    let (mut unhardened, mut reached, mut tried) = (Vec::new(), Vec::new(), HashSet::new());
    for namespace in &seen.namespaces {
        let Some(entry) = entry_of(&entries, Mode::Harden, namespace) else {
            continue;
        };
        let phase = namespace
            .status
            .as_ref()
            .and_then(|status| status.phase.as_deref());
        if phase == Some("Terminating") {
            continue;
        }
        let name = namespace.name_any();
        let judge = |text: &str| is_open(text, &settings, entry.profile, &name, &facts);
        let mut found = Unhardened {
            namespace: name.clone(),
            profile: entry.profile.to_owned(),
            pods: 0,
            open: 0,
            first: Vec::new(),
            conditions: entry.conditions,
        };
        let path = format!("/api/v1/namespaces/{name}/pods");
        let listed = pages::each(client, &path, RUNS, |text| {
            found.pods += 1;
            if judge(text) == Some(true) {
                found.open += 1;
                if found.first.len() < NAMED {
                    found.first.extend(called(text));
                }
            }
        });
        let listed = note(
            listed.await,
            &format!("the pods of namespace {name}"),
            unseen,
        );
        // A rule that steps back for what is not known here would be missed in the pods.
        if listed.is_some() && all_known {
            unhardened.push(found);
        }
        // One for each webhook, and where the webhook's own conditions cannot spare it.
        if !entry.conditions && tried.insert(entry.name) && judge(TRIED) == Some(true) {
            let outcome = try_one(client, &name).await;
            if let Some(outcome) = note(outcome, &format!("a dry run in namespace {name}"), unseen)
            {
                reached.push((
                    name.clone(),
                    outcome.map(|text| judge(&text) == Some(false)),
                ));
            }
        }
    }
    (seen.unhardened, seen.reached) = (unhardened, reached);
}

/// The pod as the API server would store it, or why it would not. Who may not make pods learns nothing by it, which is an error.
async fn try_one(client: &Client, namespace: &str) -> kube::Result<Result<String, String>> {
    let request = Request::post(format!("/api/v1/namespaces/{namespace}/pods?dryRun=All"))
        .header("content-type", "application/json")
        .body(TRIED.as_bytes().to_vec())
        .map_err(kube::Error::HttpError)?;
    match client.request_text(request).await {
        Ok(text) => Ok(Ok(text)),
        Err(kube::Error::Api(status)) if !status.message.contains("cannot create resource") => {
            Ok(Err(status.message.clone()))
        }
        Err(error) => Err(error),
    }
}

/// Whether the profile would change the pod; nothing where it cannot be read.
fn is_open(
    text: &str,
    settings: &Settings,
    profile: &str,
    namespace: &str,
    facts: &Facts,
) -> Option<bool> {
    let object: Object<'_> = serde_json::from_str(text).ok()?;
    let pod = Template::Itself.pod(&object)?;
    let effective = Effective::new(settings, settings.profile(profile)?, pod, namespace);
    let plan = Plan::new(pod, namespace, Scope::Creation, &effective, facts);
    Some(settings.enabled() && plan.changes_anything())
}

fn called(text: &str) -> Option<String> {
    let object: Object<'_> = serde_json::from_str(text).ok()?;
    Some(object.metadata?.name?.to_string())
}

/// What the servers know of the cluster, and whether that is all of it. What is not known is noted.
async fn facts(client: &Client, unseen: &mut Vec<Unseen>) -> (Facts, bool) {
    let (facts, unknown) = listed::facts(client).await;
    let all_known = unknown.is_empty();
    unseen.extend(unknown.into_iter().map(|(kind, why)| Unseen {
        what: kind.to_owned(),
        why: format!("{why}, so that pods of hardened namespaces are not judged"),
    }));
    (facts, all_known)
}
