//! Service accounts: what they say of their token, and whether they are young (B1, B9).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use k8s_openapi::api::core::v1;
use kube::api::ObjectMeta;
use serde::Deserialize;

use super::Kind;
use crate::cluster::object::objects;
use crate::plan::{ByNamespace, Facts, ServiceAccount};

objects!(Read: v1::ServiceAccount);

/// An account as it is read.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(in super::super) struct Read {
    metadata: ObjectMeta,
    automount_service_account_token: Option<bool>,
}

/// How long an account is young: whoever makes one makes its bindings too, a little later.
const YOUTH: Duration = Duration::from_secs(600);

#[derive(Debug, PartialEq, Eq)]
pub(in super::super) struct Account {
    namespace: Box<str>,
    name: Box<str>,
    automount: Option<bool>,
    created: SystemTime,
}

pub(in super::super) struct ServiceAccounts;

impl Kind for ServiceAccounts {
    type Object = Read;
    type Part = Account;
    const NAME: &'static str = "serviceaccounts";

    fn part(account: Read) -> Option<Account> {
        Some(Account {
            namespace: account.metadata.namespace?.into(),
            name: account.metadata.name?.into(),
            automount: account.automount_service_account_token,
            created: account.metadata.creation_timestamp?.0.into(),
        })
    }

    fn publish<'p>(
        facts: &mut Facts,
        parts: Option<impl Iterator<Item = &'p Account>>,
        now: SystemTime,
    ) -> Option<Duration> {
        let Some(parts) = parts else {
            facts.service_accounts = None;
            return None;
        };
        let mut all: ByNamespace<HashMap<Box<str>, ServiceAccount>> = HashMap::new();
        let mut ages = None;
        for account in parts {
            // One whose creation lies in the future, by our clock, is the youngest.
            let age = now.duration_since(account.created).unwrap_or_default();
            let youth = YOUTH.checked_sub(age).filter(|left| !left.is_zero());
            ages = [ages, youth].into_iter().flatten().min();
            let of_namespace = match all.get_mut(&account.namespace) {
                Some(accounts) => accounts,
                None => all.entry(account.namespace.clone()).or_default(),
            };
            let word = ServiceAccount {
                automount: account.automount,
                is_young: youth.is_some(),
            };
            of_namespace.insert(account.name.clone(), word);
        }
        facts.service_accounts = Some(Arc::new(all));
        ages
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_young_for_ten_minutes() {
        let created = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let account = Account {
            namespace: "shop".into(),
            name: "web".into(),
            automount: None,
            created,
        };
        let mut facts = Facts::default();
        let mut at = |seconds: u64| {
            let parts = Some(std::iter::once(&account));
            let ages =
                ServiceAccounts::publish(&mut facts, parts, created + Duration::from_secs(seconds));
            let known = facts.service_account("shop", "web");
            (
                known.is_some_and(|account| account.is_young),
                ages.map(|ages| ages.as_secs()),
            )
        };
        assert_eq!(at(0), (true, Some(600)));
        assert_eq!(at(599), (true, Some(1)));
        assert_eq!(at(600), (false, None));
    }
}
