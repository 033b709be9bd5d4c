//! What is wrong with a configuration, drawn with the line it is in.

use std::fmt;
use std::ops::Range;

/// One thing that is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where in the text, in bytes.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
}

impl Problem {
    pub(super) fn new(span: Range<usize>, message: String, remedy: impl Into<String>) -> Self {
        Self {
            span,
            message,
            remedy: remedy.into(),
        }
    }
}

/// Everything that is wrong with a configuration.
#[derive(Clone, Debug, thiserror::Error)]
pub struct ConfigError {
    file: String,
    text: String,
    problems: Vec<Problem>,
}

impl ConfigError {
    pub(super) fn new(file: &str, text: &str, mut problems: Vec<Problem>) -> Self {
        problems.sort_by_key(|problem| problem.span.start);
        Self {
            file: file.to_owned(),
            text: text.to_owned(),
            problems,
        }
    }

    /// The problems, in the order of the text.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Line and column, from 1, of a byte of the text, and the line itself.
    fn position(&self, byte: usize) -> (usize, usize, &str) {
        let before = self.text.get(..byte).unwrap_or(&self.text);
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = self
            .text
            .get(start..)
            .unwrap_or_default()
            .lines()
            .next()
            .unwrap_or_default();
        let column = before.get(start..).unwrap_or_default().chars().count() + 1;
        (before.matches('\n').count() + 1, column, line)
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.problems.iter().enumerate() {
            if i > 0 {
                f.write_str("\n\n")?;
            }
            let (number, column, line) = self.position(problem.span.start);
            let marked = self.text.get(problem.span.clone()).unwrap_or_default();
            let width = marked
                .lines()
                .next()
                .map_or(1, |text| text.chars().count().max(1));
            let margin = number.to_string().len();
            writeln!(f, "error: {}", problem.message)?;
            writeln!(f, "{:margin$}--> {}:{number}:{column}", "", self.file)?;
            writeln!(f, "{:margin$} |", "")?;
            writeln!(f, "{number} | {line}")?;
            writeln!(
                f,
                "{:margin$} | {:indent$}{}",
                "",
                "",
                "^".repeat(width),
                indent = column - 1
            )?;
            write!(f, "{:margin$} = help: {}", "", problem.remedy)?;
        }
        Ok(())
    }
}
