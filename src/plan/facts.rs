//! What is known of the cluster beyond the pod.

use std::collections::HashMap;

/// Facts about the cluster: an input to the plan like the pod itself. A fact that is not there makes a rule careful, never
/// wrong; what it means is in the documentation of the rule.
///
/// Nothing fills them from a cluster yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Whether every Linux node has a runtime and a kernel that give a pod a user namespace (X16).
    pub user_namespaces: bool,
    /// The ranges that OpenShift gave to namespaces, by the namespace's name.
    pub ranges: HashMap<String, Ranges>,
}

/// The identities that OpenShift gave to a namespace, by its annotations `openshift.io/sa.scc.uid-range` and
/// `openshift.io/sa.scc.supplemental-groups` (G1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ranges {
    /// The first user.
    pub uid: u32,
    /// The first group.
    pub group: u32,
}

impl Ranges {
    /// The ranges that the two annotations say; `None` where one is neither `start/size` nor `start-end`.
    #[must_use]
    pub fn parse(uids: &str, groups: &str) -> Option<Self> {
        Some(Self {
            uid: start(uids)?,
            group: start(groups)?,
        })
    }
}

/// The first id of `start/size`, `start-end`, or the first of several of these with commas between.
fn start(range: &str) -> Option<u32> {
    let first = range.split(',').next()?.trim();
    let (start, rest) = first.split_once(['/', '-'])?;
    rest.parse::<u32>().ok()?;
    // The API takes ids up to 2147483647 (V4).
    start
        .parse()
        .ok()
        .filter(|id| *id <= i32::MAX.cast_unsigned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_in_both_spellings() {
        let ranges = Some(Ranges {
            uid: 1_000_650_000,
            group: 1_000_650_000,
        });
        assert_eq!(
            Ranges::parse("1000650000/10000", "1000650000/10000"),
            ranges
        );
        assert_eq!(
            Ranges::parse("1000650000-1000659999", "1000650000/10000,5/1"),
            ranges
        );
        for bad in ["", "1", "x/1", "1/x", "-1/1", "4000000000/1"] {
            assert_eq!(Ranges::parse(bad, "1/1"), None, "{bad}");
        }
    }
}
