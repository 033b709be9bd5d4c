//! `resources.requests.memory`, and `resources.limits.memory` where the profile asks for it.
//!
//! A limit kills what exceeds it, so that it is off unless asked for. What is there already is not looked at again: see
//! [`super::resource`] for the cares, which are the same for CPU and memory. Sources: there.

use super::resource::{self, Resource};
use crate::object::Container;
use crate::rule::{At, Field, Key, Kind, Rule, Say};

const RESOURCE: Resource = Resource {
    name: "memory",
    request: Field::MemoryRequest,
    limit: Field::MemoryLimit,
};

pub(super) static RULE: Rule = Rule {
    id: "memory-resources",
    practice: Some(8),
    control: None,
    summary: "requests memory, and limits it where asked",
    why: "One container without a limit can take a node's memory, and the kernel then ends whom it finds. Pods that ask for nothing are ended first.",
    breaks: "With a limit, what needs more memory is killed. A request counts towards quotas, and a node that is full by requests takes no further pod.",
    without_facts: Some(resource::WITHOUT_FACTS),
    writes: &[RESOURCE.request, RESOURCE.limit],
    steps_back: resource::STEPS_BACK,
    keys: &[
        Key {
            name: "request",
            kind: Kind::Amount("32Mi"),
            doc: "what is set aside for a container that asks for nothing",
        },
        Key {
            name: "limit",
            kind: Kind::AmountOrNone("none"),
            doc: "the most that a container gets that has no limit; `none` sets none",
        },
    ],
    linux_only: false,
    container: Some(look),
    pod: None,
};

fn look<'a>(at: At<'a>, container: Container<'a>, say: &mut Say<'_, 'a>) {
    resource::look(&RESOURCE, at, container, say);
}
