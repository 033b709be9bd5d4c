//! How a document is written, by what there is of it.

use std::collections::HashMap;
use std::hash::Hash;

use granit_parser::ScalarStyle;

use super::emit::Style;
use super::lines;
use super::tree::{Node, NodeKind, Tree};

/// How far blocks and lists are indented most often, and how flow collections are written, in a document of `text`.
pub(super) fn of(text: &str, tree: &Tree) -> Style {
    let (mut steps, mut list_steps) = (Votes::default(), Votes::default());
    for node in tree.nodes() {
        let NodeKind::Mapping {
            flow: false,
            entries,
        } = &node.kind
        else {
            continue;
        };
        let column = node.column;
        for value in entries.iter().filter_map(|(_, value)| tree.node(*value)) {
            match &value.kind {
                NodeKind::Mapping { flow: false, .. } => {
                    steps.add(value.column.checked_sub(column));
                }
                NodeKind::Sequence { flow: false, .. } => {
                    // The parser places a list that is no deeper than its key at its first item, behind the dash.
                    let is_at_dash = text.get(value.start..).is_some_and(lines::begins_with_dash);
                    let step = if is_at_dash {
                        value.column.checked_sub(column)
                    } else {
                        Some(0)
                    };
                    list_steps.add(step);
                }
                _ => {}
            }
        }
    }
    let first_newline = text.find('\n').and_then(|at| at.checked_sub(1));
    let has_return = first_newline.is_some_and(|at| text.as_bytes().get(at) == Some(&b'\r'));
    let step = steps.most().filter(|step| *step > 0).unwrap_or(2);
    let json = flow(text, tree);
    Style {
        newline: if has_return { "\r\n" } else { "\n" },
        step,
        list_step: list_steps.most().unwrap_or(step),
        quoted: json.quoted,
        spaced: json.spaced,
        unit: json.unit,
    }
}

/// How a document is written that is a flow collection as a whole, as JSON is.
struct Flow {
    quoted: bool,
    spaced: bool,
    unit: Option<String>,
}

fn flow(text: &str, tree: &Tree) -> Flow {
    let block = Flow {
        quoted: false,
        spaced: true,
        unit: None,
    };
    let root = tree.root().and_then(|root| tree.node(root));
    let Some(Node {
        kind: NodeKind::Mapping {
            flow: true,
            entries,
        },
        line,
        ..
    }) = root
    else {
        return block;
    };
    let first = entries.first();
    let first = first.and_then(|(key, value)| Some((tree.node(*key)?, tree.node(*value)?)));
    let Some((key, value)) = first else {
        return block;
    };
    let quoted = matches!(
        key.kind,
        NodeKind::Scalar {
            style: ScalarStyle::DoubleQuoted,
            ..
        }
    );
    let between = text.get(key.end..value.start).unwrap_or_default();
    let on_own_line = key.line > *line && lines::is_first_of_line(text, key.start);
    Flow {
        quoted,
        spaced: between.ends_with([' ', '\n']),
        unit: on_own_line.then(|| lines::indent_of_line(text, key.start).to_owned()),
    }
}

/// Which of several is there most often; of two, the one that was there first.
struct Votes<T>(HashMap<T, usize>, Vec<T>);

impl<T> Default for Votes<T> {
    fn default() -> Self {
        Self(HashMap::new(), Vec::new())
    }
}

impl<T: Copy + Eq + Hash> Votes<T> {
    fn add(&mut self, one: Option<T>) {
        let Some(one) = one else { return };
        let count = self.0.entry(one).or_default();
        *count += 1;
        if *count == 1 {
            self.1.push(one);
        }
    }

    fn most(&self) -> Option<T> {
        let count = |one: &T| self.0.get(one).copied().unwrap_or_default();
        let first = self.1.iter().rev().max_by_key(|one| count(one));
        first.copied()
    }
}
