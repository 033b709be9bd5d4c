//! Each finding with its line of the file, as rustc draws it.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::{Item, Report};
use crate::finding::Severity;

pub(super) fn render(report: &Report, colours: bool) -> String {
    let renderer = match colours {
        true => Renderer::styled(),
        false => Renderer::plain(),
    };
    let mut explained = Vec::new();
    let drawn = report.items.iter();
    let drawn = drawn.map(|item| {
        // Why, with the first finding of each rule.
        let is_first = !explained.contains(&item.rule_id());
        if is_first {
            explained.push(item.rule_id());
        }
        renderer.render(&[group(item, is_first)]) + "\n\n"
    });
    drawn.collect::<String>() + &report.summary() + "\n"
}

fn group(item: &Item, with_reason: bool) -> Group<'_> {
    let level = match item.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let (line, bytes) = &item.line;
    let at = AnnotationKind::Primary.span(bytes.clone());
    let source = Snippet::source(line.as_str())
        .path(item.file.as_str())
        .line_start(item.at.line)
        .annotation(at.label(item.object.as_str()));
    let group = level
        .primary_title(item.message.as_str())
        .id(item.rule_id())
        .element(source);
    let rule = item.rule.filter(|_| with_reason);
    let why = rule.map(|rule| match rule.practice {
        Some(number) => format!("practice {number}: {}", rule.why),
        None => rule.why.to_owned(),
    });
    let group = group.elements(why.map(|why| Level::NOTE.message(why)));
    group.element(Level::HELP.message(item.remedy()))
}
