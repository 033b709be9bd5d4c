//! Where custom resources keep the templates of their pods.

use super::Origin;

/// The step of a path that stands for every item of a list, or every entry of an object.
pub const EVERY: &str = "*";

/// Where one kind keeps the templates of its pods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomTemplates {
    /// The API group.
    pub(super) group: String,
    /// The version of the API; every one where none is named.
    pub(super) version: Option<String>,
    /// The kind.
    pub(super) kind: String,
    /// The ways to them: names, and [`EVERY`]. None where it keeps none.
    pub(super) paths: Vec<Vec<String>>,
    /// Where that was said.
    pub(super) from: Origin,
}

impl CustomTemplates {
    /// What the kind is called in a configuration.
    pub(super) fn key(&self) -> String {
        let Self { group, kind, .. } = self;
        match &self.version {
            Some(version) => format!("{group}/{version}/{kind}"),
            None => format!("{group}/{kind}"),
        }
    }

    fn is_of(&self, group: &str, version: &str, kind: &str) -> bool {
        let is_version = |wanted: &String| wanted == version;
        self.group == group && self.kind == kind && self.version.as_ref().is_none_or(is_version)
    }
}

/// The ways to the templates of a kind: those of its version, where that is named, before those of every version.
pub(super) fn find<'a>(
    all: &'a [CustomTemplates],
    group: &str,
    version: &str,
    kind: &str,
) -> &'a [Vec<String>] {
    let of_kind = all.iter().filter(|one| one.is_of(group, version, kind));
    let found = of_kind.max_by_key(|one| one.version.is_some());
    found.map_or(&[], |one| one.paths.as_slice())
}
