//! Every value of the schema is in some file of values, and changes something there.

use std::fs;

use libtest_mimic::Failed;
use serde_json::{Map, Value};

use crate::helm::{Helm, root};
use crate::rendered::files;
use crate::yaml;

/// The values that the schema knows: the paths to what has no properties of its own.
fn known() -> Result<Vec<Vec<String>>, Failed> {
    let schema = yaml::read(&root().join("helm/values.schema.json"))?;
    let schema: Value = serde_json::from_str(&schema)?;
    let mut paths = Vec::new();
    walk(&schema, &mut Vec::new(), &mut paths);
    // Helm hands it to every chart of a chart; nothing of it is read.
    paths.retain(|path| path != &["global"]);
    Ok(paths)
}

fn walk(schema: &Value, at: &mut Vec<String>, paths: &mut Vec<Vec<String>>) {
    match schema["properties"].as_object() {
        // An issuer is one value, as Kubernetes' own objects are.
        Some(properties) if at.last().is_none_or(|name| name != "issuerRef") => {
            for (name, schema) in properties {
                at.push(name.clone());
                walk(schema, at, paths);
                at.pop();
            }
        }
        _ => paths.push(at.clone()),
    }
}

/// Takes a value out of a file of values, if it is there.
fn take(values: &mut Value, path: &[String]) -> Option<Value> {
    let (last, parents) = path.split_last()?;
    let mut at = values;
    for name in parents {
        at = at.get_mut(name)?;
    }
    at.as_object_mut()?.remove(last)
}

pub(super) fn all() -> Result<(), Failed> {
    let helm = Helm::of("HELM4")?;
    let mut tried: Vec<(String, Value, String)> = Vec::new();
    for file in files() {
        let values = yaml::documents(&yaml::read(file.as_ref())?)?;
        let values = values.into_iter().next();
        let rendered = helm.template(&["--values", &file])?;
        tried.push((file, values.unwrap_or(Value::Object(Map::new())), rendered));
    }
    let folder = tempfile::tempdir()?;
    let without = folder.path().join("without.yaml");
    let paths = known()?;
    assert!(paths.len() > 40, "{}", paths.len());
    for path in paths {
        // Without it something else is rendered, or it is refused.
        let changes = tried.iter().any(|(_, values, rendered)| {
            let mut values = values.clone();
            let taken = take(&mut values, &path).is_some();
            fs::write(&without, values.to_string()).unwrap();
            let values = ["--values", without.to_str().unwrap()];
            taken && helm.template(&values).ok().as_ref() != Some(rendered)
        });
        assert!(
            changes,
            "no file in tests/chart/values has a `{}` that changes anything",
            path.join(".")
        );
    }
    Ok(())
}
