//! What is wrong with a configuration, drawn with the line it is in.

use std::fmt;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

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

    /// The problems, each drawn with its line, for a terminal that shows colours or one that does not.
    #[must_use]
    pub fn draw(&self, colours: bool) -> String {
        let renderer = match colours {
            true => Renderer::styled(),
            false => Renderer::plain(),
        };
        let drawn: Vec<String> = self
            .problems
            .iter()
            .map(|problem| renderer.render(&[self.report(problem)]))
            .collect();
        drawn.join("\n\n")
    }

    fn report<'r>(&'r self, problem: &'r Problem) -> annotate_snippets::Group<'r> {
        let at = AnnotationKind::Primary.span(problem.span.clone());
        let source = Snippet::source(self.text.as_str())
            .path(self.file.as_str())
            .annotation(at);
        Level::ERROR
            .primary_title(problem.message.as_str())
            .element(source)
            .element(Level::HELP.message(problem.remedy.as_str()))
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.draw(false))
    }
}
