//! Nodes: whether every Linux one can give a pod a user namespace (X16).

use std::time::{Duration, SystemTime};

use k8s_openapi::api::core::v1;
use kube::api::ObjectMeta;
use serde::Deserialize;

use super::Kind;
use crate::cluster::object::objects;
use crate::plan::Facts;

objects!(Node: v1::Node);

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct Node {
    metadata: ObjectMeta,
    status: Status,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Status {
    node_info: Info,
    runtime_handlers: Option<Vec<Handler>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Info {
    kernel_version: String,
    operating_system: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Handler {
    name: String,
    features: Option<Features>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Features {
    user_namespaces: Option<bool>,
}

/// The first kernel whose file systems map users, tmpfs among them: projected volumes are on one.
const KERNEL: (u32, u32) = (6, 3);

pub(in super::super) struct Nodes;

impl Kind for Nodes {
    type Object = Node;
    /// Whether the Linux node can.
    type Part = bool;
    const NAME: &'static str = "nodes";

    fn part(node: Node) -> Option<bool> {
        let is_windows = node.status.node_info.operating_system == "windows";
        (!is_windows).then(|| gives_user_namespaces(&node.status))
    }

    fn publish<'p>(
        facts: &mut Facts,
        parts: Option<impl Iterator<Item = &'p bool>>,
        _: SystemTime,
    ) -> Option<Duration> {
        facts.user_namespaces = parts.map(|parts| {
            let mut parts = parts.peekable();
            parts.peek().is_some() && parts.all(|can| *can)
        });
        None
    }
}

/// By the runtime's default handler, which has no name, and the kernel.
fn gives_user_namespaces(status: &Status) -> bool {
    let mut handlers = status.runtime_handlers.iter().flatten();
    let default = handlers.find(|handler| handler.name.is_empty());
    let features = default.and_then(|handler| handler.features.as_ref());
    let runtime = features.is_some_and(|features| features.user_namespaces == Some(true));
    let kernel = version(&status.node_info.kernel_version);
    runtime && kernel.is_some_and(|kernel| kernel >= KERNEL)
}

/// The first two numbers of `6.8.0-45-generic`.
fn version(kernel: &str) -> Option<(u32, u32)> {
    let mut numbers = kernel.split(|c: char| !c.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn facts(nodes: &[serde_json::Value]) -> Option<bool> {
        let parts: Vec<bool> = nodes
            .iter()
            .filter_map(|status| {
                let node = json!({"metadata": {}, "status": status});
                Nodes::part(serde_json::from_value(node).ok()?)
            })
            .collect();
        let mut facts = Facts::default();
        Nodes::publish(&mut facts, Some(parts.iter()), SystemTime::now());
        facts.user_namespaces
    }

    fn node(os: &str, kernel: &str, handlers: &serde_json::Value) -> serde_json::Value {
        json!({"runtimeHandlers": handlers, "nodeInfo": {"operatingSystem": os, "kernelVersion": kernel}})
    }

    #[test]
    fn every_linux_node_must_have_a_runtime_and_a_kernel_that_can() {
        let can = json!([{"name": "", "features": {"userNamespaces": true}}, {"name": "kata", "features": {}}]);
        let other = json!([{"name": "", "features": {"userNamespaces": false}}, {"name": "kata", "features": {"userNamespaces": true}}]);
        let good = node("linux", "6.8.0-45-generic", &can);
        assert_eq!(facts(&[]), Some(false));
        assert_eq!(facts(std::slice::from_ref(&good)), Some(true));
        for bad in [
            node("linux", "6.2.16", &can),
            node("linux", "5.15.0-1", &can),
            node("linux", "", &can),
            node("linux", "6.8.0", &other),
            node("linux", "6.8.0", &json!(null)),
            json!({}),
        ] {
            assert_eq!(facts(&[good.clone(), bad.clone()]), Some(false), "{bad}");
        }
        let windows = node("windows", "10.0.20348", &json!(null));
        assert_eq!(facts(&[windows, good]), Some(true));
    }
}
