//! The workloads of `tests/node/workloads`: what their folders hold.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::Deserialize;
use serde_json::Value;

use crate::{overrides, yaml};

/// A workload.
pub(super) struct Workload {
    /// The name of its folder.
    pub(super) name: String,
    /// Its folder.
    pub(super) folder: PathBuf,
    /// What `meta.toml` says.
    pub(super) meta: Meta,
}

/// What `meta.toml` says.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Meta {
    pub(super) what: String,
    pub(super) like: Vec<String>,
    pub(super) kind: Kind,
    #[serde(default)]
    pub(super) restart: bool,
    #[serde(default)]
    pub(super) reload: bool,
    #[serde(default)]
    pub(super) load: bool,
    /// Whether 200 MB are to be written to its /tmp: it has a shell, and its job does not do that anyway.
    #[serde(default)]
    pub(super) temporary: bool,
    /// The rule whose practice it violates by what it does.
    pub(super) forbidden: Option<String>,
    pub(super) hopeless: Option<String>,
    /// Why it does not run on the older runtime, as it is written.
    #[serde(rename = "not-on-older")]
    pub(super) not_on_older: Option<String>,
    /// Seconds that one call of its job may take.
    #[serde(default = "a_minute")]
    pub(super) timeout: u64,
    #[serde(rename = "habits")]
    _habits: Vec<String>,
    #[serde(rename = "source")]
    _source: String,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    /// It runs until it is stopped.
    Server,
    /// It ends when it is done.
    Job,
}

fn a_minute() -> u64 {
    60
}

impl Workload {
    /// Every folder that has a `meta.toml`, by name.
    pub(super) fn all() -> anyhow::Result<Vec<Self>> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/node/workloads");
        let mut all = Vec::new();
        for entry in fs::read_dir(&root).with_context(|| root.display().to_string())? {
            let folder = entry?.path();
            let file = folder.join("meta.toml");
            let Ok(text) = fs::read_to_string(&file) else {
                continue;
            };
            let name = folder.file_name().unwrap_or_default().to_string_lossy();
            all.push(Self {
                name: name.into_owned(),
                meta: toml::from_str(&text).with_context(|| file.display().to_string())?,
                folder,
            });
        }
        all.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(all)
    }

    /// Whether an override is for the image that it is like.
    pub(super) fn needs(&self, entry: &overrides::Entry) -> bool {
        let image = self.meta.like.first();
        image.is_some_and(|image| entry.images().contains(&image.as_str()))
    }

    /// The objects of one of its files, with the folder of the cell put in; none where there is no such file.
    pub(super) fn objects(&self, file: &str, cell: &Path) -> anyhow::Result<Vec<Value>> {
        let path = self.folder.join(file);
        if !path.exists() {
            return Ok(Vec::new());
        }
        let text = fs::read_to_string(&path)?.replace("$(CELL)", &cell.display().to_string());
        yaml::documents(&text).map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))
    }
}
