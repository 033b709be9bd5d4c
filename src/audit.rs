//! What is open in a cluster: namespaces, workloads and pods in, report out.
//!
//! Not a judge of its own: every object is planned for by the engine and the facts of the webhook, and the report says what came
//! of it. [`Audit`] takes what `src/cli/audit` reads from the API, object by object, and keeps of each only what the report says
//! of it, in a file: what it holds in memory is of namespaces, and not of what is in them
//! (docs/decisions/0018-what-audit-keeps-is-in-a-file.md). No socket, no clock.

mod clean;
mod collect;
mod cost;
mod entry;
mod explain;
mod findings;
mod gathered;
mod head;
mod joined;
mod judge;
mod limits;
mod namespace;
pub mod report;
mod said;
mod spool;
mod workloads;

pub use clean::clean;
pub use collect::{Audit, Task};
pub use cost::{Added, Capacity, Quota};
pub use entry::{Cell, Entry, PRACTICES, Practices, State};
pub use explain::{Explained, Source, Who};
pub use limits::Defaults;
pub use namespace::{Namespace, Standing};
pub use said::Said;
pub use spool::{Spool, Store};
pub use workloads::Workloads;

use serde::{Deserialize, Serialize};

/// What was found in a cluster: sorted, so that the same cluster gives the same report.
#[derive(Debug, Default)]
pub struct Report {
    /// Where the configuration is from.
    pub configuration: String,
    /// Its version.
    pub version: String,
    /// The profile that was asked for, for every namespace; without it each has its own.
    pub profile: Option<String>,
    /// The namespaces, by name.
    pub namespaces: Vec<Namespace>,
    /// Workloads and pods that nothing owns, by namespace, kind and name.
    pub workloads: Workloads,
    /// The overrides of the configuration, in its order.
    pub overrides: Vec<OverrideUse>,
    /// What the nodes have, and what of it is asked for.
    pub capacity: Capacity,
    /// What could not be looked at.
    pub unseen: Vec<Unseen>,
}

/// Something that could not be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unseen {
    /// What.
    pub what: String,
    /// Why not.
    pub why: String,
}

/// A workload, or a pod that nothing owns.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Workload {
    /// Its namespace.
    pub namespace: String,
    /// Its kind, as Kubernetes writes it.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// The profile that it was looked at by.
    pub profile: String,
    /// Who hardened it.
    pub by: By,
    /// How many pods of it there are.
    pub pods: usize,
    /// How many of them the profile would still change.
    pub open: usize,
    /// The names of the first of these.
    pub first: Vec<String>,
    /// How many pods have an annotation by which they were hardened. Anybody can write one: a hint.
    pub hinted: usize,
    /// What there is to say of what its author wrote: [`Workloads::said`] reads it.
    pub said: Said,
    /// How it stands with each practice, in what runs.
    pub practices: Practices,
}

/// Who hardened a workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum By {
    /// Its author left nothing out that the profile asks for.
    Author,
    /// Its author did, and its pods have it all the same.
    Admission,
    /// Some of its pods lack something.
    Nobody,
    /// It has no pod, and the next would be hardened as it is made.
    Next,
}

impl By {
    /// In a word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Author => "author",
            Self::Admission => "admission",
            Self::Nobody => "nobody",
            Self::Next => "next",
        }
    }
}

/// What an override of the configuration is used for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverrideUse {
    /// The line in which it begins, from 1.
    pub line: usize,
    /// Why it is there, in its author's words.
    pub reason: String,
    /// How many workloads it selects.
    pub selects: usize,
    /// For how many of them something would be set otherwise without it.
    pub needed: usize,
}
