//! Comments that ask for a rule's silence: `# pod-hardener:ignore <rule>, <rule> -- <reason>`.
//!
//! Such a comment is about what begins on its line, or, where it stands alone, on the next line that has something on it: a field
//! with all that is in it, a container, or a whole document.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use granit_parser::{Event, Parser, options};

use super::tree::NodeKind;
use super::{Manifest, Position, lines};

/// What the comments begin with.
const MARK: &str = "pod-hardener:ignore";

/// A comment that asks for silence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ignore {
    /// Where it is.
    pub at: Position,
    /// The rules.
    pub rules: Vec<String>,
    /// Why; empty where nothing is said.
    pub reason: String,
    /// The bytes that it is about.
    pub about: Range<usize>,
}

impl Manifest<'_> {
    /// The comments that ask for silence, in the order of the text.
    #[must_use]
    pub fn ignores(&self) -> Vec<Ignore> {
        if !self.text.contains(MARK) {
            return Vec::new();
        }
        let options = options! { max_buffered_comment_events: usize::MAX };
        let events = Parser::new_from_str_with_options(self.text, options);
        let comments = events
            .map_while(Result::ok)
            .filter_map(|(event, span)| match event {
                Event::Comment(text, _) => Some((text, span.start)),
                _ => None,
            });
        let mut found: Vec<(Ignore, usize)> = comments
            .filter_map(|(text, start)| {
                let byte = start.byte_offset()?;
                let (line, column) = (start.line(), start.col() + 1);
                self.ignore(&text, Position { line, column, byte })
            })
            .collect();
        let largest = self.largest(found.iter().map(|(_, line)| *line).collect());
        for (ignore, line) in &mut found {
            ignore.about = largest.get(line).cloned().unwrap_or_default();
        }
        let mut found: Vec<Ignore> = found.into_iter().map(|(ignore, _)| ignore).collect();
        found.sort_by_key(|ignore| ignore.at.byte);
        found
    }

    /// What a comment asks for, and the line on which that begins.
    fn ignore(&self, comment: &str, at: Position) -> Option<(Ignore, usize)> {
        let asked = comment.trim().strip_prefix(MARK)?;
        let (rules, reason) = asked.split_once("--").unwrap_or((asked, ""));
        let rules = rules.split([',', ' ']).filter(|rule| !rule.is_empty());
        let line = match lines::is_first_of_line(self.text, at.byte) {
            true => at.line + self.lines_to_content(at.byte),
            false => at.line,
        };
        let ignore = Ignore {
            at,
            rules: rules.map(ToOwned::to_owned).collect(),
            reason: reason.trim().to_owned(),
            about: 0..0,
        };
        Some((ignore, line))
    }

    /// The bytes of the largest thing that begins on each of some lines.
    fn largest(&self, lines: HashSet<usize>) -> HashMap<usize, Range<usize>> {
        let mut largest: HashMap<usize, Range<usize>> = HashMap::new();
        let mut take = |line: usize, bytes: Range<usize>| {
            if lines.contains(&line) {
                let known = largest.entry(line).or_insert_with(|| bytes.clone());
                if known.len() < bytes.len() {
                    *known = bytes;
                }
            }
        };
        for tree in self.documents.iter().map(|document| &document.tree) {
            for node in tree.nodes() {
                take(node.line, node.start..node.end);
                let NodeKind::Mapping { entries, .. } = &node.kind else {
                    continue;
                };
                for (key, value) in entries {
                    if let (Some(key), Some(value)) = (tree.node(*key), tree.node(*value)) {
                        take(key.line, key.start..key.end.max(value.end));
                    }
                }
            }
        }
        largest
    }

    /// How many lines below the comment at a byte something stands that is no comment.
    fn lines_to_content(&self, byte: usize) -> usize {
        let rest = self.text.get(byte..).unwrap_or_default();
        let is_content = |line: &str| !matches!(line.trim_start().chars().next(), None | Some('#'));
        let below = rest.lines().skip(1).position(is_content);
        below.map_or(0, |lines| lines + 1)
    }
}
