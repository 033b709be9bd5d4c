//! What is put into a text, and where: nothing of it is written anew but `null` and values that grow.
//!
//! An operation names a place by the names on the way to it. The places are those of the [`Tree`]: a block grows after its last
//! line and the comments that belong to it, a flow collection before its closing bracket. What the text comes to is checked by
//! whoever calls, by reading it again: an anchor that is used twice changes in two places.

use serde_json::Value;

use super::emit::{self, Style};
use super::lines;
use super::tree::{Id, Node, NodeKind, Tree};

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

/// What goes into one node.
struct Growth<'o> {
    node: Id,
    what: What<'o>,
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
    let mut growths: Vec<Growth<'_>> = Vec::new();
    for operation in operations {
        grow(tree, operation, &mut growths)?;
    }
    let writer = Writer { text, tree, style };
    let mut splices = Vec::new();
    for growth in growths {
        let Some(node) = tree.node(growth.node) else {
            continue;
        };
        match growth.what {
            What::Entries(entries) => writer.entries(node, &entries, &mut splices),
            What::Items(items) => writer.items(growth.node, node, &items, &mut splices),
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
    growths: &mut Vec<Growth<'o>>,
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
    let known = growths.iter_mut().find(|growth| growth.node == node);
    match (tree.node(node).map(|node| &node.kind), there, known) {
        (
            Some(NodeKind::Mapping { .. }),
            None,
            Some(Growth {
                what: What::Entries(entries),
                ..
            }),
        ) => match entries.iter().find(|(other, _)| other == name) {
            None => entries.push((name, value)),
            Some((_, other)) if *other == value => {}
            Some(_) => return Err(shared()),
        },
        (Some(NodeKind::Mapping { .. }), None, None) => {
            let what = What::Entries(vec![(name, value)]);
            growths.push(Growth { node, what });
        }
        (
            Some(NodeKind::Sequence { .. }),
            None,
            Some(Growth {
                what: What::Items(items),
                ..
            }),
        ) => {
            if !items.contains(&value) {
                items.push(value);
            }
        }
        (Some(NodeKind::Sequence { .. }), None, None) => {
            let what = What::Items(vec![value]);
            growths.push(Growth { node, what });
        }
        (Some(NodeKind::Scalar { .. }), Some(_), None) => {
            let what = What::Instead { value, holder: at };
            growths.push(Growth { node, what });
        }
        (
            _,
            Some(_),
            Some(Growth {
                what: What::Instead { value: other, .. },
                ..
            }),
        ) if *other == value => {}
        (_, _, Some(_)) => return Err(shared()),
        _ => return Err(elsewhere()),
    }
    Ok(())
}

struct Writer<'t> {
    text: &'t str,
    tree: &'t Tree,
    style: &'t Style,
}

impl Writer<'_> {
    /// Entries at the end of a mapping.
    fn entries(&self, node: &Node, entries: &[(&str, &Value)], splices: &mut Vec<Splice>) {
        let NodeKind::Mapping {
            flow,
            entries: there,
        } = &node.kind
        else {
            return;
        };
        let first = there.first().and_then(|(key, _)| self.tree.node(*key));
        if !flow {
            let column = node.column;
            let lines = entries.iter();
            let lines =
                lines.map(|(name, value)| emit::block_entry(name, value, column, self.style));
            return splices.push(self.block(node, column, lines));
        }
        let style = &self.flow_style(first);
        let last = there.last().and_then(|(key, value)| {
            let (key, value) = (self.tree.node(*key)?, self.tree.node(*value)?);
            Some(key.end.max(value.end))
        });
        match self.own_lines(node, first, last) {
            Some(indent) => {
                let entries = entries.iter();
                let entries =
                    entries.map(|(name, value)| emit::pretty_entry(name, value, &indent, style));
                self.pretty(node, &indent, last, entries.collect(), splices);
            }
            None => {
                let entries = entries.iter();
                let entries = entries.map(|(name, value)| emit::flow_entry(name, value, style));
                splices.push(self.inline(node, last, style, entries.collect()));
            }
        }
    }

    /// Items at the end of a list.
    fn items(&self, id: Id, node: &Node, items: &[&Value], splices: &mut Vec<Splice>) {
        let NodeKind::Sequence { flow, items: there } = &node.kind else {
            return;
        };
        let first = there.first().and_then(|item| self.tree.node(*item));
        if !flow {
            let column = self.dash_column(id, node);
            let lines = items
                .iter()
                .map(|item| emit::block_item(item, column, self.style));
            return splices.push(self.block(node, column, lines));
        }
        let quoted = first.filter(|item| matches!(item.kind, NodeKind::Scalar { .. }));
        let style = &self.flow_style(quoted);
        let last = there
            .last()
            .and_then(|item| Some(self.tree.node(*item)?.end));
        match self.own_lines(node, first, last) {
            Some(indent) => {
                let items = items.iter().map(|item| emit::pretty(item, &indent, style));
                self.pretty(node, &indent, last, items.collect(), splices);
            }
            None => {
                let items = items.iter().map(|item| emit::flow(item, style));
                splices.push(self.inline(node, last, style, items.collect()));
            }
        }
    }

    /// A value in the place of `null` or of another scalar.
    fn instead(&self, node: &Node, value: &Value, holder: Id) -> Splice {
        let holder = self.tree.node(self.tree.resolved(holder));
        let in_flow = |node: &Node| matches!(node.kind, NodeKind::Mapping { flow: true, .. });
        let is_written = node.end > node.start;
        let depth = node.depth;
        if is_written {
            let text = emit::scalar(value, &self.flow_style(None));
            let (start, end) = (node.start, node.end);
            return Splice {
                start,
                end,
                text,
                depth,
            };
        }
        if let Some(holder) = holder.filter(|holder| !in_flow(holder)) {
            // Below its key, before comments that may be there.
            let column = holder.column;
            let step = match value {
                Value::Array(_) => self.style.list_step,
                _ => self.style.step,
            };
            if value.is_object() || value.is_array() {
                let start = lines::end_of_line(self.text, node.start);
                let text = emit::block(value, column + step, self.style);
                let text = format!("{}{}{text}", self.style.newline, " ".repeat(column + step));
                return Splice {
                    start,
                    end: start,
                    text,
                    depth,
                };
            }
        }
        let start = lines::after_colon(self.text, node.start);
        let text = format!(" {}", emit::scalar(value, &self.flow_style(None)));
        Splice {
            start,
            end: start,
            text,
            depth,
        }
    }

    /// Lines after the last one of a block and the comments that belong to it.
    fn block(&self, node: &Node, column: usize, new: impl Iterator<Item = String>) -> Splice {
        let start = lines::end_of_block(self.text, node.end, column);
        let before = self.style.newline.to_owned() + &" ".repeat(column);
        let text = new.map(|lines| format!("{before}{lines}")).collect();
        Splice {
            start,
            end: start,
            text,
            depth: node.depth,
        }
    }

    /// What goes into a flow collection on its last line.
    fn inline(&self, node: &Node, last: Option<usize>, style: &Style, new: Vec<String>) -> Splice {
        let comma = if style.spaced { ", " } else { "," };
        let new = new.join(comma);
        let (start, text) = match last {
            Some(last) => (last, format!("{comma}{new}")),
            // Right behind the bracket that opens it.
            None => (node.start + 1, new),
        };
        Splice {
            start,
            end: start,
            text,
            depth: node.depth,
        }
    }

    /// What goes into a flow collection on lines of its own.
    fn pretty(
        &self,
        node: &Node,
        indent: &str,
        last: Option<usize>,
        new: Vec<String>,
        splices: &mut Vec<Splice>,
    ) {
        let newline = self.style.newline;
        let new = new.join(&format!(",{newline}{indent}"));
        let depth = node.depth;
        let Some(last) = last else {
            // `{}` becomes three lines or more.
            let outer = lines::indent_of_line(self.text, node.start);
            let text = format!("{newline}{indent}{new}{newline}{outer}");
            let (start, end) = (node.start + 1, node.end.saturating_sub(1));
            return splices.push(Splice {
                start,
                end,
                text,
                depth,
            });
        };
        let comma = lines::comma_after(self.text, last);
        let from = comma.unwrap_or(last);
        if comma.is_none() {
            let text = ",".to_owned();
            splices.push(Splice {
                start: last,
                end: last,
                text,
                depth,
            });
        }
        // Behind a comment on the same line; not behind the bracket, where that stands on it.
        let start =
            lines::end_of_line(self.text, from).min(lines::closing(self.text, from, node.end));
        let text = format!("{newline}{indent}{new}");
        splices.push(Splice {
            start,
            end: start,
            text,
            depth,
        });
    }

    /// The indent of what is in a flow collection, where that stands on lines of its own.
    fn own_lines(&self, node: &Node, first: Option<&Node>, last: Option<usize>) -> Option<String> {
        match (first, last) {
            (Some(first), Some(_)) => {
                let indent = lines::indent_of_line(self.text, first.start);
                lines::is_first_of_line(self.text, first.start).then(|| indent.to_owned())
            }
            _ => {
                let inside = self.text.get(node.start + 1..node.end.saturating_sub(1))?;
                let unit = self.style.unit.as_deref()?;
                let is_blank = inside.trim().is_empty();
                is_blank.then(|| lines::indent_of_line(self.text, node.start).to_owned() + unit)
            }
        }
    }

    /// The style of a flow collection, by the first scalar in it.
    fn flow_style(&self, first: Option<&Node>) -> Style {
        let mut style = self.style.clone();
        if let Some(NodeKind::Scalar { style: scalar, .. }) = first.map(|first| &first.kind) {
            style.quoted = *scalar == granit_parser::ScalarStyle::DoubleQuoted;
        }
        style
    }

    /// The column of a block list's dashes. The parser says where the first item is, if the list is not deeper than its key.
    fn dash_column(&self, id: Id, node: &Node) -> usize {
        let is_at_dash = self
            .text
            .get(node.start..)
            .is_some_and(lines::begins_with_dash);
        match is_at_dash {
            true => node.column,
            false => self.column_of_holder(id).unwrap_or(node.column),
        }
    }

    /// The column of the mapping that holds a node.
    fn column_of_holder(&self, id: Id) -> Option<usize> {
        let holds = |node: &&Node| match &node.kind {
            NodeKind::Mapping { entries, .. } => entries.iter().any(|(_, value)| *value == id),
            _ => false,
        };
        Some(self.tree.nodes().find(holds)?.column)
    }
}
