//! What is known of the cluster beyond the pod.

/// Facts about the cluster: an input to the plan like the pod itself.
///
/// None of today's rules needs any. The file commands and the tests will fill it by hand, `serve` from watches; a fact
/// that is not there makes a rule careful, never wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {}
