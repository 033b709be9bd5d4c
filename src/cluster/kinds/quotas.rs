//! ResourceQuotas that count pods by whether they ask for anything (Q1).

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use k8s_openapi::api::core::v1;
use kube::api::ObjectMeta;
use serde::Deserialize;

use super::Kind;
use crate::cluster::object::objects;
use crate::plan::Facts;

objects!(ResourceQuota: v1::ResourceQuota);

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct ResourceQuota {
    metadata: ObjectMeta,
    spec: Spec,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Spec {
    scopes: Option<Vec<String>>,
    scope_selector: Option<Selector>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Selector {
    match_expressions: Option<Vec<Scope>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Scope {
    scope_name: String,
}

pub(in super::super) struct ResourceQuotas;

impl Kind for ResourceQuotas {
    type Object = ResourceQuota;
    type Part = Box<str>;
    const NAME: &'static str = "resourcequotas";

    fn part(quota: ResourceQuota) -> Option<Box<str>> {
        let spec = quota.spec;
        let selected = spec
            .scope_selector
            .and_then(|selector| selector.match_expressions);
        let selected = selected
            .into_iter()
            .flatten()
            .map(|selected| selected.scope_name);
        let mut scopes = spec.scopes.into_iter().flatten().chain(selected);
        let counts = scopes.any(|scope| ["BestEffort", "NotBestEffort"].contains(&scope.as_str()));
        counts.then_some(quota.metadata.namespace?.into())
    }

    fn publish<'p>(
        facts: &mut Facts,
        parts: Option<impl Iterator<Item = &'p Box<str>>>,
        _: SystemTime,
    ) -> Option<Duration> {
        facts.best_effort_quotas = parts.map(|parts| Arc::new(parts.cloned().collect()));
        None
    }
}
