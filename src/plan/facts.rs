//! What is known of the cluster beyond the pod.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Facts about the cluster: an input to the plan like the pod itself. A fact that is not there makes a rule careful, never
/// wrong; what it means is in the documentation of the rule.
///
/// `None` is what is not known: not asked for, not yet complete, forbidden, or too old. Each part is shared, so that a new
/// version of one costs nothing for the others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Whom RoleBindings bind, those of all namespaces (B3).
    pub role_bindings: Option<Arc<Subjects>>,
    /// Whom ClusterRoleBindings bind.
    pub cluster_role_bindings: Option<Arc<Subjects>>,
    /// The service accounts.
    pub service_accounts: Option<Arc<ServiceAccounts>>,
    /// The ranges that OpenShift gave to namespaces (G1).
    pub ranges: Option<Arc<ByNamespace<Ranges>>>,
    /// The resources for which a LimitRange judges pods as a whole (L3).
    pub pod_limits: Option<Arc<ByNamespace<Resources>>>,
    /// The namespaces in which a quota counts pods by whether they ask for anything (Q1).
    pub best_effort_quotas: Option<Arc<HashSet<Box<str>>>>,
    /// The resources on whose utilisation a HorizontalPodAutoscaler scales (Z9).
    pub autoscalers: Option<Arc<ByNamespace<Resources>>>,
    /// Whether there is a Linux node, and every one has a runtime and a kernel that give a pod a user namespace (X16).
    pub user_namespaces: Option<bool>,
}

/// Service accounts, by namespace and name.
pub type ServiceAccounts = ByNamespace<HashMap<Box<str>, ServiceAccount>>;

/// What is known of each namespace that something is known of.
pub type ByNamespace<T> = HashMap<Box<str>, T>;

impl Facts {
    /// Whether something is bound to the service account, by its name or by one of its groups (B2, B3); `None` where that is
    /// not known.
    #[must_use]
    pub fn is_bound(&self, namespace: &str, account: &str) -> Option<bool> {
        let of = |subjects: &Option<Arc<Subjects>>| {
            subjects.as_ref().map(|s| s.includes(namespace, account))
        };
        match (of(&self.role_bindings), of(&self.cluster_role_bindings)) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            _ => None,
        }
    }

    /// The service account; `None` where it is not known.
    #[must_use]
    pub fn service_account(&self, namespace: &str, name: &str) -> Option<&ServiceAccount> {
        self.service_accounts.as_ref()?.get(namespace)?.get(name)
    }

    /// The ranges that OpenShift gave to the namespace, if that is known.
    #[must_use]
    pub fn ranges(&self, namespace: &str) -> Option<Ranges> {
        self.ranges.as_ref()?.get(namespace).copied()
    }

    /// For which resources a LimitRange is known to judge the namespace's pods as a whole.
    #[must_use]
    pub fn pod_limits(&self, namespace: &str) -> Resources {
        let known = self.pod_limits.as_ref();
        let found = known.and_then(|all| all.get(namespace).copied());
        found.unwrap_or_default()
    }

    /// On which resources' utilisation an autoscaler of the namespace is known to scale.
    #[must_use]
    pub fn autoscalers(&self, namespace: &str) -> Resources {
        let known = self.autoscalers.as_ref();
        let found = known.and_then(|all| all.get(namespace).copied());
        found.unwrap_or_default()
    }

    /// Whether a quota of the namespace is known to count pods by whether they ask for anything.
    #[must_use]
    pub fn has_best_effort_quota(&self, namespace: &str) -> bool {
        let known = self.best_effort_quotas.as_ref();
        known.is_some_and(|all| all.contains(namespace))
    }
}

/// Service accounts that something is bound to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subjects {
    /// By a group of all of them: `system:serviceaccounts`, `system:authenticated`.
    pub everyone: bool,
    /// By the group of a namespace's: `system:serviceaccounts:<namespace>`.
    pub namespaces: HashSet<Box<str>>,
    /// By name.
    pub accounts: ByNamespace<HashSet<Box<str>>>,
}

impl Subjects {
    fn includes(&self, namespace: &str, account: &str) -> bool {
        let named = |accounts: &HashSet<Box<str>>| accounts.contains(account);
        self.everyone
            || self.namespaces.contains(namespace)
            || self.accounts.get(namespace).is_some_and(named)
    }
}

/// A service account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServiceAccount {
    /// What it says of its token (B1).
    pub automount: Option<bool>,
    /// Whether it was made so lately that its bindings may be on their way (B9).
    pub is_young: bool,
}

/// Some of the two resources that are ever set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resources {
    /// `cpu`.
    pub cpu: bool,
    /// `memory`.
    pub memory: bool,
}

impl Resources {
    /// Whether the resource called `name` is one of them.
    #[must_use]
    pub fn contains(self, name: &str) -> bool {
        match name {
            "cpu" => self.cpu,
            "memory" => self.memory,
            _ => false,
        }
    }

    /// Adds the resource called `name`, if it is one of the two.
    pub fn insert(&mut self, name: &str) {
        self.cpu |= name == "cpu";
        self.memory |= name == "memory";
    }

    /// Adds those of `more`.
    pub fn add(&mut self, more: Self) {
        self.cpu |= more.cpu;
        self.memory |= more.memory;
    }
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

/// The greatest id that the API takes (V4).
const GREATEST: u32 = i32::MAX.cast_unsigned();

impl Ranges {
    /// The ranges that begin with these; `None` where no pod could have them: root is no user of a namespace.
    #[must_use]
    pub fn new(uid: u32, group: u32) -> Option<Self> {
        let can_be = uid > 0 && uid <= GREATEST && group <= GREATEST;
        can_be.then_some(Self { uid, group })
    }

    /// The ranges that the two annotations say; `None` where one is neither `start/size` nor `start-end`, or no pod could have it.
    #[must_use]
    pub fn parse(uids: &str, groups: &str) -> Option<Self> {
        Self::new(start(uids)?, start(groups)?)
    }
}

/// The first id of `start/size`, `start-end`, or the first of several of these with commas between.
fn start(range: &str) -> Option<u32> {
    let first = range.split(',').next()?.trim();
    let (start, rest) = first.split_once(['/', '-'])?;
    rest.parse::<u32>().ok()?;
    start.parse().ok()
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
        for bad in ["", "1", "x/1", "1/x", "-1/1", "0/10000", "4000000000/1"] {
            assert_eq!(Ranges::parse(bad, "1/1"), None, "{bad}");
        }
        assert_eq!(Ranges::parse("1/1", "4000000000/1"), None);
    }
}
