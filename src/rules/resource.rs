//! What an amount of CPU and one of memory have in common: when a request and a limit are filled in, and which.
//!
//! Facts that are missing are taken to say nothing: requests and limits are filled in. Sources: L1 to L4, Q1, Z1 to Z9, A3.

use crate::object::{Container, ContainerKind, Pod, Resources};
use crate::quantity::Quantity;
use crate::rule::{At, Choice, Field, NONE, Reason, Say};

/// The position of a rule's key `request`.
pub(super) const REQUEST: usize = 0;

/// The position of a rule's key `limit`.
pub(super) const LIMIT: usize = 1;

/// One of the two resources, and where a container speaks of it.
pub(super) struct Resource {
    pub(super) name: &'static str,
    pub(super) request: Field,
    pub(super) limit: Field,
}

const POD_LEVEL: Reason = Reason {
    id: "pod-level-resources",
    text: "the pod has resources of its own, which those of its containers must not exceed",
    source: "Z4",
};

const POD_LIMIT_RANGE: Reason = Reason {
    id: "pod-limit-range",
    text: "a LimitRange of the namespace judges the sum of the pod",
    source: "L3",
};

const BEST_EFFORT_QUOTA: Reason = Reason {
    id: "best-effort-quota",
    text: "the pod asks for nothing, and a quota of the namespace counts it as such",
    source: "Q1",
};

const AUTOSCALER: Reason = Reason {
    id: "autoscaler",
    text: "a HorizontalPodAutoscaler of the namespace scales on the share of what is requested",
    source: "Z9",
};

const REQUEST_REACHES_LIMIT: Reason = Reason {
    id: "request-reaches-limit",
    text: "the author requests the default limit or more, and has to say how much more is too much",
    source: "L4, Z7",
};

/// When both rules step back.
pub(super) const STEPS_BACK: &[Reason] = &[
    POD_LEVEL,
    POD_LIMIT_RANGE,
    BEST_EFFORT_QUOTA,
    AUTOSCALER,
    REQUEST_REACHES_LIMIT,
];

/// What missing facts mean for both rules.
pub(super) const WITHOUT_FACTS: &str = "Requests and limits are filled in.";

/// What both rules say of a container.
pub(super) fn look<'a>(
    resource: &Resource,
    at: At<'a>,
    container: Container<'a>,
    say: &mut Say<'_, 'a>,
) {
    // A debug container has no resources (U6): it shares what its pod has.
    if container.kind == ContainerKind::Ephemeral {
        return;
    }
    let own = container.spec.resources.as_ref();
    let request = own.and_then(|r| r.requests.as_ref()?.get(resource.name));
    let limit = own.and_then(|r| r.limits.as_ref()?.get(resource.name));
    // The API copies a limit to where a request is missing (Z3).
    let requested = request.or(limit);

    let (Some(default_request), Some(default_limit)) =
        (at.options.name(REQUEST), at.options.name(LIMIT))
    else {
        return;
    };
    let doubt = doubt(resource, at);
    match requested {
        Some(said) => say.keep(amount(resource.request, said)),
        None => match doubt.or_else(|| autoscaler(resource, at)) {
            // A limit alone would be copied to the request (A3): nothing is set.
            Some(reason) => return say.step_back(reason),
            None => say.set(resource.request, default_request.json.as_str()),
        },
    }

    if let Some(said) = limit {
        return say.keep(amount(resource.limit, said));
    }
    if default_limit.text == NONE {
        return;
    }
    if let Some(reason) = doubt {
        return say.step_back(reason);
    }
    match requested {
        // With a limit at its request, the pod could be one with CPUs of its own, or be killed for what it was granted.
        Some(said) if Quantity::parse(said) >= default_limit.amount => {
            say.step_back(REQUEST_REACHES_LIMIT);
        }
        // The configuration may have a request above its limit, which the API refuses (Z1).
        None if default_request.amount > default_limit.amount => {
            say.set(resource.limit, default_request.json.as_str());
        }
        _ => say.set(resource.limit, default_limit.json.as_str()),
    }
}

/// Why nothing can be set, be it a request or a limit.
fn doubt(resource: &Resource, at: At<'_>) -> Option<Reason> {
    let limits_pods = at.facts.pod_limits(at.namespace).contains(resource.name);
    let counted = at.facts.has_best_effort_quota(at.namespace);
    Reason::first([
        (has_own_resources(at.pod), POD_LEVEL),
        (limits_pods, POD_LIMIT_RANGE),
        (counted && is_best_effort(at.pod), BEST_EFFORT_QUOTA),
    ])
}

fn autoscaler(resource: &Resource, at: At<'_>) -> Option<Reason> {
    let scales = at.facts.autoscalers(at.namespace).contains(resource.name);
    scales.then_some(AUTOSCALER)
}

fn has_own_resources(pod: Pod<'_>) -> bool {
    pod.spec.resources.as_ref().is_some_and(|resources| {
        let amounts = [&resources.requests, &resources.limits];
        amounts
            .into_iter()
            .flatten()
            .any(|amounts| !amounts.is_empty())
    })
}

/// Whether the pod's QoS class is BestEffort (Z7): no container asks for more than nothing.
fn is_best_effort(pod: Pod<'_>) -> bool {
    let asks = |resources: &Resources<'_>| {
        let amounts = [&resources.requests, &resources.limits];
        let mut amounts = amounts.into_iter().flatten();
        amounts.any(|amounts| {
            let said = ["cpu", "memory"].map(|name| amounts.get(name).and_then(Quantity::parse));
            said.into_iter()
                .flatten()
                .any(|amount| amount > Quantity::ZERO)
        })
    };
    let of_containers = pod
        .containers()
        .filter_map(|container| container.spec.resources.as_ref());
    !pod.spec.resources.iter().chain(of_containers).any(asks)
}

/// An author's amount. Nothing of it is as good as not asking.
fn amount(field: Field, said: &str) -> Choice<'_> {
    Choice::own(field, said, Quantity::parse(said) != Some(Quantity::ZERO))
}
