//! The pieces of text that go into each kind of node.

use serde_json::Value;

use super::Splice;
use crate::manifest::emit::{self, Style};
use crate::manifest::lines;
use crate::manifest::tree::{Id, Node, NodeKind, Tree};

/// Makes the pieces, in the style of a document.
pub(super) struct Writer<'t> {
    pub(super) text: &'t str,
    pub(super) tree: &'t Tree,
    pub(super) style: &'t Style,
}

impl Writer<'_> {
    /// Entries at the end of a mapping.
    pub(super) fn entries(
        &self,
        node: &Node,
        entries: &[(&str, &Value)],
        splices: &mut Vec<Splice>,
    ) {
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
    pub(super) fn items(&self, id: Id, node: &Node, items: &[&Value], splices: &mut Vec<Splice>) {
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
    pub(super) fn instead(&self, node: &Node, value: &Value, holder: Id) -> Splice {
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
        let holder = self.tree.node(self.tree.node(id)?.holder?)?;
        matches!(holder.kind, NodeKind::Mapping { .. }).then_some(holder.column)
    }
}
