//! Custom resources, whose pods are where the configuration says.

use libtest_mimic::Failed;
use pod_hardener::config::Settings;
use pod_hardener::manifest::{By, Manifest};
use pod_hardener::plan::Facts;
use serde_json::{Value, json};

use crate::yaml;

const CONFIGURED: &str = "version = 1
[templates]
\"ray.io/RayCluster\" = [\"spec.headGroupSpec.template\", \"spec.workerGroupSpecs.*.template\"]
\"example.com/Web\" = \"spec.pod\"
\"example.com/v2/Web\" = \"spec.pods.*\"
\"argoproj.io/Rollout\" = []
";

const CLUSTER: &str = "apiVersion: ray.io/v1
kind: RayCluster
metadata: {name: ray, namespace: ai}
spec:
  headGroupSpec: # one
    template:
      spec:
        containers:
        - name: head
          image: registry.example/ray:2 # as it is
  workerGroupSpecs:
  - groupName: small
    template:
      spec:
        containers:
        - name: worker
          image: registry.example/ray:2
          securityContext: {runAsUser: 0}
  - groupName: none yet
";

/// The hardened text, and what is found, as `line:column rule`.
fn harden(text: &str) -> Result<(String, Vec<String>), String> {
    let settings = Settings::parse(CONFIGURED, "test.toml").map_err(|error| error.to_string())?;
    let by = By {
        settings: &settings,
        profile: settings.profile("restricted").unwrap(),
        namespace: "default",
        facts: &Facts::default(),
    };
    let manifest = Manifest::read(text).map_err(|flaw| flaw.to_string())?;
    let (judged, flaws) = manifest.judge(by);
    if let Some(flaw) = flaws.first() {
        return Err(flaw.to_string());
    }
    let found = judged.iter().flat_map(|one| &one.findings);
    let found = found.map(|one| format!("{}:{} {}", one.at.line, one.at.column, one.rule));
    let found = found.collect();
    let hardened = manifest
        .harden(&judged)
        .map_err(|refusal| refusal.to_string())?;
    Ok((
        hardened.map_or_else(|| text.to_owned(), |hardened| hardened.text),
        found,
    ))
}

pub(crate) fn custom() -> Result<(), Failed> {
    let (text, found) = harden(CLUSTER)?;
    let cluster = yaml::documents(&text)?.remove(0);
    let pods = [
        "/spec/headGroupSpec/template/spec",
        "/spec/workerGroupSpecs/0/template/spec",
    ];
    let pod = |pointer: &str| cluster.pointer(pointer).cloned().unwrap_or(Value::Null);
    for pointer in pods {
        let pod = pod(pointer);
        assert_eq!(pod["automountServiceAccountToken"], json!(false), "{text}");
        let context = &pod["containers"][0]["securityContext"];
        assert_eq!(context["allowPrivilegeEscalation"], json!(false), "{text}");
    }
    let user = |pointer| pod(pointer)["containers"][0]["securityContext"]["runAsUser"].clone();
    assert_eq!(pods.map(user), [json!(10_001), json!(0)], "{text}");
    assert!(
        text.contains("headGroupSpec: # one") && text.contains("# as it is"),
        "{text}"
    );
    assert_eq!(harden(&text)?.0, text);
    // Findings are where their containers are.
    for place in [
        "9:11 no-privilege-escalation",
        "18:11 no-privilege-escalation",
    ] {
        assert!(
            found.iter().any(|one| one == place),
            "{place} is not in {found:?}"
        );
    }

    // One version's way goes before that of all versions, and what is taken away is not looked into.
    let of = |version: &str, kind: &str, spec: &str| {
        let group = if kind == "Rollout" {
            "argoproj.io"
        } else {
            "example.com"
        };
        let text = format!(
            "apiVersion: {group}/{version}\nkind: {kind}\nmetadata: {{name: a}}\nspec: {spec}\n"
        );
        harden(&text).map(|(hardened, _)| hardened != text)
    };
    let pod = "{spec: {containers: [{name: a}]}}";
    assert_eq!(of("v1", "Web", &format!("{{pod: {pod}}}")), Ok(true));
    assert_eq!(of("v2", "Web", &format!("{{pod: {pod}}}")), Ok(false));
    assert_eq!(
        of("v2", "Web", &format!("{{pods: {{a: {pod}}}}}")),
        Ok(true)
    );
    assert_eq!(
        of("v1", "Rollout", &format!("{{template: {pod}}}")),
        Ok(false)
    );
    // A patch, or a template that is elsewhere, is not finished: there is nothing to say.
    for unfinished in [
        "{pod: {metadata: {labels: {a: b}}}}",
        "{pod: {}, workloadRef: {name: a}}",
    ] {
        assert_eq!(of("v1", "Web", unfinished), Ok(false));
    }
    // A way that leads to something else is said, and one that leads nowhere is no pod.
    assert_eq!(of("v1", "Web", "{}"), Ok(false));
    let wrong = of("v1", "Web", "{pod: {containers: [{name: a}]}}").unwrap_err();
    assert!(
        wrong.starts_with("4:8: the Web has no template of a pod at `spec.pod`"),
        "{wrong}"
    );
    let wrong = of(
        "v1",
        "Web",
        "{pod: {spec: {containers: [{name: a, image: 1}]}}}",
    )
    .unwrap_err();
    assert!(
        wrong.contains("the Web cannot be read") && wrong.starts_with("4:"),
        "{wrong}"
    );
    Ok(())
}
