//! Each finding with its line of the file, as rustc draws it.

use std::io::{self, Write};

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::{Excerpt, Item, Report, Tell};
use crate::finding::Severity;

pub(super) struct Text {
    renderer: Renderer,
    /// The rules of which it was said why.
    explained: Vec<&'static str>,
}

impl Text {
    pub(super) fn new(colours: bool) -> Self {
        Self {
            renderer: match colours {
                true => Renderer::styled(),
                false => Renderer::plain(),
            },
            explained: Vec::new(),
        }
    }
}

impl Tell for Text {
    fn item(&mut self, item: &Item, out: &mut dyn Write) -> io::Result<()> {
        // Why, with the first finding of each rule.
        let is_first = !self.explained.contains(&item.rule_id());
        if is_first {
            self.explained.push(item.rule_id());
        }
        let drawn = self.renderer.render(&[group(item, is_first)]);
        writeln!(out, "{drawn}\n")
    }

    fn end(&mut self, report: &Report, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}", report.summary())
    }
}

fn group(item: &Item, with_reason: bool) -> Group<'_> {
    let level = match item.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let Excerpt {
        text,
        meant,
        is_part,
    } = &item.excerpt;
    let at = AnnotationKind::Primary.span(meant.clone());
    let source = Snippet::source(text.as_str())
        .line_start(item.at.line)
        .annotation(at.label(item.object.as_str()));
    // The column in a part of a line is another one than in the file.
    let place = Origin::path(item.file.as_str())
        .line(item.at.line)
        .char_column(item.at.column);
    let (place, source) = match is_part {
        true => (Some(place), source),
        false => (None, source.path(item.file.as_str())),
    };
    let group = level
        .primary_title(item.message.as_str())
        .id(item.rule_id())
        .elements(place)
        .element(source);
    let rule = item.rule.filter(|_| with_reason);
    let why = rule.map(|rule| match rule.practice {
        Some(number) => format!("practice {number}: {}", rule.why),
        None => rule.why.to_owned(),
    });
    let group = group.elements(why.map(|why| Level::NOTE.message(why)));
    group.element(Level::HELP.message(item.remedy()))
}
