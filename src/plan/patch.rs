//! Findings to RFC 6902: the only code that knows JSON Patch.
//!
//! What is set is an `add` at the deepest place of which the parent is known to be there: the view is asked on the
//! way down, and what is missing is composed into the value. So a patch applies by construction (J3, J4), and a missing
//! `securityContext` costs one operation, whatever goes into it. What is taken out of a list goes last: entries are only
//! ever added at a list's end, so that every position is still the one that the view has.

use std::fmt::Write;

use crate::json;
use crate::object::Pod;
use crate::rule::{Field, Finding, Level, Place, Verdict};

/// One thing to set below a container or the pod.
#[derive(Clone, Copy)]
struct Change<'f> {
    field: Field,
    json: &'f str,
}

/// The patch for `findings` on the object that holds `pod`, and for one more field of the pod, with its JSON.
pub(super) fn render(
    pod: Pod<'_>,
    findings: &[Finding<'_>],
    more: Option<(Field, &str)>,
) -> String {
    let beside = more.map_or(0, |(_, json)| json.len());
    let mut patch = Patch {
        json: String::with_capacity(1_024 + 64 * findings.len() + beside),
        pointer: String::with_capacity(256),
    };
    let root = pod.template.pointer();
    let mut changes = Vec::with_capacity(findings.len());
    patch.json.push('[');
    for of_one in findings.chunk_by(|a, b| a.place == b.place) {
        let Some(Place::Container { kind, index, .. }) =
            of_one.first().map(|finding| finding.place)
        else {
            continue;
        };
        let Some(container) = pod.container(kind, index) else {
            continue;
        };
        // Writing to a String cannot fail.
        let _ = write!(patch.pointer, "{root}/spec/{}/{index}", kind.list());
        sort(&mut changes, of_one, Level::Container, None);
        patch.below(0, &|path| container.has(path), &changes);
        patch.pointer.clear();
    }
    patch.pointer.push_str(root);
    sort(&mut changes, findings, Level::Pod, more);
    patch.below(0, &|path| pod.has(path), &changes);
    patch.removals(root, findings);
    patch.json.push(']');
    patch.json
}

/// Makes `changes` what `findings` set at a level, and one field more, sorted by path. Entries of a list stay in their order.
fn sort<'f>(
    changes: &mut Vec<Change<'f>>,
    findings: &'f [Finding<'_>],
    level: Level,
    more: Option<(Field, &'f str)>,
) {
    changes.clear();
    changes.extend(
        findings
            .iter()
            .filter_map(|finding| match &finding.verdict {
                Verdict::Set(field, json) if field.level() == level => Some(Change {
                    field: *field,
                    json,
                }),
                _ => None,
            }),
    );
    changes.extend(more.map(|(field, json)| Change { field, json }));
    changes.sort_by_key(|change| change.field);
}

/// The name at `depth` on the way to the changed field.
fn token(change: &Change<'_>, depth: usize) -> &'static str {
    change.field.path().get(depth).copied().unwrap_or_default()
}

/// Whether two changes have the same name at `depth`: mostly they are of one field, or the names are one in memory.
fn share(a: &Change<'_>, b: &Change<'_>, depth: usize) -> bool {
    let (one, other) = (token(a, depth), token(b, depth));
    std::ptr::eq(one, other) || one == other
}

/// Appends a name as a part of a JSON pointer (RFC 6901): annotations have a `/` in theirs.
fn push_escaped(pointer: &mut String, token: &str) {
    let mut rest = token;
    while let Some(at) = rest.bytes().position(|byte| matches!(byte, b'~' | b'/')) {
        let (before, after) = rest.split_at(at);
        pointer.push_str(before);
        pointer.push_str(if after.starts_with('~') { "~0" } else { "~1" });
        rest = after.get(1..).unwrap_or_default();
    }
    pointer.push_str(rest);
}

struct Patch {
    json: String,
    /// Where in the object the next operation is.
    pointer: String,
}

impl Patch {
    /// Operations for changes below the pointer, sorted by path, that share their first `depth` names; the object there exists.
    fn below(&mut self, depth: usize, has: &dyn Fn(&[&str]) -> bool, changes: &[Change<'_>]) {
        let here = self.pointer.len();
        for group in changes.chunk_by(|a, b| share(a, b, depth)) {
            let Some(first) = group.first() else { continue };
            let (leaf, path) = split(first, depth);
            self.pointer.push('/');
            push_escaped(&mut self.pointer, token(first, depth));
            match (leaf, has(path)) {
                (true, true) if first.field.is_list() => {
                    for change in group {
                        self.add("/-", |json| json.push_str(change.json));
                    }
                }
                (false, true) => self.below(depth + 1, has, group),
                (true, _) | (false, false) => {
                    self.add("", |json| value(json, depth, group));
                }
            }
            self.pointer.truncate(here);
        }
    }

    /// What is taken out of lists, the last entry of each list first, so that no position moves before its turn (T11).
    fn removals(&mut self, root: &str, findings: &[Finding<'_>]) {
        let removed = findings.iter().filter_map(|finding| match finding.verdict {
            Verdict::Removed(field, index) => Some((list(root, finding.place, field), index)),
            _ => None,
        });
        let mut removed: Vec<(String, usize)> = removed.collect();
        removed.sort_by(|a, b| b.cmp(a));
        for (list, index) in removed {
            self.separate();
            // Writing to a String cannot fail.
            let _ = write!(self.json, r#"{{"op":"remove","path":"{list}/{index}"}}"#);
        }
    }

    fn separate(&mut self) {
        if !self.json.ends_with('[') {
            self.json.push(',');
        }
    }

    /// Adds a value at the pointer, or at `end` below it.
    fn add(&mut self, end: &str, value: impl FnOnce(&mut String)) {
        self.separate();
        // No name in a pointer needs escaping in JSON.
        for part in [
            r#"{"op":"add","path":""#,
            &self.pointer,
            end,
            r#"","value":"#,
        ] {
            self.json.push_str(part);
        }
        value(&mut self.json);
        self.json.push('}');
    }
}

/// The pointer of a list of the container at `place`, or of the pod.
fn list(root: &str, place: Place<'_>, field: Field) -> String {
    let path = field.path().join("/");
    match (field.level(), place) {
        (Level::Container, Place::Container { kind, index, .. }) => {
            format!("{root}/spec/{}/{index}/{path}", kind.list())
        }
        _ => format!("{root}/{path}"),
    }
}

/// Whether the change's field is at `depth`, and the path up to there.
fn split(change: &Change<'_>, depth: usize) -> (bool, &'static [&'static str]) {
    let path = change.field.path();
    (path.len() == depth + 1, path.get(..=depth).unwrap_or(path))
}

/// The value at `depth` that holds all of `group`: the field itself, or the objects that are missing on the way to it.
fn value(json: &mut String, depth: usize, group: &[Change<'_>]) {
    let Some(first) = group.first() else { return };
    match (split(first, depth).0, first.field.is_list()) {
        (true, false) => json.push_str(first.json),
        (true, true) => {
            json::list(json, group, |json, change| json.push_str(change.json));
        }
        (false, _) => {
            json.push('{');
            for member in group.chunk_by(|a, b| share(a, b, depth + 1)) {
                let name = member.first().map_or("", |change| token(change, depth + 1));
                json::name(json, name);
                value(json, depth + 1, member);
            }
            json.push('}');
        }
    }
}
