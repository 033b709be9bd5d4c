//! What is read of an object beside its pod: what it is called, who owns it, and whether it has ended.

use serde::Deserialize;

use super::gathered::Name;
use crate::object::Text;

/// An object, but for its pod.
#[derive(Default, Deserialize)]
pub(super) struct Head<'a> {
    #[serde(borrow, default)]
    pub(super) metadata: Meta<'a>,
    #[serde(borrow, default)]
    status: Status<'a>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Meta<'a> {
    #[serde(borrow, default)]
    pub(super) name: Text<'a>,
    #[serde(borrow, default)]
    pub(super) namespace: Text<'a>,
    #[serde(borrow, default)]
    owner_references: Vec<Owner<'a>>,
}

#[derive(Deserialize)]
struct Owner<'a> {
    #[serde(borrow, default)]
    kind: Text<'a>,
    #[serde(borrow, default)]
    name: Text<'a>,
    #[serde(default)]
    controller: bool,
}

#[derive(Default, Deserialize)]
struct Status<'a> {
    #[serde(borrow, default)]
    conditions: Vec<Condition<'a>>,
}

#[derive(Deserialize)]
struct Condition<'a> {
    #[serde(borrow, rename = "type", default)]
    kind: Text<'a>,
    #[serde(borrow, default)]
    status: Text<'a>,
}

impl Head<'_> {
    /// What it is called, being of a kind.
    pub(super) fn name(&self, kind: &str) -> Name {
        (kind.to_owned(), self.metadata.name.to_string())
    }

    /// The controller that made it.
    pub(super) fn owner(&self) -> Option<Name> {
        let mut owners = self.metadata.owner_references.iter();
        let owner = owners.find(|owner| owner.controller)?;
        Some((owner.kind.to_string(), owner.name.to_string()))
    }

    /// Whether it is a Job that has ended.
    pub(super) fn has_ended(&self) -> bool {
        self.status.conditions.iter().any(|condition| {
            ["Complete", "Failed"].contains(&condition.kind.as_str())
                && condition.status.as_str() == "True"
        })
    }
}
