//! Facts from manifests: what a cluster would say once they are applied, as far as they say it.
//!
//! They are never all that there is: a binding may lie in another repository. So what they say counts, and what they do not say
//! stays unknown.

use std::time::SystemTime;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::kinds::Kind;
use super::kinds::autoscalers::HorizontalPodAutoscalers;
use super::kinds::bindings::{ClusterRoleBindings, RoleBindings};
use super::kinds::limit_ranges::LimitRanges;
use super::kinds::namespaces::Namespaces;
use super::kinds::quotas::ResourceQuotas;
use super::kinds::service_accounts::ServiceAccounts;
use crate::plan::Facts;

/// The kinds of objects that facts come from.
pub const KINDS: [&str; 7] = [
    "ClusterRoleBinding",
    "HorizontalPodAutoscaler",
    "LimitRange",
    "Namespace",
    "ResourceQuota",
    "RoleBinding",
    "ServiceAccount",
];

/// What manifests say of a cluster.
#[derive(Debug, Default)]
pub struct Manifested {
    bindings: Vec<<RoleBindings as Kind>::Part>,
    accounts: Vec<<ServiceAccounts as Kind>::Part>,
    namespaces: Vec<<Namespaces as Kind>::Part>,
    limits: Vec<<LimitRanges as Kind>::Part>,
    quotas: Vec<<ResourceQuotas as Kind>::Part>,
    autoscalers: Vec<<HorizontalPodAutoscalers as Kind>::Part>,
}

impl Manifested {
    /// Takes an object of a kind into account; `namespace` is the one of objects that name none. One that cannot be read says nothing.
    pub fn take(&mut self, kind: &str, object: &Value, namespace: &str) {
        if !KINDS.contains(&kind) {
            return;
        }
        // Other versions of a kind differ in nothing that is read here, but for what is brought into line below.
        let mut object = object.clone();
        if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            let given = metadata.get("namespace").and_then(Value::as_str);
            let is_in_one = !matches!(kind, "ClusterRoleBinding" | "Namespace");
            if is_in_one && given.is_none_or(str::is_empty) {
                metadata.insert("namespace".to_owned(), json!(namespace));
            }
            // An account in a file is as old as the file is: its bindings are there too.
            metadata.insert(
                "creationTimestamp".to_owned(),
                json!("1970-01-01T00:00:00Z"),
            );
        }
        match kind {
            "ClusterRoleBinding" => self.bindings.extend(part::<ClusterRoleBindings>(object)),
            "RoleBinding" => self.bindings.extend(part::<RoleBindings>(object)),
            "ServiceAccount" => self.accounts.extend(part::<ServiceAccounts>(object)),
            "Namespace" => self.namespaces.extend(part::<Namespaces>(object)),
            "LimitRange" => self.limits.extend(part::<LimitRanges>(object)),
            "ResourceQuota" => self.quotas.extend(part::<ResourceQuotas>(object)),
            _ => {
                scale_on_cpu_by_default(&mut object);
                self.autoscalers
                    .extend(part::<HorizontalPodAutoscalers>(object));
            }
        }
    }

    /// Adds what other manifests say.
    pub fn add(&mut self, mut other: Self) {
        self.bindings.append(&mut other.bindings);
        self.accounts.append(&mut other.accounts);
        self.namespaces.append(&mut other.namespaces);
        self.limits.append(&mut other.limits);
        self.quotas.append(&mut other.quotas);
        self.autoscalers.append(&mut other.autoscalers);
    }

    /// The facts.
    #[must_use]
    pub fn facts(&self) -> Facts {
        let (mut facts, now) = (Facts::default(), SystemTime::UNIX_EPOCH);
        // All bindings in the place of one kind: who is among them is bound, and of who is not, nothing is known.
        RoleBindings::publish(&mut facts, Some(self.bindings.iter()), now);
        Namespaces::publish(&mut facts, Some(self.namespaces.iter()), now);
        LimitRanges::publish(&mut facts, Some(self.limits.iter()), now);
        ResourceQuotas::publish(&mut facts, Some(self.quotas.iter()), now);
        HorizontalPodAutoscalers::publish(&mut facts, Some(self.autoscalers.iter()), now);
        let old = now + std::time::Duration::from_secs(86_400);
        ServiceAccounts::publish(&mut facts, Some(self.accounts.iter()), old);
        facts
    }
}

fn part<K: Kind>(object: Value) -> Option<K::Part>
where
    K::Object: DeserializeOwned,
{
    K::part(serde_json::from_value(object).ok()?)
}

/// Without metrics, and by `autoscaling/v1`, an autoscaler scales on the utilisation of the CPU (Z9).
fn scale_on_cpu_by_default(autoscaler: &mut Value) {
    let metrics = autoscaler
        .pointer("/spec/metrics")
        .and_then(Value::as_array);
    if metrics.is_some_and(|metrics| !metrics.is_empty()) {
        return;
    }
    if let Some(spec) = autoscaler.get_mut("spec").and_then(Value::as_object_mut) {
        let target = json!({"type": "Utilization"});
        let cpu = json!([{"type": "Resource", "resource": {"name": "cpu", "target": target}}]);
        spec.insert("metrics".to_owned(), cpu);
    }
}
