//! Places in a text.

use std::ops::Range;

/// A place in a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The byte, from 0.
    pub byte: usize,
}

impl Position {
    /// The place of a line and a column.
    pub(super) fn new(text: &str, line: usize, column: usize) -> Self {
        let before = text.split_inclusive('\n').take(line.saturating_sub(1));
        let start: usize = before.map(str::len).sum();
        let rest = text.get(start..).unwrap_or_default();
        let within: usize = rest
            .chars()
            .take(column.saturating_sub(1))
            .map(char::len_utf8)
            .sum();
        Self {
            line,
            column,
            byte: start + within,
        }
    }
}

/// The places of bytes in a text, of which many are asked for.
#[derive(Clone, Debug)]
pub struct Positions<'t> {
    text: &'t str,
    /// Where each line begins.
    lines: Vec<usize>,
}

impl<'t> Positions<'t> {
    /// Those of `text`.
    #[must_use]
    pub fn new(text: &'t str) -> Self {
        let after = text.match_indices('\n').map(|(at, _)| at + 1);
        let lines = std::iter::once(0).chain(after).collect();
        Self { text, lines }
    }

    /// The place of a byte.
    #[must_use]
    pub fn at(&self, byte: usize) -> Position {
        let start = self.line_of(byte).start;
        let before = self.text.get(start..byte);
        Position {
            line: self.lines.partition_point(|start| *start <= byte),
            column: before.unwrap_or_default().chars().count() + 1,
            byte,
        }
    }

    /// The bytes of the line that a byte is in, without its break.
    #[must_use]
    pub fn line_of(&self, byte: usize) -> Range<usize> {
        let line = self.lines.partition_point(|start| *start <= byte);
        let start = line.checked_sub(1).and_then(|at| self.lines.get(at));
        let start = start.copied().unwrap_or_default();
        let end = self.lines.get(line).copied().unwrap_or(self.text.len());
        let text = self.text.get(start..end).unwrap_or_default();
        start..start + text.trim_end_matches(['\n', '\r']).len()
    }
}
