//! Reads what there is to be judged. Whatever cannot be read is noted, and the rest is read all the same.

mod objects;
mod pods;
mod program;

use k8s_openapi::api::admissionregistration::v1::ValidatingAdmissionPolicy;
use k8s_openapi::api::core::v1::{Namespace, Node};
use kube::api::ListParams;
use kube::core::PartialObjectMeta;
use kube::{Api, Client, ResourceExt};

use super::{Seen, Unseen};
use crate::cluster::registrations::{MutatingWebhookConfiguration, ValidatingWebhookConfiguration};
use crate::config::Settings;
use objects::MutatingAdmissionPolicy;

/// Looks at the cluster that `client` leads to. `names`: those of the registration that hardens, and of the one that looks.
/// `given` is the servers' configuration, and where it is from, where it cannot be read from the cluster.
///
/// # Errors
///
/// When the API server cannot be reached at all.
pub async fn look(
    client: &Client,
    names: [String; 2],
    given: Option<(String, Settings)>,
) -> kube::Result<Seen> {
    let version = client.apiserver_version().await?;
    let number = |text: &str| {
        let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
        digits.parse().ok()
    };
    let mut seen = Seen {
        names,
        version: number(&version.major).zip(number(&version.minor)),
        ..Seen::default()
    };
    let mut unseen = Vec::new();
    let of = || client.clone();
    seen.mutating = all::<MutatingWebhookConfiguration>(of(), &mut unseen).await;
    seen.validating = all::<ValidatingWebhookConfiguration>(of(), &mut unseen).await;
    let policies = all::<PartialObjectMeta<ValidatingAdmissionPolicy>>(of(), &mut unseen).await;
    seen.policies = policies.iter().map(ResourceExt::name_any).collect();
    let policies = all::<MutatingAdmissionPolicy>(of(), &mut unseen).await;
    let policies = policies.iter().filter(|policy| changes_pods(policy));
    seen.mutating_policies = policies.map(ResourceExt::name_any).collect();
    seen.nodes = all::<PartialObjectMeta<Node>>(of(), &mut unseen)
        .await
        .len();
    seen.namespaces = all::<Namespace>(of(), &mut unseen).await;
    if let Some((namespace, pod)) = program::look(client, &mut seen, &mut unseen).await {
        program::certificate(client, &namespace, &pod, &mut seen, &mut unseen).await;
    }
    if let Some((from, settings)) = given {
        seen.settings = Some((from, Ok(settings)));
    }
    pods::look(client, &mut seen, &mut unseen).await;
    seen.unseen = unseen;
    Ok(seen)
}

/// What is registered under a name, and the configuration of the servers behind it: less than [`look`] does.
pub async fn installed(client: &Client, hardens: &str) -> Seen {
    let mut seen = Seen {
        names: [hardens.to_owned(), String::new()],
        ..Seen::default()
    };
    let mut unseen = Vec::new();
    seen.mutating = all::<MutatingWebhookConfiguration>(client.clone(), &mut unseen).await;
    program::look(client, &mut seen, &mut unseen).await;
    seen.unseen = unseen;
    seen
}

/// All objects of a kind; none where they cannot be read, which is noted, or where the API server does not know the kind.
async fn all<K>(client: Client, unseen: &mut Vec<Unseen>) -> Vec<K>
where
    K: kube::Resource<DynamicType = ()> + Clone + serde::de::DeserializeOwned + std::fmt::Debug,
{
    let list = match Api::<K>::all(client).list(&ListParams::default()).await {
        Err(kube::Error::Api(status)) if status.code == 404 => return Vec::new(),
        list => note(list, &K::plural(&()), unseen),
    };
    list.map(|list| list.items).unwrap_or_default()
}

/// What was read, or nothing, which is noted.
fn note<T>(read: kube::Result<T>, what: &str, unseen: &mut Vec<Unseen>) -> Option<T> {
    match read {
        Ok(read) => Some(read),
        Err(error) => {
            let why = match error {
                kube::Error::Api(status) => status.message.clone(),
                other => other.to_string(),
            };
            unseen.push(Unseen {
                what: what.to_owned(),
                why,
            });
            None
        }
    }
}

fn changes_pods(policy: &MutatingAdmissionPolicy) -> bool {
    let constraints = policy.spec.match_constraints.as_ref();
    let rules = constraints.and_then(|constraints| constraints.resource_rules.as_ref());
    let mut resources = rules
        .into_iter()
        .flatten()
        .flat_map(|rule| rule.resources.iter().flatten());
    resources.any(|resource| ["pods", "*", "*/*"].contains(&resource.as_str()))
}
