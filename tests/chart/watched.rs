//! What Prometheus and Grafana are given.

use libtest_mimic::Failed;
use serde_json::{Value, json};

use crate::helm::{Helm, root};
use crate::rendered::one;
use crate::yaml;

/// A file of the chart, as data.
fn file(name: &str) -> Result<Value, Failed> {
    Ok(yaml::documents(&yaml::read(&root().join("helm").join(name))?)?.remove(0))
}

/// The alerts are those of the file, without the controller's where there is none; the dashboard is the file's; a default
/// installation has neither.
pub(super) fn as_written() -> Result<(), Failed> {
    let helm = Helm::of("HELM4")?;
    let text = helm.template(&[])?;
    for kind in ["PrometheusRule", "ServiceMonitor", "grafana_dashboard"] {
        assert!(!text.contains(kind), "{kind} is there by default");
    }
    let groups = file("alerts.yaml")?["groups"].take();
    let enabled = "prometheusRule.enabled=true,dashboard.enabled=true";
    let objects = helm.render(&["--set", enabled])?;
    assert_eq!(one(&objects, "PrometheusRule")["spec"]["groups"], groups);
    let dashboard = one(&objects, "ConfigMap");
    let labels = &dashboard["metadata"]["labels"];
    assert_eq!(labels["grafana_dashboard"], "1", "{labels:#}");
    let data = dashboard["data"]["pod-hardener.json"].as_str();
    let data: Value = serde_json::from_str(data.ok_or("there is no dashboard")?)?;
    assert_eq!(data, file("dashboards/pod-hardener.json")?);

    let other = format!("{enabled},certificates.mode=cert-manager");
    let objects = helm.render(&["--set", &other])?;
    let rendered = &one(&objects, "PrometheusRule")["spec"]["groups"];
    assert_eq!(*rendered, json!([groups[0]]));
    Ok(())
}

/// The API server's metrics are asked for by the names of webhooks: those of all of ours, and what is before the last part of a
/// name is a profile, which no part of the pattern looks at.
pub(super) fn webhooks_are_meant() -> Result<(), Failed> {
    let objects = Helm::of("HELM4")?.render(&["--set", "defaultProfile=strict"])?;
    for kind in [
        "MutatingWebhookConfiguration",
        "ValidatingWebhookConfiguration",
    ] {
        let webhooks = one(&objects, kind)["webhooks"].as_array();
        for webhook in webhooks.ok_or("there are no webhooks")? {
            let name = webhook["name"].as_str().unwrap_or_default();
            let profile = name.strip_suffix(".pod-hardener.io");
            assert!(profile.is_some_and(|profile| !profile.is_empty()), "{name}");
        }
    }
    // As `.+[.]pod-hardener[.]io`, which Prometheus anchors at both ends, has it.
    for file in ["helm/alerts.yaml", "helm/dashboards/pod-hardener.json"] {
        let text = yaml::read(&root().join(file))?.replace("\\\"", "\"");
        let asked = text.matches("{name=~").count();
        let ours = text.matches("{name=~\".+[.]pod-hardener[.]io\"}").count();
        assert!(asked >= 4 && asked == ours, "{file}: {asked}, {ours}");
    }
    Ok(())
}
