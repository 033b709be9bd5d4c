//! HorizontalPodAutoscalers that scale on the share of what is requested (Z9).

use std::time::{Duration, SystemTime};

use k8s_openapi::api::autoscaling::v2;
use kube::api::ObjectMeta;
use serde::Deserialize;

use super::{Kind, limit_ranges};
use crate::cluster::object::objects;
use crate::plan::{Facts, Resources};

objects!(HorizontalPodAutoscaler: v2::HorizontalPodAutoscaler);

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct HorizontalPodAutoscaler {
    metadata: ObjectMeta,
    spec: Spec,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Spec {
    metrics: Option<Vec<Metric>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Metric {
    /// Of the pod.
    resource: Option<Measured>,
    /// Of one container.
    container_resource: Option<Measured>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Measured {
    name: String,
    target: Target,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Target {
    #[serde(rename = "type")]
    kind: String,
}

pub(in super::super) struct HorizontalPodAutoscalers;

impl Kind for HorizontalPodAutoscalers {
    type Object = HorizontalPodAutoscaler;
    type Part = (Box<str>, Resources);
    const NAME: &'static str = "horizontalpodautoscalers";

    fn part(autoscaler: HorizontalPodAutoscaler) -> Option<(Box<str>, Resources)> {
        let mut resources = Resources::default();
        let metrics = autoscaler.spec.metrics.unwrap_or_default();
        let shares = metrics.iter().filter_map(scales_on_share_of);
        shares.for_each(|name| resources.insert(name));
        let of_namespace = (autoscaler.metadata.namespace?.into(), resources);
        (resources != Resources::default()).then_some(of_namespace)
    }

    fn publish<'p>(
        facts: &mut Facts,
        parts: Option<impl Iterator<Item = &'p (Box<str>, Resources)>>,
        _: SystemTime,
    ) -> Option<Duration> {
        facts.autoscalers = parts.map(limit_ranges::sum);
        None
    }
}

/// The resource whose utilisation the metric is, if it is one.
fn scales_on_share_of(metric: &Metric) -> Option<&str> {
    let measured = metric.resource.as_ref();
    let measured = measured.or(metric.container_resource.as_ref())?;
    (measured.target.kind == "Utilization").then_some(&measured.name)
}
