//! Whether a pod may run on a Windows node, where Linux fields are refused (W1) or make the kubelet fail (W3).

use serde::Deserialize;

use super::container_spec::WindowsOptions;
use super::text::Text;
use super::view::Spec;

/// The labels that say what a node runs: the current and the old one.
const OS_LABELS: [&str; 2] = ["kubernetes.io/os", "beta.kubernetes.io/os"];

/// Any of the signs of W3. `spec.os` is the author's word and ends the question.
pub(super) fn is_windows(spec: &Spec<'_>) -> bool {
    if let Some(os) = &spec.os {
        return os.name.as_str() == "windows";
    }
    let selected = || {
        let labels = OS_LABELS.iter();
        let mut values = labels.filter_map(|label| spec.node_selector.get(label));
        values.any(|value| value == "windows")
    };
    let affine = || spec.affinity.as_ref().is_some_and(Affinity::admits_windows);
    selected() || affine() || has_windows_options(spec)
}

fn has_windows_options(spec: &Spec<'_>) -> bool {
    windows_options(spec).next().is_some()
}

/// Whether a container, or the pod for all, is a HostProcess one (W5).
pub(super) fn is_host_process(spec: &Spec<'_>) -> bool {
    windows_options(spec).any(|options| options.host_process == Some(true))
}

fn windows_options<'a>(spec: &'a Spec<'_>) -> impl Iterator<Item = &'a WindowsOptions> {
    let pod = spec.security_context.as_ref();
    let containers = [
        &spec.init_containers,
        &spec.containers,
        &spec.ephemeral_containers,
    ]
    .into_iter()
    .flatten()
    .flatten()
    .filter_map(|container| container.security_context.as_ref());
    let of_pod = pod.and_then(|context| context.windows_options.as_ref());
    let of_containers = containers.filter_map(|context| context.windows_options.as_ref());
    of_pod.into_iter().chain(of_containers)
}

/// `spec.affinity`, as far as it names the operating system.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Affinity<'a> {
    #[serde(borrow)]
    node_affinity: Option<NodeAffinity<'a>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct NodeAffinity<'a> {
    #[serde(borrow)]
    required_during_scheduling_ignored_during_execution: Option<NodeSelector<'a>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct NodeSelector<'a> {
    #[serde(borrow)]
    node_selector_terms: Option<Vec<Term<'a>>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Term<'a> {
    #[serde(borrow)]
    match_expressions: Option<Vec<Expression<'a>>>,
}

#[derive(Debug, Deserialize)]
struct Expression<'a> {
    #[serde(borrow, default)]
    key: Text<'a>,
    #[serde(borrow, default)]
    operator: Text<'a>,
    #[serde(borrow)]
    values: Option<Vec<Text<'a>>>,
}

impl Affinity<'_> {
    /// Whether a required term names Windows. One of several is enough: the scheduler may take that one.
    fn admits_windows(&self) -> bool {
        let required = self.node_affinity.as_ref().and_then(|node| {
            node.required_during_scheduling_ignored_during_execution
                .as_ref()
        });
        let terms = required.and_then(|r| r.node_selector_terms.as_deref());
        let mut expressions = terms
            .unwrap_or_default()
            .iter()
            .flat_map(|term| term.match_expressions.iter().flatten());
        expressions.any(Expression::admits_windows)
    }
}

impl Expression<'_> {
    fn admits_windows(&self) -> bool {
        let lists = |os: &str| self.values.iter().flatten().any(|v| v.as_str() == os);
        OS_LABELS.contains(&self.key.as_str())
            && match self.operator.as_str() {
                "In" => lists("windows"),
                "NotIn" => lists("linux"),
                _ => false,
            }
    }
}
