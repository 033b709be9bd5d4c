//! What was seen of the cluster.

use k8s_openapi::api::admissionregistration::v1::WebhookClientConfig;
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::ResourceExt;

use crate::cluster::registrations::{
    MutatingWebhookConfiguration, Rule, ValidatingWebhookConfiguration, Webhook,
};
use crate::config::Settings;

/// The condition that the chart gives each webhook of pods (X17).
const OURS: &str = "not-a-mirror-pod";

/// What was seen, as far as it could be.
#[derive(Debug, Default)]
pub struct Seen {
    /// The names that the registrations should have: the one that hardens, and the one that looks.
    pub names: [String; 2],
    /// The API server's version.
    pub version: Option<(u32, u32)>,
    /// How many nodes there are.
    pub nodes: usize,
    /// Every MutatingWebhookConfiguration.
    pub mutating: Vec<MutatingWebhookConfiguration>,
    /// Every ValidatingWebhookConfiguration.
    pub validating: Vec<ValidatingWebhookConfiguration>,
    /// The ValidatingAdmissionPolicies, by name.
    pub policies: Vec<String>,
    /// The MutatingAdmissionPolicies that change pods, by name.
    pub mutating_policies: Vec<String>,
    /// Every namespace.
    pub namespaces: Vec<Namespace>,
    /// The Service that the registrations lead to, and whether it is there; `None` where they lead to a URL.
    pub service: Option<(String, bool)>,
    /// What runs behind it.
    pub program: Program,
    /// The configuration in force, and where it is from, or why it cannot be read.
    pub settings: Option<(String, Result<Settings, String>)>,
    /// The certificate that the servers have, as PEM, and where it is from.
    pub certificate: Option<(String, Vec<u8>)>,
    /// What a dry run of a pod came to, by namespace: whether something was set.
    pub reached: Vec<(String, Result<bool, String>)>,
    /// The pods of hardened namespaces that the profile would still change.
    pub unhardened: Vec<Unhardened>,
    /// What could not be looked at.
    pub unseen: Vec<Unseen>,
}

/// What runs of this program.
#[derive(Clone, Debug, Default)]
pub struct Program {
    /// Its namespace.
    pub namespace: String,
    /// Its servers.
    pub servers: Vec<Server>,
    /// The Secrets by which its image is pulled.
    pub pull_secrets: Vec<String>,
}

/// Something that could not be looked at.
#[derive(Clone, Debug)]
pub struct Unseen {
    /// What: a kind as RBAC names it, or an object.
    pub what: String,
    /// Why not.
    pub why: String,
}

/// One of our servers.
#[derive(Clone, Debug)]
pub struct Server {
    /// Its image.
    pub image: String,
    /// Whether it is ready.
    pub ready: bool,
    /// Its node.
    pub node: Option<String>,
}

/// The pods of one namespace that are not as its profile would have them.
#[derive(Clone, Debug)]
pub struct Unhardened {
    /// The namespace.
    pub namespace: String,
    /// Its profile.
    pub profile: String,
    /// How many pods it has.
    pub pods: usize,
    /// How many would be changed.
    pub open: usize,
    /// The names of the first of them.
    pub first: Vec<String>,
    /// Whether conditions of the cluster's own may spare some of them.
    pub conditions: bool,
}

/// What a webhook of ours is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// `/harden/<profile>`.
    Harden,
    /// `/audit/<profile>`.
    Audit,
    /// `/preview/<profile>`.
    Preview,
}

/// One webhook of our registrations.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'s> {
    /// The registration's name.
    pub registration: &'s str,
    /// The webhook's name.
    pub name: &'s str,
    /// What it is for.
    pub mode: Mode,
    /// The profile that it names.
    pub profile: &'s str,
    /// Where it leads.
    pub client: &'s WebhookClientConfig,
    /// Which namespaces it is for.
    pub namespaces: Option<&'s LabelSelector>,
    /// Of which requests it hears.
    pub rules: &'s [Rule],
    /// Whether it has conditions that are not the chart's own.
    pub conditions: bool,
    /// Whether a request without an answer is refused.
    pub fails: bool,
    /// How long the API server waits, in seconds.
    pub timeout: i32,
    /// Whether it is called again where others change something after it.
    pub again: bool,
}

impl<'s> Entry<'s> {
    /// The entry of a webhook; nothing where it leads nowhere of ours.
    fn new(registration: &'s str, webhook: &'s Webhook, again: bool) -> Option<Self> {
        let (mode, profile) = target(&webhook.client_config)?;
        let mut conditions = webhook.match_conditions.iter().flatten();
        Some(Self {
            registration,
            name: &webhook.name,
            mode,
            profile,
            client: &webhook.client_config,
            namespaces: webhook.namespace_selector.as_ref(),
            rules: webhook.rules.as_deref().unwrap_or_default(),
            conditions: conditions.any(|condition| condition.name != OURS),
            // What the API server takes where nothing is said.
            fails: webhook.failure_policy.as_deref() != Some("Ignore"),
            timeout: webhook.timeout_seconds.unwrap_or(10),
            again,
        })
    }

    /// What it is called in findings.
    #[must_use]
    pub fn object(&self) -> String {
        format!("{} ({})", self.registration, self.name)
    }
}

impl Seen {
    /// Whether something could be looked at.
    #[must_use]
    pub fn saw(&self, what: &str) -> bool {
        self.unseen.iter().all(|unseen| unseen.what != what)
    }

    /// The registration that hardens.
    #[must_use]
    pub fn hardens(&self) -> Option<&MutatingWebhookConfiguration> {
        let [name, _] = &self.names;
        self.mutating
            .iter()
            .find(|registration| registration.name_any() == *name)
    }

    /// The webhooks of our registrations.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry<'_>> {
        let [hardens, looks] = &self.names;
        let mutating = self
            .hardens()
            .into_iter()
            .flat_map(|r| r.webhooks.iter().flatten());
        let mutating = mutating.filter_map(|webhook| {
            let again = webhook.reinvocation_policy.as_deref() == Some("IfNeeded");
            Entry::new(hardens, webhook, again)
        });
        let validating = self.validating.iter().filter(|r| r.name_any() == *looks);
        let validating = validating.flat_map(|r| r.webhooks.iter().flatten());
        mutating
            .chain(validating.filter_map(|webhook| Entry::new(looks, webhook, true)))
            .collect()
    }

    /// The configuration, where it could be read.
    #[must_use]
    pub fn settings(&self) -> Option<&Settings> {
        self.settings.as_ref()?.1.as_ref().ok()
    }
}

/// The mode and the profile in a webhook's path.
fn target(client: &WebhookClientConfig) -> Option<(Mode, &str)> {
    let path = match (&client.service, &client.url) {
        (Some(service), _) => service.path.as_deref()?,
        (None, Some(url)) => url,
        (None, None) => return None,
    };
    let mut parts = path.trim_end_matches('/').rsplit('/');
    let (profile, mode) = (parts.next()?, parts.next()?);
    let mode = match mode {
        "harden" => Mode::Harden,
        "audit" => Mode::Audit,
        "preview" => Mode::Preview,
        _ => return None,
    };
    Some((mode, profile))
}
