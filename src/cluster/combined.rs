//! What a cluster says, together with what manifests say that are to be applied to it.

use std::collections::HashMap;
use std::sync::Arc;

use crate::plan::{ByNamespace, Facts, Resources, ServiceAccount, Subjects};

/// The facts of a cluster once manifests are applied to it. What either says counts; where both speak of one account or namespace,
/// the manifests do, since they come later. What the cluster does not say of a kind stays unknown, whatever manifests say: there
/// may be more of it.
#[must_use]
pub fn combined(cluster: Facts, files: &Facts) -> Facts {
    // By name, so that a new fact cannot be forgotten here.
    let Facts {
        role_bindings,
        cluster_role_bindings,
        service_accounts,
        ranges,
        pod_limits,
        best_effort_quotas,
        autoscalers,
        user_namespaces,
    } = cluster;
    // Manifests have all of their bindings in one place, and make no kind known that the cluster does not know.
    let bound = files.role_bindings.as_deref();
    let (role_bindings, cluster_role_bindings) = match (role_bindings, cluster_role_bindings) {
        (None, Some(known)) => (None, Some(together(known, bound, add_subjects))),
        (None, None) => (files.role_bindings.clone(), None),
        (Some(known), of_cluster) => (Some(together(known, bound, add_subjects)), of_cluster),
    };
    Facts {
        role_bindings,
        cluster_role_bindings,
        service_accounts: both(service_accounts, &files.service_accounts, |all, more| {
            for (namespace, accounts) in more {
                let known = all.entry(namespace.clone()).or_default();
                accounts
                    .iter()
                    .for_each(|(name, account)| add_account(known, name, *account));
            }
        }),
        ranges: both(ranges, &files.ranges, |all, more| {
            all.extend(more.iter().map(|(name, range)| (name.clone(), *range)));
        }),
        pod_limits: both(pod_limits, &files.pod_limits, add_resources),
        best_effort_quotas: both(
            best_effort_quotas,
            &files.best_effort_quotas,
            |all, more| {
                all.extend(more.iter().cloned());
            },
        ),
        autoscalers: both(autoscalers, &files.autoscalers, add_resources),
        user_namespaces: user_namespaces.or(files.user_namespaces),
    }
}

/// Two parts as one; of a part that is not known, the other.
fn both<T: Clone>(
    known: Option<Arc<T>>,
    more: &Option<Arc<T>>,
    add: impl Fn(&mut T, &T),
) -> Option<Arc<T>> {
    match known {
        Some(known) => Some(together(known, more.as_deref(), add)),
        None => more.clone(),
    }
}

fn together<T: Clone>(mut known: Arc<T>, more: Option<&T>, add: impl Fn(&mut T, &T)) -> Arc<T> {
    if let Some(more) = more {
        add(Arc::make_mut(&mut known), more);
    }
    known
}

fn add_subjects(all: &mut Subjects, more: &Subjects) {
    all.everyone |= more.everyone;
    all.namespaces.extend(more.namespaces.iter().cloned());
    for (namespace, accounts) in &more.accounts {
        let known = all.accounts.entry(namespace.clone()).or_default();
        known.extend(accounts.iter().cloned());
    }
}

/// An account that the cluster has too is as old as the cluster says.
fn add_account(known: &mut HashMap<Box<str>, ServiceAccount>, name: &str, account: ServiceAccount) {
    let is_young = known.get(name).is_some_and(|known| known.is_young);
    let account = ServiceAccount {
        is_young: account.is_young || is_young,
        ..account
    };
    known.insert(name.into(), account);
}

fn add_resources(all: &mut ByNamespace<Resources>, more: &ByNamespace<Resources>) {
    for (namespace, resources) in more {
        all.entry(namespace.clone()).or_default().add(*resources);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bound(account: &str) -> Option<Arc<Subjects>> {
        Some(Arc::new(Subjects {
            accounts: [("shop".into(), [account.into()].into())].into(),
            ..Subjects::default()
        }))
    }

    /// What is known of whether `a`, `b` and `c` are bound: `a` by the cluster, `b` by the files.
    fn known(role: bool, cluster_role: bool) -> [Option<bool>; 3] {
        let cluster = Facts {
            role_bindings: role.then(|| bound("a")).flatten(),
            cluster_role_bindings: cluster_role.then(|| bound("a")).flatten(),
            ..Facts::default()
        };
        let files = Facts {
            role_bindings: bound("b"),
            ..Facts::default()
        };
        let facts = combined(cluster, &files);
        ["a", "b", "c"].map(|account| facts.is_bound("shop", account))
    }

    #[test]
    fn files_add_bindings_and_make_no_kind_known() {
        let yes = Some(true);
        assert_eq!(known(true, true), [yes, yes, Some(false)]);
        assert_eq!(known(true, false), [yes, yes, None]);
        assert_eq!(known(false, true), [yes, yes, None]);
        assert_eq!(known(false, false), [None, yes, None]);
    }

    #[test]
    fn the_word_of_a_file_comes_later_and_makes_no_account_older() {
        let of = |automount, is_young| {
            let account = ServiceAccount {
                automount,
                is_young,
            };
            let accounts = [("web".into(), account)];
            Facts {
                service_accounts: Some(Arc::new([("shop".into(), accounts.into())].into())),
                ..Facts::default()
            }
        };
        let facts = combined(of(Some(true), true), &of(Some(false), false));
        let account = facts.service_account("shop", "web").copied();
        let expected = ServiceAccount {
            automount: Some(false),
            is_young: true,
        };
        assert_eq!(account, Some(expected));
    }
}
