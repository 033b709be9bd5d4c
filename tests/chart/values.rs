//! Every value of the schema is in some file of values, and changes something there.

use std::fs;

use libtest_mimic::Failed;
use serde_json::{Map, Value};

use crate::chart_values::known;
use crate::helm::{Helm, root};
use crate::rendered::files;
use crate::yaml;

/// Takes a value out of a file of values, if it is there.
fn take(values: &mut Value, path: &str) -> Option<Value> {
    let mut keys: Vec<&str> = path.split('.').collect();
    let last = keys.pop()?;
    let parent = keys.iter().try_fold(values, |at, key| at.get_mut(key))?;
    parent.as_object_mut()?.remove(last)
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
    let schema = yaml::read(&root().join("helm/values.schema.json"))?;
    let paths = known(&serde_json::from_str(&schema)?);
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
            "no file in tests/chart/values has a `{path}` that changes anything"
        );
    }
    Ok(())
}
