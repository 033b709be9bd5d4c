//! `[templates]`.

use std::ops::Range;

use super::{Reader, Value, in_order};
use crate::config::templates::{CustomTemplates, EVERY};

/// The name of the table.
const TEMPLATES: &str = "templates";

/// What a key of it is.
const KEY: &str =
    "\"group/Kind\", or \"group/version/Kind\" for one version of it, like \"argoproj.io/Rollout\"";

/// What its values are.
const TAKES: &str =
    "the way to a pod's template, like \"spec.template\", or a list of such; `*` is every item";

/// The entries of a table, after the `shipped` ones that it has not itself.
pub(super) fn read(
    reader: &mut Reader,
    value: Option<&Value<'_>>,
    mut shipped: Vec<CustomTemplates>,
) -> Vec<CustomTemplates> {
    let table = value.and_then(|value| reader.table(value, TEMPLATES));
    let mut own = Vec::new();
    for (key, value) in table.map(in_order).into_iter().flatten() {
        let name = kind(key.get_ref());
        if name.is_none() {
            let message = format!(
                "`{}` names no kind of a custom resource",
                key.get_ref().escape_debug()
            );
            reader.problem(
                key.span(),
                message,
                format!("a key of `{TEMPLATES}` is {KEY}"),
            );
        }
        let paths = reader.paths(value);
        let from = reader.origin(key.span().start);
        own.extend(name.map(|(group, version, kind)| CustomTemplates {
            group,
            version,
            kind,
            paths,
            from,
        }));
    }
    shipped.retain(|one| own.iter().all(|other| other.key() != one.key()));
    shipped.extend(own);
    shipped
}

/// The group, version and kind of a key. The groups of custom resources have a dot, and those of Kubernetes' own workloads have none.
fn kind(key: &str) -> Option<(String, Option<String>, String)> {
    let (api, kind) = key.rsplit_once('/')?;
    let (group, version) = match api.split_once('/') {
        Some((group, version)) => (group, Some(version)),
        None => (api, None),
    };
    let lower = |text: &str| {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        !text.is_empty() && text.chars().all(fits)
    };
    let is_kind = kind.starts_with(|c: char| c.is_ascii_uppercase())
        && kind.chars().all(|c| c.is_ascii_alphanumeric());
    let is_group = group.contains('.') && group.split('.').all(lower);
    let fits = is_kind && is_group && version.is_none_or(lower);
    fits.then(|| {
        (
            group.to_owned(),
            version.map(str::to_owned),
            kind.to_owned(),
        )
    })
}

impl Reader {
    /// The ways of a value: one, or a list.
    fn paths(&mut self, value: &Value<'_>) -> Vec<Vec<String>> {
        if let Some(text) = value.get_ref().as_str() {
            return self.path(text, value.span()).into_iter().collect();
        }
        let Some(entries) = value.get_ref().as_array() else {
            self.wrong_type(value, TEMPLATES, TAKES);
            return Vec::new();
        };
        let mut paths = Vec::new();
        for entry in entries.iter() {
            match entry.get_ref().as_str() {
                Some(text) => paths.extend(self.path(text, entry.span())),
                None => self.wrong_type(entry, TEMPLATES, TAKES),
            }
        }
        paths
    }

    fn path(&mut self, text: &str, span: Range<usize>) -> Option<Vec<String>> {
        let steps: Vec<String> = text.split('.').map(str::to_owned).collect();
        let is_step = |step: &String| {
            let is_name = !step.is_empty()
                && step
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
            step == EVERY || is_name
        };
        if steps.iter().all(is_step) {
            return Some(steps);
        }
        // What people write who know JSON pointers, or the paths of kubectl.
        let plain = text
            .trim_matches(['$', '{', '}', '.', '/'])
            .replace(['/', '['], ".")
            .replace(']', "");
        let steps = plain.split('.').map(str::to_owned).collect::<Vec<_>>();
        let remedy = match steps.iter().all(is_step) {
            true => format!("names with dots between them: write it as \"{plain}\""),
            false => format!("it is {TAKES}"),
        };
        let message = format!("`{}` is no way to a template", text.escape_debug());
        self.problem(span, message, remedy);
        None
    }
}
