//! Real inputs, where there are some: the folder that the environment variable `CORPUS` names.

#![allow(dead_code, reason = "each test program uses its part of this")]

use std::path::{Path, PathBuf};

use pod_hardener::object::Template;
use serde_json::{Value, json};

use crate::yaml;

/// The folder of real inputs; `None` where `CORPUS` names none.
///
/// # Panics
///
/// When it names a folder that is not there.
pub(crate) fn root() -> Option<PathBuf> {
    let root = PathBuf::from(std::env::var_os("CORPUS").filter(|value| !value.is_empty())?);
    assert!(
        root.is_dir(),
        "CORPUS names {}, which is no folder",
        root.display()
    );
    Some(root)
}

/// The files below a folder whose names end with one of `endings`, in order.
pub(crate) fn files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path, endings));
        } else if path
            .extension()
            .is_some_and(|e| endings.contains(&e.to_string_lossy().as_ref()))
        {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// A pod as it would be created, and where it comes from.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    /// File, document and kind.
    pub(crate) name: String,
    /// The template as a Pod: without name or namespace.
    pub(crate) pod: Value,
}

/// Every pod template of the manifests, and every Pod of the Pod Security fixtures.
pub(crate) fn samples(root: &Path) -> Vec<Sample> {
    samples_in(root, &[&root.join("manifests"), &root.join("pss")])
}

/// Every `step`-th of them, and with `PODS=full` (`make pods`) all.
pub(crate) fn some_samples(root: &Path, step: usize) -> Vec<Sample> {
    let all = std::env::var("PODS").is_ok_and(|how| how == "full");
    let step = if all { 1 } else { step };
    samples(root).into_iter().step_by(step).collect()
}

/// Every pod template in the files below `folders`, named by their path from `root`.
pub(crate) fn samples_in(root: &Path, folders: &[&Path]) -> Vec<Sample> {
    let mut samples = Vec::new();
    for path in folders
        .iter()
        .flat_map(|folder| files(folder, &["yaml", "yml", "json"]))
    {
        let text = yaml::read(&path).unwrap_or_else(|error| panic!("{error}"));
        let name = path
            .strip_prefix(root)
            .unwrap_or(&path)
            .display()
            .to_string();
        samples.extend(samples_of(&name, &text).unwrap_or_else(|error| panic!("{error}")));
    }
    samples
}

/// Every pod template in a text that is called `name`.
///
/// # Errors
///
/// Where the text is not YAML.
pub(crate) fn samples_of(name: &str, text: &str) -> Result<Vec<Sample>, String> {
    let documents = yaml::documents(text).map_err(|error| format!("{name}: {error}"))?;
    let mut samples = Vec::new();
    for (i, document) in documents.iter().enumerate() {
        collect(&format!("{name}#{i}"), document, &mut samples);
    }
    Ok(samples)
}

/// The pods of a document; a list of any kind is flattened, as `kubectl` does.
fn collect(name: &str, document: &Value, samples: &mut Vec<Sample>) {
    let kind = document["kind"].as_str().unwrap_or_default();
    if let (true, Some(items)) = (kind.ends_with("List"), document["items"].as_array()) {
        for (i, item) in items.iter().enumerate() {
            collect(&format!("{name}.{i}"), item, samples);
        }
        return;
    }
    let api = document["apiVersion"].as_str().unwrap_or_default();
    let group = api.split_once('/').map_or("", |(group, _)| group);
    // Manifests of before 2019 keep their workloads in a group that is gone.
    let group = if group == "extensions" { "apps" } else { group };
    let Some(template) = Template::of(group, kind) else {
        return;
    };
    let Some(holder) = document.pointer(template.pointer()) else {
        return;
    };
    if !holder["spec"].is_object() {
        return;
    }
    let metadata = json!({
        "generateName": "sample-",
        "labels": holder["metadata"]["labels"],
        "annotations": holder["metadata"]["annotations"],
    });
    let pod =
        json!({ "apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": holder["spec"] });
    samples.push(Sample {
        name: format!("{name} {kind}"),
        pod,
    });
}
