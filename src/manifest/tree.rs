//! Where in a YAML text every node is: the parser's events as a tree with positions.
//!
//! It knows nothing of values: those come from a parser of its own ([`super::value`]), and after an edit the two must agree.

use std::collections::HashMap;

use granit_parser::{Event, Parser, ScalarStyle, ScanError, Span, StructureStyle, options};

use super::{Flaw, Position, lines};

/// A node's number in its tree.
pub(super) type Id = usize;

/// A node of a document.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) kind: NodeKind,
    /// Where it begins, and where its last character ends, in bytes: without the blank lines after it.
    pub(super) start: usize,
    pub(super) end: usize,
    /// The column that it begins in, from 0, and its line, from 1; of a block mapping, the column of its keys.
    pub(super) column: usize,
    pub(super) line: usize,
    /// How many nodes it is in, and the nearest of them.
    pub(super) depth: usize,
    pub(super) holder: Option<Id>,
}

#[derive(Clone, Debug)]
pub(super) enum NodeKind {
    Scalar {
        style: ScalarStyle,
        /// The text, escapes resolved.
        text: String,
    },
    Mapping {
        flow: bool,
        entries: Vec<(Id, Id)>,
    },
    Sequence {
        flow: bool,
        items: Vec<Id>,
    },
    /// What stands in another place too.
    Alias(Id),
}

impl Node {
    /// Whether it holds others.
    pub(super) fn is_collection(&self) -> bool {
        matches!(
            self.kind,
            NodeKind::Mapping { .. } | NodeKind::Sequence { .. }
        )
    }
}

/// The nodes of one document.
#[derive(Clone, Debug, Default)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    /// The part of the text that is the document, with its marks.
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Tree {
    /// The node that holds all others; `None` where the document is empty.
    pub(super) fn root(&self) -> Option<Id> {
        (!self.nodes.is_empty()).then_some(0)
    }

    pub(super) fn node(&self, id: Id) -> Option<&Node> {
        self.nodes.get(id)
    }

    pub(super) fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter()
    }

    /// The node itself where `id` is an alias.
    pub(super) fn resolved(&self, id: Id) -> Id {
        match self.node(id).map(|node| &node.kind) {
            Some(NodeKind::Alias(target)) => *target,
            _ => id,
        }
    }

    /// The key and the value of a mapping's entry; the last one of the name, as `kubectl` has it.
    pub(super) fn entry(&self, mapping: Id, name: &str) -> Option<(Id, Id)> {
        let NodeKind::Mapping { entries, .. } = &self.node(self.resolved(mapping))?.kind else {
            return None;
        };
        let is_named = |key: Id| match self.node(self.resolved(key)).map(|node| &node.kind) {
            Some(NodeKind::Scalar { text, .. }) => text == name,
            _ => false,
        };
        entries.iter().rfind(|(key, _)| is_named(*key)).copied()
    }

    /// The item at a position of a sequence.
    pub(super) fn item(&self, sequence: Id, index: usize) -> Option<Id> {
        match &self.node(self.resolved(sequence))?.kind {
            NodeKind::Sequence { items, .. } => items.get(index).copied(),
            _ => None,
        }
    }
}

/// The documents of `text`, empty ones among them.
pub(super) fn read(text: &str) -> Result<Vec<Tree>, Flaw> {
    let options = options! { emit_comments: false };
    let mut reader = Reader {
        text,
        ..Reader::default()
    };
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, span) = event.map_err(|error| flaw(text, &error))?;
        reader.take(event, span);
    }
    Ok(reader.trees)
}

fn flaw(text: &str, error: &ScanError) -> Flaw {
    let at = error.marker();
    let byte = at.byte_offset().unwrap_or_default().min(text.len());
    Flaw {
        at: Position {
            byte,
            line: at.line(),
            column: at.col() + 1,
        },
        message: error.info(),
    }
}

/// A collection that is not at its end yet.
struct Open {
    id: Id,
    /// The key that waits for its value.
    key: Option<Id>,
}

#[derive(Default)]
struct Reader<'t> {
    text: &'t str,
    trees: Vec<Tree>,
    tree: Tree,
    open: Vec<Open>,
    anchors: HashMap<usize, Id>,
}

impl Reader<'_> {
    fn take(&mut self, event: Event<'_>, span: Span) {
        match event {
            Event::DocumentStart(..) => {
                // The indent of the first line is the document's.
                let at = start(&span);
                let indent = lines::indent_of_line(self.text, at).len();
                let start = match lines::is_first_of_line(self.text, at) {
                    true => at.saturating_sub(indent),
                    false => at,
                };
                self.tree = Tree {
                    start,
                    ..Tree::default()
                };
                self.anchors.clear();
                self.open.clear();
            }
            Event::DocumentEnd => {
                self.tree.end = end(&span);
                self.trees.push(std::mem::take(&mut self.tree));
            }
            Event::Scalar(text, style, anchor, _) => {
                let kept_lines = text.ends_with("\n\n");
                let kind = NodeKind::Scalar {
                    style,
                    text: text.into_owned(),
                };
                let id = self.add(kind, &span, anchor);
                if matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
                    self.end_block_scalar(id, kept_lines);
                }
            }
            Event::SequenceStart(style, anchor, _) => {
                let flow = style == StructureStyle::Flow;
                let items = Vec::new();
                self.begin(NodeKind::Sequence { flow, items }, &span, anchor);
            }
            Event::MappingStart(style, anchor, _) => {
                let flow = style == StructureStyle::Flow;
                let entries = Vec::new();
                self.begin(NodeKind::Mapping { flow, entries }, &span, anchor);
            }
            Event::Alias(anchor) => {
                let target = self.anchors.get(&anchor).copied().unwrap_or_default();
                self.add(NodeKind::Alias(target), &span, 0);
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(&span),
            _ => {}
        }
    }

    fn begin(&mut self, kind: NodeKind, span: &Span, anchor: usize) {
        let id = self.add(kind, span, anchor);
        self.open.push(Open { id, key: None });
    }

    /// Adds a node to the collection that is open.
    fn add(&mut self, kind: NodeKind, span: &Span, anchor: usize) -> Id {
        let id = self.tree.nodes.len();
        self.tree.nodes.push(Node {
            kind,
            start: start(span),
            end: end(span),
            column: span.start.col(),
            line: span.start.line(),
            depth: self.open.len(),
            holder: self.open.last().map(|open| open.id),
        });
        if anchor != 0 {
            self.anchors.insert(anchor, id);
        }
        let Some(open) = self.open.last_mut() else {
            return id;
        };
        match self.tree.nodes.get_mut(open.id).map(|node| &mut node.kind) {
            Some(NodeKind::Sequence { items, .. }) => items.push(id),
            Some(NodeKind::Mapping { entries, .. }) => match open.key.take() {
                None => open.key = Some(id),
                Some(key) => entries.push((key, id)),
            },
            _ => {}
        }
        id
    }

    /// A block scalar's span reaches to the next line that has something on it: blank lines belong to it only where they are kept.
    fn end_block_scalar(&mut self, id: Id, kept_lines: bool) {
        let Some(node) = self.tree.nodes.get_mut(id) else {
            return;
        };
        let written = self.text.get(node.start..node.end).unwrap_or_default();
        let written = match kept_lines {
            true => written.trim_end_matches(' '),
            false => written.trim_end(),
        };
        node.end = node.start + written.len();
    }

    /// The column of a block mapping's keys: of `?` where a key has one.
    fn column_of_keys(&self, id: Id) -> Option<usize> {
        let node = self.tree.node(id)?;
        let NodeKind::Mapping {
            flow: false,
            entries,
        } = &node.kind
        else {
            return None;
        };
        match self.text.get(node.start..)?.starts_with('?') {
            true => Some(node.column),
            false => Some(self.tree.node(entries.first()?.0)?.column),
        }
    }

    /// Where a block collection ends, the parser says only at the next token: it ends with what is last in it.
    fn close(&mut self, span: &Span) {
        let Some(Open { id, .. }) = self.open.pop() else {
            return;
        };
        let end_of = |id: Id| self.tree.node(id).map(|node| node.end);
        let end = match self.tree.node(id).map(|node| &node.kind) {
            Some(NodeKind::Mapping {
                flow: false,
                entries,
            }) => {
                let last = entries.last();
                last.and_then(|(key, value)| end_of(*key).max(end_of(*value)))
            }
            Some(NodeKind::Sequence { flow: false, items }) => {
                items.last().and_then(|item| end_of(*item))
            }
            _ => Some(end(span)),
        };
        let column = self.column_of_keys(id);
        if let (Some(end), Some(node)) = (end, self.tree.nodes.get_mut(id)) {
            node.end = end.max(node.start);
            node.column = column.unwrap_or(node.column);
        }
    }
}

fn start(span: &Span) -> usize {
    span.start.byte_offset().unwrap_or_default()
}

fn end(span: &Span) -> usize {
    span.end.byte_offset().unwrap_or_default()
}
