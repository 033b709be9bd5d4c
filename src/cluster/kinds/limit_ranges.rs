//! LimitRanges, as far as they judge pods as a whole (L3).

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use k8s_openapi::api::core::v1;
use kube::api::ObjectMeta;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::Kind;
use crate::cluster::object::objects;
use crate::plan::{ByNamespace, Facts, Resources};

objects!(LimitRange: v1::LimitRange);

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct LimitRange {
    metadata: ObjectMeta,
    spec: Spec,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Spec {
    limits: Option<Vec<Item>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Item {
    #[serde(rename = "type")]
    kind: String,
    min: Option<Amounts>,
    max: Option<Amounts>,
    max_limit_request_ratio: Option<Amounts>,
}

/// By the resource's name; how much is of no interest here.
type Amounts = BTreeMap<String, IgnoredAny>;

pub(in super::super) struct LimitRanges;

impl Kind for LimitRanges {
    type Object = LimitRange;
    type Part = (Box<str>, Resources);
    const NAME: &'static str = "limitranges";

    fn part(range: LimitRange) -> Option<(Box<str>, Resources)> {
        let mut resources = Resources::default();
        let items = range.spec.limits.iter().flatten();
        for item in items.filter(|item| item.kind == "Pod") {
            judged(item).for_each(|name| resources.insert(name));
        }
        let of_namespace = (range.metadata.namespace?.into(), resources);
        (resources != Resources::default()).then_some(of_namespace)
    }

    fn publish<'p>(
        facts: &mut Facts,
        parts: Option<impl Iterator<Item = &'p (Box<str>, Resources)>>,
        _: SystemTime,
    ) -> Option<Duration> {
        facts.pod_limits = parts.map(sum);
        None
    }
}

/// The resources that the item names.
fn judged(item: &Item) -> impl Iterator<Item = &str> {
    let amounts = [&item.min, &item.max, &item.max_limit_request_ratio];
    let amounts = amounts.into_iter().flatten();
    amounts.flat_map(|amounts| amounts.keys().map(String::as_str))
}

/// All resources of a namespace, out of several objects in it.
pub(super) fn sum<'p>(
    parts: impl Iterator<Item = &'p (Box<str>, Resources)>,
) -> Arc<ByNamespace<Resources>> {
    let mut all: ByNamespace<Resources> = HashMap::new();
    for (namespace, resources) in parts {
        all.entry(namespace.clone()).or_default().add(*resources);
    }
    Arc::new(all)
}
