//! Configurations and pods to try them on.

use pod_hardener::config::{Effective, Settings};
use pod_hardener::object::{Object, Pod, Template};
use serde_json::Value;

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
