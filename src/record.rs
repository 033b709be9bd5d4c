//! Plan to record: the annotation on the pod, the audit annotations, the warnings, the decision log and what is counted, of one
//! admission.
//!
//! Nothing that a rule did or left undone is hidden, and nothing else of the object is shown: names of containers, and the
//! values of the fields that rules look at. What comes from the cluster is cleaned first, since it is checked by nobody
//! yet when a mutating webhook sees it. All but the warnings are made of the same [`Said`]s, so that they agree.

mod annotation;
mod audit;
mod clean;
mod decision;
mod hash;
mod said;
mod schema;
mod warnings;

pub use annotation::{Annotation, KEY, annotation, passes};
pub use audit::{AuditAnnotations, Summary};
pub use decision::Level;
pub use hash::hash;
pub use said::{Outcome, POD, Said, What};
pub use schema::schema;
pub use warnings::warnings;

use crate::admission::Mode;

/// One admission, as it is logged and counted. Every text of it is cleaned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The request's uid: new for each call (I4).
    pub uid: String,
    /// What was asked for.
    pub mode: Mode,
    /// By which profile.
    pub profile: String,
    /// The version of the configuration.
    pub config: String,
    /// `CREATE`, `UPDATE`, ...
    pub operation: String,
    /// The object's kind.
    pub kind: String,
    /// The namespace.
    pub namespace: String,
    /// The object's name; empty where the API server makes one up (I2).
    pub name: String,
    /// What a made-up name begins with.
    pub generate_name: String,
    /// The controller that the object is of, as `ReplicaSet/web-7d9f`, if it is of one.
    pub owner: String,
    /// Whether nothing will be stored.
    pub dry_run: bool,
    /// One of [`OUTCOMES`].
    pub outcome: &'static str,
    /// What became of the pod's annotation: one of [`Annotation::NAMES`].
    pub annotation: &'static str,
    /// Bytes of the patch.
    pub patch_bytes: usize,
    /// Warnings in the reply.
    pub warnings: usize,
    /// What the rules did, or would do, in short.
    pub summary: Summary,
    /// The same in full.
    pub said: Vec<Said>,
}

/// What becomes of a request: `patched`, `unchanged`, `shadow` (a plan that is only reported), `skipped` (nothing that rules
/// speak of) or `disabled` (by the configuration).
pub const OUTCOMES: [&str; 5] = ["patched", "unchanged", "shadow", "skipped", "disabled"];

/// What can be shown of an object's name.
pub(crate) fn cleaned(name: &str) -> String {
    clean::name(name)
}
