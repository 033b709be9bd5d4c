//! HorizontalPodAutoscalers that scale on the share of what is requested (Z9).

use std::time::{Duration, SystemTime};

use k8s_openapi::api::autoscaling::v2::{HorizontalPodAutoscaler, MetricSpec};

use super::{Kind, limit_ranges};
use crate::plan::{Facts, Resources};

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
fn scales_on_share_of(metric: &MetricSpec) -> Option<&str> {
    let of_pod = metric.resource.as_ref().map(|m| (&m.name, &m.target));
    let of_container = metric
        .container_resource
        .as_ref()
        .map(|m| (&m.name, &m.target));
    let (name, target) = of_pod.or(of_container)?;
    (target.type_ == "Utilization").then_some(name)
}
