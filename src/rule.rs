//! What a rule is, and what it may say.
//!
//! A rule is data plus one pure function. The function looks at one container of an untouched pod and says one of
//! three things of a field: it is missing and set, it is the author's choice and kept, or the rule steps back and why.
//! Rules never see each other's output, so their order cannot matter.

mod options;
mod say;

pub use options::{Key, Kind, Name, Options, Value};
pub use say::{Choice, Finding, Level, Place, Say, Verdict};

use crate::object::{Container, Pod};
use crate::plan::Facts;

/// One practice, as data and a function.
#[derive(Debug)]
pub struct Rule {
    /// Its name: in the configuration, the fixtures, the documentation and every record.
    pub id: &'static str,
    /// The number of the practice that it stands for, 1 to 10.
    pub practice: u8,
    /// The control of the Pod Security Standards that it meets, if any.
    pub control: Option<&'static str>,
    /// What it fills in, in one line.
    pub summary: &'static str,
    /// Why, for somebody who has to defend it.
    pub why: &'static str,
    /// Who notices: programs that do the very thing that the practice forbids.
    pub breaks: &'static str,
    /// The fields that it may write, and no others.
    pub writes: &'static [Field],
    /// When it steps back.
    pub steps_back: &'static [Reason],
    /// What can be configured, beside `enabled`.
    pub keys: &'static [Key],
    /// Whether its fields are refused on Windows (W1).
    pub linux_only: bool,
    /// What it says of one container.
    pub look: for<'a> fn(At<'a>, &mut Say<'_, 'a>),
}

/// What a rule looks at: one container of one pod.
#[derive(Clone, Copy, Debug)]
pub struct At<'a> {
    /// The pod, untouched.
    pub pod: Pod<'a>,
    /// The container.
    pub container: Container<'a>,
    /// The rule's options in the profile.
    pub options: &'a Options,
    /// What is known of the cluster.
    pub facts: &'a Facts,
}

/// A field below a container, by its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Field {
    /// The names on the way to it, as Kubernetes writes them.
    pub path: &'static [&'static str],
    /// Whether it is a list that is completed, entry by entry.
    pub list: bool,
}

impl Field {
    /// A field that is set as a whole.
    #[must_use]
    pub const fn value(path: &'static [&'static str]) -> Self {
        Self { path, list: false }
    }

    /// A list that entries are added to.
    #[must_use]
    pub const fn list(path: &'static [&'static str]) -> Self {
        Self { path, list: true }
    }
}

impl std::fmt::Display for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.path.join("."))
    }
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

/// Rules whose fields a privileged container ignores or is refused with.
pub const PRIVILEGED: Reason = Reason {
    id: "privileged",
    text: "the container is privileged, which rules this setting out",
    source: "V1, X12, X13",
};
