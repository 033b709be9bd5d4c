//! The kinds that are followed: what an object of each says, and what all of them come to.

pub(super) mod autoscalers;
pub(super) mod bindings;
pub(super) mod limit_ranges;
pub(super) mod namespaces;
mod nodes;
pub(super) mod quotas;
pub(super) mod service_accounts;

use std::fmt::Debug;
use std::time::{Duration, SystemTime};

use kube::{Client, Resource};
use serde::de::DeserializeOwned;

use super::{Pace, Shared, listed, watch};
use crate::plan::Facts;

/// A kind that is followed.
pub(super) trait Kind: 'static {
    /// What the watch brings.
    type Object: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send;
    /// What an object says to us.
    type Part: PartialEq + Debug;
    /// The resource, as RBAC names it.
    const NAME: &'static str;

    /// What the object says; `None` where that is nothing.
    fn part(object: Self::Object) -> Option<Self::Part>;

    /// Writes what all parts come to; without parts, that the kind is not known. Gives the time after which it would come to
    /// something else by itself.
    fn publish<'p>(
        facts: &mut Facts,
        parts: Option<impl Iterator<Item = &'p Self::Part>>,
        now: SystemTime,
    ) -> Option<Duration>;
}

/// The names of all kinds.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    [
        bindings::RoleBindings::NAME,
        bindings::ClusterRoleBindings::NAME,
        service_accounts::ServiceAccounts::NAME,
        namespaces::Namespaces::NAME,
        limit_ranges::LimitRanges::NAME,
        quotas::ResourceQuotas::NAME,
        autoscalers::HorizontalPodAutoscalers::NAME,
        nodes::Nodes::NAME,
    ]
    .into_iter()
}

/// Follows all kinds, for ever.
pub(super) async fn follow_all(client: &Client, pace: Pace, shared: &Shared) {
    tokio::join!(
        watch::one::<bindings::RoleBindings>(client.clone(), pace, shared),
        watch::one::<bindings::ClusterRoleBindings>(client.clone(), pace, shared),
        watch::one::<service_accounts::ServiceAccounts>(client.clone(), pace, shared),
        watch::one::<namespaces::Namespaces>(client.clone(), pace, shared),
        watch::one::<limit_ranges::LimitRanges>(client.clone(), pace, shared),
        watch::one::<quotas::ResourceQuotas>(client.clone(), pace, shared),
        watch::one::<autoscalers::HorizontalPodAutoscalers>(client.clone(), pace, shared),
        watch::one::<nodes::Nodes>(client.clone(), pace, shared),
    );
}

/// Lists all kinds, once.
pub(super) async fn list_all(
    client: &Client,
    facts: &mut Facts,
    unseen: &mut Vec<(&'static str, String)>,
) {
    listed::one::<bindings::RoleBindings>(client, facts, unseen).await;
    listed::one::<bindings::ClusterRoleBindings>(client, facts, unseen).await;
    listed::one::<service_accounts::ServiceAccounts>(client, facts, unseen).await;
    listed::one::<namespaces::Namespaces>(client, facts, unseen).await;
    listed::one::<limit_ranges::LimitRanges>(client, facts, unseen).await;
    listed::one::<quotas::ResourceQuotas>(client, facts, unseen).await;
    listed::one::<autoscalers::HorizontalPodAutoscalers>(client, facts, unseen).await;
    listed::one::<nodes::Nodes>(client, facts, unseen).await;
}
