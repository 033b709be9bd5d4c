//! What requests cost: what a profile would add, what quotas leave, and what the nodes have.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::object::{ContainerKind, Pod};
use crate::quantity::Quantity;
use crate::rule::{Finding, Place, Verdict};

/// Amounts of the two resources that are ever requested, in billionths of a CPU and of a byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Added {
    /// CPU.
    pub cpu: i128,
    /// Memory.
    pub memory: i128,
}

impl std::ops::AddAssign for Added {
    fn add_assign(&mut self, other: Self) {
        self.cpu = self.cpu.saturating_add(other.cpu);
        self.memory = self.memory.saturating_add(other.memory);
    }
}

impl Added {
    /// CPU as Kubernetes writes it, in thousandths, rounded up.
    #[must_use]
    pub fn cpu(self) -> String {
        match div_up(self.cpu, 1_000_000) {
            milli if milli % 1_000 == 0 => (milli / 1_000).to_string(),
            milli => format!("{milli}m"),
        }
    }

    /// Memory in Mi, rounded up.
    #[must_use]
    pub fn memory(self) -> String {
        match div_up(self.memory, 1_000_000_000 << 20) {
            0 => "0".to_owned(),
            mebi => format!("{mebi}Mi"),
        }
    }

    /// Whether it is nothing.
    #[must_use]
    pub fn is_nothing(self) -> bool {
        self == Self::default()
    }
}

fn div_up(amount: i128, by: i128) -> i128 {
    amount.div_euclid(by) + i128::from(amount.rem_euclid(by) != 0)
}

/// What the nodes have, and what of it is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capacity {
    /// How many nodes take pods.
    pub nodes: usize,
    /// What they have for pods.
    pub allocatable: Added,
    /// What the pods on them request.
    pub requested: Added,
}

impl Capacity {
    /// Takes a node into account.
    pub fn take(&mut self, text: &str) {
        #[derive(Default, Deserialize)]
        struct Node {
            #[serde(default)]
            spec: Spec,
            #[serde(default)]
            status: Status,
        }
        #[derive(Default, Deserialize)]
        struct Spec {
            #[serde(default)]
            unschedulable: bool,
        }
        #[derive(Default, Deserialize)]
        struct Status {
            #[serde(default)]
            allocatable: Map<String, Value>,
        }
        let node: Node = serde_json::from_str(text).unwrap_or_default();
        if !node.spec.unschedulable {
            self.nodes += 1;
            self.allocatable += amounts(&node.status.allocatable, ["cpu", "memory"]);
        }
    }
}

/// What a quota leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Its name.
    pub name: String,
    /// What may still be requested, of what it counts.
    pub left: [Option<i128>; 2],
}

impl Quota {
    /// The ResourceQuota in `text`; `None` where it counts no requests, or only those of some pods.
    #[must_use]
    pub fn read(name: &str, text: &str) -> Option<Self> {
        #[derive(Default, Deserialize)]
        struct Quota {
            #[serde(default)]
            spec: Spec,
            #[serde(default)]
            status: Status,
        }
        #[derive(Default, Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Spec {
            #[serde(default)]
            scopes: Vec<String>,
            scope_selector: Option<Value>,
        }
        #[derive(Default, Deserialize)]
        struct Status {
            #[serde(default)]
            hard: Map<String, Value>,
            #[serde(default)]
            used: Map<String, Value>,
        }
        let quota: Quota = serde_json::from_str(text).ok()?;
        if !quota.spec.scopes.is_empty() || quota.spec.scope_selector.is_some() {
            return None;
        }
        let (hard, used) = (&quota.status.hard, &quota.status.used);
        let left = |key: &str| Some(amount(hard, key)?.saturating_sub(amount(used, key)?));
        let least = |keys: [&str; 2]| keys.into_iter().filter_map(left).min();
        let left = [
            least(["requests.cpu", "cpu"]),
            least(["requests.memory", "memory"]),
        ];
        left.iter().any(Option::is_some).then(|| Self {
            name: name.to_owned(),
            left,
        })
    }

    /// Whether it has room for what is added.
    #[must_use]
    pub fn has_room(&self, added: Added) -> bool {
        let [cpu, memory] = self.left;
        cpu.is_none_or(|left| added.cpu <= left) && memory.is_none_or(|left| added.memory <= left)
    }
}

fn amount(amounts: &Map<String, Value>, key: &str) -> Option<i128> {
    Quantity::parse(amounts.get(key)?.as_str()?).map(Quantity::nano)
}

fn amounts(amounts: &Map<String, Value>, [cpu, memory]: [&str; 2]) -> Added {
    Added {
        cpu: amount(amounts, cpu).unwrap_or_default(),
        memory: amount(amounts, memory).unwrap_or_default(),
    }
}

/// What a pod requests, as the scheduler counts it.
pub(super) fn requested(pod: Pod<'_>) -> Added {
    Added {
        cpu: request(pod, "cpu", &[]),
        memory: request(pod, "memory", &[]),
    }
}

/// What the findings add to what a pod requests.
pub(super) fn added(pod: Pod<'_>, findings: &[Finding<'_>]) -> Added {
    let more = |resource| request(pod, resource, findings) - request(pod, resource, &[]);
    Added {
        cpu: more("cpu"),
        memory: more("memory"),
    }
}

/// What a pod requests of a resource, with what `findings` set: containers and sidecars together, or an init container with the
/// sidecars before it, whichever is more.
fn request(pod: Pod<'_>, resource: &str, findings: &[Finding<'_>]) -> i128 {
    let of_pod = pod
        .spec
        .resources
        .as_ref()
        .and_then(|own| own.requests.as_ref());
    if let Some(said) = of_pod.and_then(|requests| Quantity::parse(requests.get(resource)?)) {
        return said.nano();
    }
    let (mut together, mut sidecars, mut most) = (0_i128, 0_i128, 0_i128);
    for container in pod.containers() {
        let own = container.spec.resources.as_ref();
        let said = own.and_then(|own| {
            let request = own.requests.as_ref().and_then(|all| all.get(resource));
            request.or_else(|| own.limits.as_ref()?.get(resource))
        });
        let set = || {
            findings.iter().find_map(|finding| match &finding.verdict {
                Verdict::Set(field, json)
                    if finding.place == Place::of(container)
                        && field.path() == ["resources", "requests", resource] =>
                {
                    Quantity::parse(json.trim_matches('"'))
                }
                _ => None,
            })
        };
        let amount = said.and_then(Quantity::parse).or_else(set);
        let amount = amount.map_or(0, Quantity::nano);
        match container.kind {
            ContainerKind::Init => most = most.max(amount.saturating_add(sidecars)),
            ContainerKind::Sidecar => {
                sidecars = sidecars.saturating_add(amount);
                together = together.saturating_add(amount);
            }
            ContainerKind::Regular | ContainerKind::Ephemeral => {
                together = together.saturating_add(amount);
            }
        }
    }
    together.max(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_as_kubernetes_does() {
        let added = Added {
            cpu: 1_510_000_000,
            memory: 1_000_000_000 * ((3 << 20) + 1),
        };
        assert_eq!(
            (added.cpu(), added.memory()),
            ("1510m".into(), "4Mi".into())
        );
    }

    #[test]
    fn a_quota_leaves_what_is_not_used() {
        let text =
            r#"{"status": {"hard": {"requests.cpu": "1"}, "used": {"requests.cpu": "900m"}}}"#;
        let quota = Quota::read("q", text);
        let cpu = |milli: i128| Added {
            cpu: milli * 1_000_000,
            memory: i128::MAX,
        };
        let room = quota.map(|quota| (quota.has_room(cpu(100)), quota.has_room(cpu(101))));
        assert_eq!(room, Some((true, false)));
    }
}
