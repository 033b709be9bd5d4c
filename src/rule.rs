//! What a rule is, and what it may say.
//!
//! A rule is data plus a pure function for containers, for the pod as a whole, or both. It looks at an untouched pod and
//! says one of three things of a field: it is missing and set, it is the author's choice and kept, or the rule steps back
//! and why.
//! Rules never see each other's output, so their order cannot matter.

mod field;
mod options;
mod say;

pub use field::Field;
pub use options::{Key, Kind, NONE, Name, Options, Uid, Value};
pub use say::{Choice, Exception, Finding, Granted, Level, Place, Say, Verdict};

use crate::config::Effective;
use crate::object::{Container, Pod};
use crate::plan::Facts;

/// One practice, or a help beside them, as data and a function.
#[derive(Debug)]
pub struct Rule {
    /// Its name: in the configuration, the fixtures, the documentation and every record.
    pub id: &'static str,
    /// The number of the practice that it stands for, 1 to 10; `None` for a rule beside the ten.
    pub practice: Option<u8>,
    /// The control of the Pod Security Standards that it meets, if any.
    pub control: Option<&'static str>,
    /// What it fills in, in one line.
    pub summary: &'static str,
    /// Why, for somebody who has to defend it.
    pub why: &'static str,
    /// Who notices: programs that do the very thing that the practice forbids.
    pub breaks: &'static str,
    /// What it means for the rule that facts about the cluster are not there; `None` where it asks for none.
    pub without_facts: Option<&'static str>,
    /// The fields that it may write, and no others.
    pub writes: &'static [Field],
    /// When it steps back.
    pub steps_back: &'static [Reason],
    /// What can be configured, beside `enabled`.
    pub keys: &'static [Key],
    /// Whether its fields are refused on Windows (W1).
    pub linux_only: bool,
    /// What it says of one container, if it looks at containers.
    pub container: Option<for<'a> fn(At<'a>, Container<'a>, &mut Say<'_, 'a>)>,
    /// What it says of the pod as a whole, if it does.
    pub pod: Option<for<'a> fn(At<'a>, &mut Say<'_, 'a>)>,
}

/// What a rule looks at.
#[derive(Clone, Copy, Debug)]
pub struct At<'a> {
    /// The pod, untouched.
    pub pod: Pod<'a>,
    /// The namespace that it is in, or will be.
    pub namespace: &'a str,
    /// The profile of each container, and of the pod.
    pub effective: &'a Effective<'a>,
    /// The rule's own options for what is looked at: a container, or the pod as a whole.
    pub options: &'a Options,
    /// What is known of the cluster.
    pub facts: &'a Facts,
}

/// Why a rule leaves a gap open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reason {
    /// Its name in records and metrics.
    pub id: &'static str,
    /// The sentence that a person reads, after "stepped back: ".
    pub text: &'static str,
    /// Where the fact comes from.
    pub source: &'static str,
}

impl Reason {
    /// The reason of the first doubt that holds.
    pub(crate) fn first<const N: usize>(doubts: [(bool, Self); N]) -> Option<Self> {
        let mut holding = doubts.into_iter().filter(|(holds, _)| *holds);
        holding.next().map(|(_, reason)| reason)
    }
}

/// Every rule but the cluster's own: nothing can be changed about a static pod.
pub const MIRROR_POD: Reason = Reason {
    id: "mirror-pod",
    text: "this is the API's picture of a static pod, which only its node can change",
    source: "X17",
};

/// Rules whose fields Windows does not know.
pub const WINDOWS: Reason = Reason {
    id: "windows",
    text: "the pod may run on Windows, which refuses this field",
    source: "W1, W3",
};

/// Every rule: a container that is a process of the node is no container.
pub const HOST_PROCESS: Reason = Reason {
    id: "host-process",
    text: "a HostProcess pod runs on its Windows node as the node itself does",
    source: "W5",
};

/// Rules whose fields a privileged container ignores or is refused with.
pub const PRIVILEGED: Reason = Reason {
    id: "privileged",
    text: "the container is privileged, which rules this setting out",
    source: "V1, X12, X13",
};

/// Rules that need more of an ephemeral container than it can have.
pub const EPHEMERAL: Reason = Reason {
    id: "ephemeral-container",
    text: "no volume can be added to a running pod, and a debug container is there to be worked in",
    source: "U7",
};

/// Rules that could take from a node's agent what it needs.
pub const NODE_AGENT: Reason = Reason {
    id: "node-agent",
    text: "the priority class marks what the node cannot do without",
    source: "X18",
};
