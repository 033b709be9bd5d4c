//! `resources.requests.cpu`, and `resources.limits.cpu` where the profile asks for it.
//!
//! A limit throttles, so that it is off unless asked for. What is there already is not looked at again: see
//! [`super::resource`] for the cares, which are the same for CPU and memory. Sources: there.

use super::resource::{self, Resource};
use crate::object::Container;
use crate::rule::{At, Field, Key, Kind, Rule, Say};

const RESOURCE: Resource = Resource {
    name: "cpu",
    request: Field::CpuRequest,
    limit: Field::CpuLimit,
};

pub(super) static RULE: Rule = Rule {
    id: "cpu-resources",
    practice: Some(4),
    control: None,
    summary: "requests CPU, and limits it where asked",
    why: "A pod that asks for nothing is placed without regard to what it uses, and starves, or starves its neighbours. A small request gives the scheduler a number and the container a share.",
    breaks: "With a limit, what needs more CPU is slowed down, at its start most of all. A request counts towards quotas, and a node that is full by requests takes no further pod.",
    without_facts: Some(resource::WITHOUT_FACTS),
    writes: &[RESOURCE.request, RESOURCE.limit],
    steps_back: resource::STEPS_BACK,
    keys: &[
        Key {
            name: "request",
            kind: Kind::Amount("10m"),
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
