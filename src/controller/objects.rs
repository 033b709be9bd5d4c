//! The objects that the controller reads and writes, and nothing else of the cluster.

use std::collections::BTreeMap;
use std::fmt;

use futures_util::stream::{BoxStream, StreamExt, select_all};
use k8s_openapi::ByteString;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::api::{Patch, PatchParams, PostParams};
use kube::core::PartialObjectMeta;
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, watcher};
use kube::{Api, Client, Resource, ResourceExt};
use serde_json::{Value, json};

use super::held::{Data, Held};
use crate::cluster::registrations::{
    MutatingWebhookConfiguration, ValidatingWebhookConfiguration, Webhook,
};

/// The annotations of a registration whose CA cert-manager writes, and of one that the chart writes as it was given.
const OF_OTHERS: [&str; 2] = [
    "cert-manager.io/inject-ca-from",
    "pod-hardener.io/certificate",
];

/// How long a watch is asked for, in seconds: less than the silence that counts as a dead connection, since a quiet object's is
/// silent all the time, and each failure makes the next pause longer.
const WATCH: u32 = 45;

/// Under what name the API server notes who wrote a field (managedFields): a conflict with Helm or a GitOps tool names it.
const MANAGER: &str = "pod-hardener-controller";

/// The names of the objects.
#[derive(Clone, Debug)]
pub struct Names {
    /// The namespace of the program.
    pub namespace: String,
    /// The Secret of the certificates.
    pub secret: String,
    /// The Deployment that owns the Secret; without one, it stays when the program is removed.
    pub owner: Option<String>,
    /// The MutatingWebhookConfigurations.
    pub mutating: Vec<String>,
    /// The ValidatingWebhookConfigurations.
    pub validating: Vec<String>,
}

/// The Secret as it was read.
pub(super) struct Stored {
    pub(super) data: Data,
    version: String,
}

/// A registration as it was read.
#[derive(Debug)]
pub(super) struct Registration {
    kind: Kind,
    name: String,
    version: String,
    /// The `caBundle` of each of its webhooks.
    bundles: Vec<Vec<u8>>,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Mutating,
    Validating,
}

impl fmt::Display for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Kind::Mutating => "MutatingWebhookConfiguration",
            Kind::Validating => "ValidatingWebhookConfiguration",
        };
        write!(f, "{kind} {}", self.name)
    }
}

impl Registration {
    /// Whether each of its webhooks trusts `bundle`, and that alone.
    pub(super) fn trusts(&self, bundle: &str) -> bool {
        let mut bundles = self.bundles.iter();
        bundles.all(|trusted| trusted == bundle.as_bytes())
    }

    /// What its webhooks trust.
    pub(super) fn bundles(&self) -> impl Iterator<Item = &[u8]> {
        self.bundles.iter().map(Vec::as_slice)
    }
}

/// Access to the objects.
#[derive(Clone)]
pub(super) struct Objects {
    names: Names,
    secrets: Api<Secret>,
    deployments: Api<PartialObjectMeta<Deployment>>,
    mutating: Api<MutatingWebhookConfiguration>,
    validating: Api<ValidatingWebhookConfiguration>,
}

impl Objects {
    pub(super) fn new(client: &Client, names: Names) -> Self {
        let namespace = &names.namespace;
        Self {
            secrets: Api::namespaced(client.clone(), namespace),
            deployments: Api::namespaced(client.clone(), namespace),
            mutating: Api::all(client.clone()),
            validating: Api::all(client.clone()),
            names,
        }
    }

    /// The Secret, if there is one.
    pub(super) async fn secret(&self) -> kube::Result<Option<Stored>> {
        let secret = self.secrets.get_opt(&self.names.secret).await?;
        Ok(secret.map(|secret| Stored {
            version: secret.resource_version().unwrap_or_default(),
            data: bytes(secret.data.unwrap_or_default()),
        }))
    }

    /// Those registrations that there are, and that trust nobody else's CA by intent.
    pub(super) async fn registrations(&self) -> kube::Result<Vec<Registration>> {
        let mut found = Vec::new();
        for name in &self.names.mutating {
            let object = self.mutating.get_opt(name).await?.filter(is_ours);
            found.extend(object.map(|o| registration(Kind::Mutating, &o, o.webhooks.as_deref())));
        }
        for name in &self.names.validating {
            let object = self.validating.get_opt(name).await?.filter(is_ours);
            found.extend(object.map(|o| registration(Kind::Validating, &o, o.webhooks.as_deref())));
        }
        Ok(found)
    }

    /// Makes the Secret what `held` is, if nobody has changed it since it was read as `before`.
    pub(super) async fn store(&self, held: &Held, before: Option<&Stored>) -> kube::Result<()> {
        let data = held.data().into_iter();
        let data = data.map(|(key, text)| {
            (
                key.to_owned(),
                text.map(|text| ByteString(text.into_bytes())),
            )
        });
        let Some(before) = before else {
            let secret = Secret {
                metadata: kube::core::ObjectMeta {
                    name: Some(self.names.secret.clone()),
                    owner_references: self.owner().await?.map(|owner| vec![owner]),
                    ..Default::default()
                },
                data: Some(
                    data.filter_map(|(key, bytes)| Some((key, bytes?)))
                        .collect(),
                ),
                ..Default::default()
            };
            let made = PostParams {
                field_manager: Some(MANAGER.to_owned()),
                ..PostParams::default()
            };
            self.secrets.create(&made, &secret).await?;
            return Ok(());
        };
        // A key with no value is taken away; the version makes it a conflict where somebody was faster.
        let data: BTreeMap<String, Option<ByteString>> = data.collect();
        let patch = json!({"metadata": {"resourceVersion": before.version}, "data": data});
        let (params, patch) = (changed(), Patch::Merge(patch));
        self.secrets
            .patch(&self.names.secret, &params, &patch)
            .await?;
        Ok(())
    }

    /// Makes `bundle` what each webhook of a registration trusts, if nobody has changed it since it was read.
    pub(super) async fn trust(
        &self,
        registration: &Registration,
        bundle: &str,
    ) -> kube::Result<()> {
        let Registration {
            kind,
            name,
            version,
            bundles,
        } = registration;
        let mut operations =
            vec![json!({"op": "replace", "path": "/metadata/resourceVersion", "value": version})];
        let bundle = ByteString(bundle.as_bytes().to_vec());
        operations.extend((0..bundles.len()).map(|index| {
            let path = format!("/webhooks/{index}/clientConfig/caBundle");
            json!({"op": "add", "path": path, "value": bundle})
        }));
        let patch =
            serde_json::from_value(Value::Array(operations)).map_err(kube::Error::SerdeError)?;
        let (params, patch) = (changed(), Patch::Json::<()>(patch));
        match kind {
            Kind::Mutating => drop(self.mutating.patch(name, &params, &patch).await?),
            Kind::Validating => drop(self.validating.patch(name, &params, &patch).await?),
        }
        Ok(())
    }

    /// An item for each change of one of the objects, and an error for each watch that fails, for ever.
    pub(super) fn changes(&self) -> BoxStream<'static, Result<(), String>> {
        let Names {
            namespace,
            secret,
            mutating,
            validating,
            ..
        } = &self.names;
        let client = || self.secrets.clone().into_client();
        let secrets = Api::namespaced(client(), namespace);
        let mut all = vec![changes::<Secret>(secrets, secret)];
        all.extend(
            mutating
                .iter()
                .map(|name| changes::<MutatingWebhookConfiguration>(Api::all(client()), name)),
        );
        all.extend(
            validating
                .iter()
                .map(|name| changes::<ValidatingWebhookConfiguration>(Api::all(client()), name)),
        );
        select_all(all).boxed()
    }

    async fn owner(&self) -> kube::Result<Option<OwnerReference>> {
        let Some(name) = &self.names.owner else {
            return Ok(None);
        };
        let owner = self.deployments.get(name).await?;
        Ok(owner.owner_ref(&()))
    }
}

/// The changes of one object, of which its metadata tell.
fn changes<K>(api: Api<PartialObjectMeta<K>>, name: &str) -> BoxStream<'static, Result<(), String>>
where
    K: Resource<DynamicType = ()> + Clone + fmt::Debug + Send + 'static,
{
    let one = watcher::Config::default()
        .fields(&format!("metadata.name={name}"))
        .timeout(WATCH);
    let watch = watcher(api, one).default_backoff();
    watch
        .map(|event| event.map(drop).map_err(|error| error.to_string()))
        .boxed()
}

/// Whether the CA in a registration is the controller's to write. Where somebody else's certificate takes over, the registration says so
/// before the controller is told to end, and what it then wrote nobody would mend.
fn is_ours(object: &impl ResourceExt) -> bool {
    !OF_OTHERS
        .iter()
        .any(|key| object.annotations().contains_key(*key))
}

fn registration(
    kind: Kind,
    object: &impl ResourceExt,
    webhooks: Option<&[Webhook]>,
) -> Registration {
    let bundle = |webhook: &Webhook| {
        let bundle = webhook.client_config.ca_bundle.clone();
        bundle.unwrap_or_default().0
    };
    Registration {
        kind,
        name: object.name_any(),
        version: object.resource_version().unwrap_or_default(),
        bundles: webhooks.unwrap_or_default().iter().map(bundle).collect(),
    }
}

fn bytes(data: BTreeMap<String, ByteString>) -> Data {
    data.into_iter()
        .map(|(key, bytes)| (key, bytes.0))
        .collect()
}

fn changed() -> PatchParams {
    PatchParams {
        field_manager: Some(MANAGER.to_owned()),
        ..PatchParams::default()
    }
}
