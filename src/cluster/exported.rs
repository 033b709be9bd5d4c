//! Facts as a text: what `facts export` writes and `--facts` reads. docs/facts.md describes it.
//!
//! Names of namespaces and of service accounts, and what is known of them: nothing that is secret. Equal facts are equal texts.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::Hash;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::plan::{ByNamespace, Facts, Ranges, Resources, ServiceAccount, Subjects};

/// The version of the format. One more where an older program would misread the text.
const VERSION: u32 = 1;

/// Why a text is none of facts.
#[derive(Debug, thiserror::Error)]
pub enum NoFacts {
    /// It is something else.
    #[error("it is not what `pod-hardener facts export` writes: {0:?}")]
    Other(String),
    /// Another program's.
    #[error("it is in version {0} of the format, and this program reads version {VERSION}")]
    Version(u32),
    /// Users or groups that no pod can have.
    #[error(
        "the range of the namespace {0:?} is none: a user is from 1, and a group from 0, to 2147483647"
    )]
    Range(String),
}

impl From<serde_json::Error> for NoFacts {
    fn from(error: serde_json::Error) -> Self {
        Self::Other(error.to_string())
    }
}

/// The text of facts.
///
/// # Errors
///
/// None that is known of: serialising plain values does not fail.
pub fn write(facts: &Facts) -> serde_json::Result<String> {
    Ok(serde_json::to_string_pretty(&Text::of(facts))? + "\n")
}

/// The facts of a text.
///
/// # Errors
///
/// Where it is none of facts, or of a version that this program does not know.
pub fn read(text: &str) -> Result<Facts, NoFacts> {
    let Head {
        format: Format::Facts,
        version,
    } = serde_json::from_str(text)?;
    if version != VERSION {
        return Err(NoFacts::Version(version));
    }
    serde_json::from_str::<Text>(text)?.facts()
}

/// What a text of any version says of itself.
#[derive(Deserialize)]
struct Head {
    format: Format,
    version: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Format {
    #[serde(rename = "pod-hardener/facts")]
    Facts,
}

/// The text; `null` is what was not known.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Text {
    format: Format,
    version: u32,
    role_bindings: Option<Bound>,
    cluster_role_bindings: Option<Bound>,
    service_accounts: Option<BTreeMap<String, BTreeMap<String, Account>>>,
    ranges: Option<BTreeMap<String, Range>>,
    pod_limits: Option<BTreeMap<String, BTreeSet<Resource>>>,
    best_effort_quotas: Option<BTreeSet<String>>,
    autoscalers: Option<BTreeMap<String, BTreeSet<Resource>>>,
    user_namespaces: Option<bool>,
}

/// Service accounts that something is bound to.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Bound {
    everyone: bool,
    namespaces: BTreeSet<String>,
    accounts: BTreeMap<String, BTreeSet<String>>,
}

/// A service account; what it does not say is left out.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Account {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    automount: Option<bool>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    young: bool,
}

/// The identities that OpenShift gave to a namespace.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Range {
    uid: u32,
    group: u32,
}

#[derive(PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Resource {
    Cpu,
    Memory,
}

impl Text {
    fn of(facts: &Facts) -> Self {
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
        } = facts;
        let range = |range: &Ranges| Range {
            uid: range.uid,
            group: range.group,
        };
        let account = |account: &ServiceAccount| Account {
            automount: account.automount,
            young: account.is_young,
        };
        Self {
            format: Format::Facts,
            version: VERSION,
            role_bindings: role_bindings.as_deref().map(Bound::of),
            cluster_role_bindings: cluster_role_bindings.as_deref().map(Bound::of),
            service_accounts: service_accounts
                .as_deref()
                .map(|all| sorted(all, |accounts| sorted(accounts, account))),
            ranges: ranges.as_deref().map(|all| sorted(all, range)),
            pod_limits: pod_limits.as_deref().map(|all| sorted(all, resources)),
            best_effort_quotas: best_effort_quotas.as_deref().map(names),
            autoscalers: autoscalers.as_deref().map(|all| sorted(all, resources)),
            user_namespaces: *user_namespaces,
        }
    }

    fn facts(self) -> Result<Facts, NoFacts> {
        let range = |(name, range): (String, Range)| match Ranges::new(range.uid, range.group) {
            Some(range) => Ok((name.into(), range)),
            None => Err(NoFacts::Range(name)),
        };
        let ranges = self.ranges.map(|all| all.into_iter().map(range).collect());
        let ranges: Option<ByNamespace<Ranges>> = ranges.transpose()?;
        let account = |account: Account| ServiceAccount {
            automount: account.automount,
            is_young: account.young,
        };
        Ok(Facts {
            role_bindings: self.role_bindings.map(Bound::subjects),
            cluster_role_bindings: self.cluster_role_bindings.map(Bound::subjects),
            service_accounts: self
                .service_accounts
                .map(|all| Arc::new(hashed(all, |accounts| hashed(accounts, account)))),
            ranges: ranges.map(Arc::new),
            pod_limits: self.pod_limits.map(|all| Arc::new(hashed(all, sum))),
            best_effort_quotas: self.best_effort_quotas.map(|all| Arc::new(set(all))),
            autoscalers: self.autoscalers.map(|all| Arc::new(hashed(all, sum))),
            user_namespaces: self.user_namespaces,
        })
    }
}

impl Bound {
    fn of(subjects: &Subjects) -> Self {
        Self {
            everyone: subjects.everyone,
            namespaces: names(&subjects.namespaces),
            accounts: sorted(&subjects.accounts, names),
        }
    }

    fn subjects(self) -> Arc<Subjects> {
        Arc::new(Subjects {
            everyone: self.everyone,
            namespaces: set(self.namespaces),
            accounts: hashed(self.accounts, set),
        })
    }
}

fn sorted<T, U>(all: &HashMap<Box<str>, T>, each: impl Fn(&T) -> U) -> BTreeMap<String, U> {
    let entries = all.iter();
    let entries = entries.map(|(name, value)| (name.to_string(), each(value)));
    entries.collect()
}

fn hashed<T, U>(all: BTreeMap<String, T>, each: impl Fn(T) -> U) -> ByNamespace<U> {
    let entries = all.into_iter();
    let entries = entries.map(|(name, value)| (name.into(), each(value)));
    entries.collect()
}

fn names(all: &HashSet<Box<str>>) -> BTreeSet<String> {
    all.iter().map(ToString::to_string).collect()
}

fn set<T: From<String> + Eq + Hash>(all: BTreeSet<String>) -> HashSet<T> {
    all.into_iter().map(T::from).collect()
}

fn resources(of: &Resources) -> BTreeSet<Resource> {
    let cpu = of.cpu.then_some(Resource::Cpu);
    let memory = of.memory.then_some(Resource::Memory);
    cpu.into_iter().chain(memory).collect()
}

fn sum(of: BTreeSet<Resource>) -> Resources {
    Resources {
        cpu: of.contains(&Resource::Cpu),
        memory: of.contains(&Resource::Memory),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn all() -> Facts {
        let bound = |account: &str| {
            Some(Arc::new(Subjects {
                everyone: false,
                namespaces: ["ci".into(), "build".into()].into(),
                accounts: [("shop".into(), [account.into(), "b".into()].into())].into(),
            }))
        };
        let account = |automount, is_young| ServiceAccount {
            automount,
            is_young,
        };
        let accounts = [
            ("default".into(), account(None, false)),
            ("web".into(), account(Some(false), true)),
        ];
        let cpu = Resources {
            cpu: true,
            memory: false,
        };
        let range = Ranges {
            uid: 1_000_650_000,
            group: 7,
        };
        Facts {
            role_bindings: bound("web"),
            cluster_role_bindings: bound("cd"),
            service_accounts: Some(Arc::new([("shop".into(), accounts.into())].into())),
            ranges: Some(Arc::new([("shop".into(), range)].into())),
            pod_limits: Some(Arc::new([("shop".into(), cpu)].into())),
            best_effort_quotas: Some(Arc::new(["shop".into()].into())),
            autoscalers: Some(Arc::new([("shop".into(), Resources::default())].into())),
            user_namespaces: Some(true),
        }
    }

    #[test]
    fn facts_come_back_as_they_were_and_are_always_the_same_text() {
        for facts in [all(), Facts::default()] {
            let text = write(&facts).unwrap();
            assert_eq!(read(&text).unwrap(), facts, "{text}");
            assert_eq!(write(&read(&text).unwrap()).unwrap(), text);
        }
        let text = write(&all()).unwrap();
        assert!(text.find("build") < text.find("\"ci\""), "{text}");
    }

    #[test]
    fn other_texts_are_refused() {
        let later = write(&Facts::default())
            .unwrap()
            .replace("\"version\": 1", "\"version\": 2, \"new\": {}");
        let refused = |text: &str| read(text).unwrap_err().to_string();
        assert!(refused(&later).contains("version 2"), "{later}");
        for other in ["{}", "[]", "", "{\"format\": \"other\", \"version\": 1}"] {
            assert!(refused(other).contains("facts export"), "{other}");
        }
        let more = write(&Facts::default())
            .unwrap()
            .replace("\"ranges\"", "\"range\"");
        assert!(refused(&more).contains("unknown field `range`"), "{more}");
        let root = write(&all()).unwrap().replace("1000650000", "0");
        assert!(refused(&root).contains("namespace \"shop\""), "{root}");
        // Nothing of it moves the cursor of a terminal.
        let escape = write(&Facts::default())
            .unwrap()
            .replace("\"ranges\"", r#""\u001b[2J""#);
        assert!(!refused(&escape).contains(char::is_control), "{escape}");
    }

    #[test]
    fn the_documented_text_is_one() {
        let page = include_str!("../../docs/facts.md");
        let (_, example) = page.split_once("```json\n").unwrap();
        let (example, _) = example.split_once("```").unwrap();
        assert_eq!(write(&read(example).unwrap()).unwrap(), example);
    }
}
