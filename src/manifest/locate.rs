//! Places of fields in a text.

use std::ops::Range;

use serde_json::Value;

use super::Position;
use super::tree::{Id, NodeKind, Tree};

/// The place of the deepest thing on the way that is there, and its bytes: of a field the name, of a list's item where it begins.
pub(super) fn deepest(text: &str, tree: &Tree, path: &[String]) -> (Position, Range<usize>) {
    let Some(root) = tree.root() else {
        return (Position::new(text, 1, 1), 0..0);
    };
    let (mut at, mut shown) = (root, root);
    for step in path {
        let next = match tree.entry(at, step) {
            Some((key, value)) => Some((key, value)),
            None => step
                .parse()
                .ok()
                .and_then(|index| tree.item(at, index))
                .map(|item| (item, item)),
        };
        let Some((key, value)) = next else { break };
        (shown, at) = (key, value);
    }
    of(text, tree, shown)
}

/// The place of a node: of a collection, of the first thing in it.
fn of(text: &str, tree: &Tree, id: Id) -> (Position, Range<usize>) {
    let Some(node) = tree.node(id) else {
        return (Position::new(text, 1, 1), 0..0);
    };
    match &node.kind {
        NodeKind::Mapping {
            entries,
            flow: false,
        } if !entries.is_empty() => entries
            .first()
            .map_or_else(Default::default, |(key, _)| of(text, tree, *key)),
        kind => {
            let end = match kind {
                NodeKind::Scalar { .. } | NodeKind::Alias(_) => node.end,
                // Of what reaches over several lines, the bracket.
                _ => (node.start + 1).min(node.end),
            };
            let at = Position {
                line: node.line,
                column: node.column + 1,
                byte: node.start,
            };
            (at, node.start..end)
        }
    }
}

/// The way to what is at a byte of the compact JSON of `value`.
pub(super) fn path_at(value: &Value, byte: usize) -> Vec<String> {
    let mut path = Vec::new();
    let (mut value, mut byte) = (value, byte);
    loop {
        // Behind the bracket.
        let mut start = 1;
        let inside = match value {
            Value::Object(members) => members.iter().find_map(|(name, member)| {
                start += Value::from(name.as_str()).to_string().len() + 1;
                let end = start + member.to_string().len();
                let hit = (byte < end).then(|| (name.clone(), member, start));
                start = end + 1;
                hit
            }),
            Value::Array(items) => items.iter().enumerate().find_map(|(index, item)| {
                let end = start + item.to_string().len();
                let hit = (byte < end).then(|| (index.to_string(), item, start));
                start = end + 1;
                hit
            }),
            _ => None,
        };
        match inside {
            Some((step, below, start)) => {
                path.push(step);
                value = below;
                // What is before the member is its name: the member it is.
                let Some(rest) = byte.checked_sub(start).filter(|rest| *rest > 0) else {
                    return path;
                };
                byte = rest;
            }
            None => return path,
        }
    }
}
