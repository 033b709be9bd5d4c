//! Configurations and pods to try them on.

use pod_hardener::config::{Effective, Settings};
use pod_hardener::object::{Object, Pod, Template};
use pod_hardener::plan::Facts;
use serde_json::Value;

use crate::harden;

/// A configuration that is accepted.
pub(crate) fn settings(text: &str) -> Settings {
    Settings::parse(text, "test.toml").unwrap_or_else(|error| panic!("{error}"))
}

/// What the configuration makes of the profile `mine` for `object`, of a kind by its `kind`.
pub(crate) fn with_effective<T>(
    settings: &Settings,
    object: &Value,
    namespace: &str,
    look: impl FnOnce(&Effective<'_>, Pod<'_>) -> T,
) -> T {
    let kind = object["kind"].as_str().unwrap_or("Pod");
    let group = match kind {
        "Job" | "CronJob" => "batch",
        "Pod" => "",
        _ => "apps",
    };
    let template = Template::of(group, kind).expect("a kind with a pod");
    let text = object.to_string();
    let view: Object<'_> = serde_json::from_str(&text).unwrap();
    let pod = template.pod(&view).expect("a pod");
    let profile = settings.profile("mine").expect("the profile");
    look(&Effective::new(settings, profile, pod, namespace), pod)
}

/// `pod` hardened by the profile `mine` of a configuration, in the namespace of the harness.
pub(crate) fn hardened(text: &str, pod: &Value) -> Value {
    let settings = settings(text);
    let profile = settings.profile("mine").expect("the profile");
    let (namespace, facts) = (harden::NAMESPACE, Facts::default());
    let template = Template::Itself;
    let hardened = harden::harden_by(Some(&settings), namespace, &facts, profile, template, pod);
    hardened.unwrap_or_else(|error| panic!("{error}")).object
}
