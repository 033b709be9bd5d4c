//! The conditions of a node or a pod, as far as they are read.

use serde::Deserialize;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Condition {
    #[serde(rename = "type")]
    kind: String,
    status: String,
}

/// Whether it is ready, as its conditions say.
pub(super) fn are_ready(conditions: Option<&[Condition]>) -> bool {
    let mut conditions = conditions.into_iter().flatten();
    conditions.any(|condition| condition.kind == "Ready" && condition.status == "True")
}
