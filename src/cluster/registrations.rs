//! Registrations of webhooks, as far as they are read.

use k8s_openapi::api::admissionregistration::v1::{self, WebhookClientConfig};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::api::ObjectMeta;
use serde::Deserialize;

use super::object::objects;

objects! {
    MutatingWebhookConfiguration: v1::MutatingWebhookConfiguration,
    ValidatingWebhookConfiguration: v1::ValidatingWebhookConfiguration,
}

/// Webhooks that may change objects.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct MutatingWebhookConfiguration {
    /// Its name, and what else every object has.
    pub metadata: ObjectMeta,
    /// Its webhooks.
    pub webhooks: Option<Vec<Webhook>>,
}

/// Webhooks that may refuse objects.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ValidatingWebhookConfiguration {
    /// Its name, and what else every object has.
    pub metadata: ObjectMeta,
    /// Its webhooks.
    pub webhooks: Option<Vec<Webhook>>,
}

/// A webhook of either kind.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Webhook {
    /// Its name.
    pub name: String,
    /// Where it leads.
    pub client_config: WebhookClientConfig,
    /// Which namespaces it is for.
    pub namespace_selector: Option<LabelSelector>,
    /// Of which requests it hears.
    pub rules: Option<Vec<Rule>>,
    /// Which of them are spared.
    pub match_conditions: Option<Vec<Condition>>,
    /// `Fail` or `Ignore`: what becomes of a request without an answer.
    pub failure_policy: Option<String>,
    /// How long the API server waits, in seconds.
    pub timeout_seconds: Option<i32>,
    /// `Never` or `IfNeeded`: whether it is called again; of those alone that may change objects.
    pub reinvocation_policy: Option<String>,
}

/// Requests that a webhook, or a policy, hears of.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Rule {
    /// `CREATE`, `UPDATE`, ..., or `*`.
    pub operations: Option<Vec<String>>,
    /// The groups of the API, or `*`.
    pub api_groups: Option<Vec<String>>,
    /// The resources, as RBAC names them, or `*`.
    pub resources: Option<Vec<String>>,
}

/// A condition that a request has to meet.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Condition {
    /// Its name.
    pub name: String,
}
