//! What is put into a text, and where: nothing of it is written anew but `null` and values that grow.
//!
//! An operation names a place by the names on the way to it. The places are those of the [`Tree`]: a block grows after its last
//! line and the comments that belong to it, a flow collection before its closing bracket. What the text comes to is checked by
//! whoever calls, by reading it again: an anchor that is used twice changes in two places.

mod writer;

use std::collections::HashMap;

use serde_json::Value;

use super::emit::Style;
use super::tree::{Id, NodeKind, Tree};
use writer::Writer;

/// Something to put into a document.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Operation {
    /// The names and positions on the way; `-` as the last one is the end of a list.
    pub(super) path: Vec<String>,
    /// What goes there; `None` takes out what is there.
    pub(super) value: Option<Value>,
}

/// A piece of text that takes the place of another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Splice {
    /// Where it begins, in bytes.
    pub start: usize,
    /// Where what it takes the place of ends: nowhere later, as a rule.
    pub end: usize,
    /// The text.
    pub text: String,
    /// How deep the node is that it goes into: of two at one place, the deeper one is first.
    depth: usize,
}

/// Why a document cannot be edited.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A merge key or the like.
    #[error(
        "`{0}` is not written where it holds, but comes from elsewhere by a merge key or an alias"
    )]
    Elsewhere(String),
    /// An anchor is used twice, and it is to become two different things.
    #[error(
        "`{0}` is written once and used in several places by an alias, which are to become different"
    )]
    Shared(String),
    /// Something would have to be taken out.
    #[error("`{0}` would have to be taken out, which is left to you")]
    TakenOut(String),
    /// The edited text is not YAML.
    #[error("the edited text could not be read: {0}")]
    Unreadable(String),
    /// Reading the edited text did not give what was to become of it.
    #[error("`{0}` would not become what it should, as where an anchor is used twice")]
    Other(String),
}

/// The text with all `splices`, which are in order.
pub(super) fn apply(text: &str, splices: &[Splice]) -> String {
    let grown: usize = splices.iter().map(|splice| splice.text.len()).sum();
    let mut edited = String::with_capacity(text.len() + grown);
    let mut done = 0;
    for splice in splices {
        edited.push_str(text.get(done..splice.start).unwrap_or_default());
        edited.push_str(&splice.text);
        done = splice.end.max(done);
    }
    edited.push_str(text.get(done..).unwrap_or_default());
    edited
}

/// Brings splices into the order of the text.
pub(super) fn sort(splices: &mut [Splice]) {
    splices.sort_by(|a, b| a.start.cmp(&b.start).then(b.depth.cmp(&a.depth)));
}

/// What goes into nodes, in the order in which it is asked for.
#[derive(Default)]
struct Growths<'o> {
    all: Vec<(Id, What<'o>)>,
    /// Where among them a node is.
    of: HashMap<Id, usize>,
}

impl<'o> Growths<'o> {
    fn push(&mut self, node: Id, what: What<'o>) {
        self.of.insert(node, self.all.len());
        self.all.push((node, what));
    }

    fn of(&mut self, node: Id) -> Option<&mut What<'o>> {
        let at = self.of.get(&node)?;
        self.all.get_mut(*at).map(|(_, what)| what)
    }
}

enum What<'o> {
    /// Entries of a mapping.
    Entries(Vec<(&'o str, &'o Value)>),
    /// Items at the end of a list.
    Items(Vec<&'o Value>),
    /// Another value for a scalar; whether it is in a flow collection, and the column of the key's mapping.
    Instead { value: &'o Value, holder: Id },
}

/// Where in `text` the operations go, in no order.
pub(super) fn splices(
    text: &str,
    tree: &Tree,
    style: &Style,
    operations: &[Operation],
) -> Result<Vec<Splice>, Refusal> {
    let mut growths = Growths::default();
    for operation in operations {
        grow(tree, operation, &mut growths)?;
    }
    let writer = Writer { text, tree, style };
    let mut splices = Vec::new();
    for (id, what) in growths.all {
        let Some(node) = tree.node(id) else {
            continue;
        };
        match what {
            What::Entries(entries) => writer.entries(node, &entries, &mut splices),
            What::Items(items) => writer.items(id, node, &items, &mut splices),
            What::Instead { value, holder } => {
                splices.push(writer.instead(node, value, holder));
            }
        }
    }
    Ok(splices)
}

/// Adds an operation to what grows.
fn grow<'o>(
    tree: &Tree,
    operation: &'o Operation,
    growths: &mut Growths<'o>,
) -> Result<(), Refusal> {
    let elsewhere = || Refusal::Elsewhere(operation.path.join("."));
    let shared = || Refusal::Shared(operation.path.join("."));
    let (name, way) = operation.path.split_last().ok_or_else(elsewhere)?;
    let mut at = tree.root().ok_or_else(elsewhere)?;
    for step in way {
        let below = tree.entry(at, step).map(|(_, value)| value);
        let below = below.or_else(|| tree.item(at, step.parse().ok()?));
        at = tree.resolved(below.ok_or_else(elsewhere)?);
    }
    let value = operation.value.as_ref();
    let value = value.ok_or_else(|| Refusal::TakenOut(operation.path.join(".")))?;
    let there = tree.entry(at, name).map(|(_, value)| tree.resolved(value));
    let node = there.unwrap_or(at);
    let known = growths.of(node);
    match (tree.node(node).map(|node| &node.kind), there, known) {
        (Some(NodeKind::Mapping { .. }), None, Some(What::Entries(entries))) => {
            match entries.iter().find(|(other, _)| other == name) {
                None => entries.push((name, value)),
                Some((_, other)) if *other == value => {}
                Some(_) => return Err(shared()),
            }
        }
        (Some(NodeKind::Mapping { .. }), None, None) => {
            let what = What::Entries(vec![(name, value)]);
            growths.push(node, what);
        }
        (Some(NodeKind::Sequence { .. }), None, Some(What::Items(items))) => {
            if !items.contains(&value) {
                items.push(value);
            }
        }
        (Some(NodeKind::Sequence { .. }), None, None) => {
            let what = What::Items(vec![value]);
            growths.push(node, what);
        }
        (Some(NodeKind::Scalar { .. }), Some(_), None) => {
            let what = What::Instead { value, holder: at };
            growths.push(node, what);
        }
        (_, Some(_), Some(What::Instead { value: other, .. })) if *other == value => {}
        (_, _, Some(_)) => return Err(shared()),
        _ => return Err(elsewhere()),
    }
    Ok(())
}
