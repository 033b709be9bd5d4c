//! What Helm makes of the chart, without a cluster.

use std::fs;

use libtest_mimic::Failed;
use pod_hardener::config::Settings;
use serde_json::{Value, json};

use crate::harden::contains;
use crate::helm::{Helm, chart, objects, root, title};
use crate::webhook::Webhook;
use crate::yaml;

/// The files of values that the chart is tried with.
pub(super) fn files() -> Vec<String> {
    let folder = fs::read_dir(root().join("tests/chart/values")).unwrap();
    let mut files: Vec<String> = folder
        .map(|entry| entry.unwrap().path().display().to_string())
        .collect();
    files.sort();
    assert!(files.len() >= 6, "{files:?}");
    files
}

pub(super) fn alike() -> Result<(), Failed> {
    let helms = Helm::both()?;
    for file in files() {
        let values = ["--values", &file];
        let mut renders = Vec::new();
        for helm in &helms {
            helm.say(None, &["lint", "--strict", &chart(), "--values", &file])?;
            let (once, twice) = (helm.template(&values)?, helm.template(&values)?);
            assert_eq!(once, twice, "{file}: {}", helm.name());
            renders.push(objects(&once)?);
        }
        let [newer, older] = &renders[..] else {
            return Err("there are two Helms".into());
        };
        assert!(newer.len() >= 6, "{file}: {}", newer.len());
        for (newer, older) in newer.iter().zip(older) {
            assert_eq!(newer, older, "{file}");
        }
        assert_eq!(newer.len(), older.len(), "{file}");
    }
    Ok(())
}

/// The object of a kind.
pub(super) fn one<'o>(objects: &'o [Value], kind: &str) -> &'o Value {
    let found = objects.iter().find(|object| object["kind"] == kind);
    found.unwrap_or_else(|| panic!("there is no {kind}"))
}

pub(super) fn registration() -> Result<(), Failed> {
    let objects = Helm::of("HELM4")?.render(&[])?;
    let chart = one(&objects, "MutatingWebhookConfiguration");
    let mut tests = Webhook::start().registration();
    for webhook in tests["webhooks"].as_array_mut().unwrap() {
        let config = webhook["clientConfig"].take();
        let url = config["url"].as_str().unwrap();
        let profile = url.rsplit('/').next().unwrap();
        webhook["clientConfig"] = json!({"service": {
            "name": "pod-hardener", "namespace": "pod-hardener", "port": 443, "path": format!("/harden/{profile}"),
        }});
    }
    assert!(contains(chart, &tests), "{chart:#}\n{tests:#}");
    assert_eq!(
        chart["webhooks"].as_array().unwrap().len(),
        tests["webhooks"].as_array().unwrap().len()
    );
    Ok(())
}

pub(super) fn elsewhere() -> Result<(), Failed> {
    let helm = Helm::of("HELM4")?;
    let flags = ["template", "another", &chart(), "--namespace", "security"];
    let text = helm.say(None, &flags)?;
    let elsewhere = yaml::documents(&text)?;
    let names = |objects: &[Value]| -> Vec<String> {
        let mut names: Vec<String> = objects.iter().map(title).collect();
        names.sort();
        names
    };
    let here = names(&helm.render(&[])?);
    let moved = here
        .iter()
        .map(|name| name.replace(" pod-hardener ", " security "));
    let mut moved: Vec<String> = moved.collect();
    moved.sort();
    assert_eq!(names(&elsewhere), moved);

    let webhook = &one(&elsewhere, "MutatingWebhookConfiguration")["webhooks"][0];
    assert_eq!(webhook["clientConfig"]["service"]["namespace"], "security");
    let excluded = &webhook["namespaceSelector"]["matchExpressions"][0]["values"];
    let all = json!(["kube-system", "kube-public", "kube-node-lease", "security"]);
    assert_eq!(*excluded, all);
    Ok(())
}

pub(super) fn configuration() -> Result<(), Failed> {
    let helm = Helm::of("HELM4")?;
    let shipped = root().join("defaults.toml");
    let given = format!("config={}", shipped.display());
    let objects = helm.render(&["--set-file", &given])?;
    let config = &one(&objects, "ConfigMap")["data"]["defaults.toml"];
    assert_eq!(*config, yaml::read(&shipped)?);

    let objects = helm.render(&["--set", "userNamespaces=true"])?;
    let config = &one(&objects, "ConfigMap")["data"]["defaults.toml"];
    let settings = Settings::parse(config.as_str().unwrap(), "the chart's")?;
    let (changed, shipped) = (settings.profile_names(), Settings::embedded());
    assert_eq!(
        changed.collect::<Vec<_>>(),
        shipped.profile_names().collect::<Vec<_>>()
    );
    for name in shipped.profile_names() {
        let on = |settings: &Settings| -> Vec<(&'static str, bool)> {
            let settings = settings.profile(name).unwrap().settings();
            settings
                .map(|setting| (setting.rule.id, setting.enabled.value))
                .collect()
        };
        let mut expected = on(&shipped);
        for (id, enabled) in &mut expected {
            *enabled |= *id == "user-namespace";
        }
        assert_eq!(on(&settings), expected, "{name}");
    }
    let is_read = |arguments: &Value| {
        arguments
            .to_string()
            .contains("--config=/config/defaults.toml")
    };
    assert!(objects.iter().any(|object| is_read(&object["spec"])));
    assert!(
        !helm
            .render(&[])?
            .iter()
            .any(|object| is_read(&object["spec"]))
    );
    Ok(())
}

pub(super) fn permissions() -> Result<(), Failed> {
    let objects = Helm::of("HELM4")?.render(&[])?;
    let example = yaml::read(&root().join("examples/cluster-role.yaml"))?;
    let example = &yaml::documents(&example)?[0];
    let role = objects
        .iter()
        .find(|object| title(object) == "ClusterRole  pod-hardener");
    assert_eq!(role.unwrap()["rules"], example["rules"]);
    Ok(())
}
