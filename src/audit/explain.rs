//! One object: each field of the practices, who set it and why, or what is missing.

use std::fmt::Write;

use serde_json::json;

use super::collect::{Audit, HINT};
use super::entry::{Entry, State};
use super::report::line;
use crate::object::{Object, Template, Text};
use crate::rules::find;

/// An object as the API has it.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its kind, as Kubernetes writes it.
    pub kind: &'static str,
    /// Where it keeps its pod.
    pub template: Template,
    /// The object, as JSON.
    pub text: String,
}

/// What there is to say of one object.
#[derive(Clone, Debug)]
pub struct Explained {
    /// What it is called.
    pub object: String,
    /// Whether its namespace is hardened, for a person.
    pub namespace: String,
    /// The profile that it was looked at by.
    pub profile: String,
    /// Each field, and who set it; nobody where it is missing.
    pub fields: Vec<(Entry, Option<Who>)>,
}

/// Who set a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Whoever wrote the object.
    Author,
    /// Somebody between the template, which is silent, and the API: we, or another webhook.
    Admission,
    /// Either of these: the pod has no template to compare it with, and an annotation, which anybody can write, says that it was
    /// hardened.
    AuthorOrAdmission,
}

impl Who {
    /// For a person.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Author => "its author",
            Self::Admission => "admission: its template is silent",
            Self::AuthorOrAdmission => {
                "its author or admission: an annotation says that it was hardened"
            }
        }
    }
}

impl Audit {
    /// Explains an object; `above` is the workload that made it, if one did. `None` where it cannot be read.
    pub fn explain(&mut self, source: &Source, above: Option<&Source>) -> Option<Explained> {
        let (object, namespace, own, is_hinted) = self.fields(source)?;
        let above = above.and_then(|above| self.fields(above));
        let is_silent = |entry: &Entry| {
            let (_, _, fields, _) = above.as_ref()?;
            let mut gaps = fields.iter().filter(|other| other.state.is_gap());
            let plain = |field: &str| field.trim_end_matches("[+]").to_owned();
            Some(gaps.any(|other| {
                (other.rule, &other.container, plain(&other.field))
                    == (entry.rule, &entry.container, plain(&entry.field))
            }))
        };
        let who = |entry: &Entry| match (entry.state, is_silent(entry)) {
            (State::Met | State::Unsafe, Some(true)) => Some(Who::Admission),
            (State::Met, None) if is_hinted => Some(Who::AuthorOrAdmission),
            (State::Met | State::Unsafe, _) => Some(Who::Author),
            _ => None,
        };
        let mut fields: Vec<_> = own.into_iter().map(|entry| (who(&entry), entry)).collect();
        fields.sort_by_key(|(_, entry)| {
            find(entry.rule).map_or(u8::MAX, |rule| rule.practice.unwrap_or(u8::MAX))
        });
        let found = self.namespace_of(&namespace);
        Some(Explained {
            object,
            namespace: found.standing.said(),
            profile: found.profile.to_string(),
            fields: fields
                .into_iter()
                .map(|(who, entry)| (entry, who))
                .collect(),
        })
    }

    /// What it is called, its namespace, what is said of it, and whether an annotation says that it was hardened.
    fn fields(&mut self, source: &Source) -> Option<(String, String, Vec<Entry>, bool)> {
        let name: Object<'_> = serde_json::from_str(&source.text).ok()?;
        let metadata = name.metadata?;
        let (name, namespace) = (metadata.name?, metadata.namespace?);
        let filled = match source.template {
            Template::Itself => None,
            template => self.filled(&namespace, &source.text, template),
        };
        let text = filled.as_deref().unwrap_or(&source.text);
        let mut object: Object<'_> = serde_json::from_str(text).ok()?;
        object.kind = Some(Text::from(source.kind));
        let pod = source.template.pod(&object)?;
        let profile = self.namespace_of(&namespace).profile.to_string();
        let judged = self.judge.judge(pod, &namespace, &profile)?;
        let called = format!(
            "{} {}/{}",
            source.kind,
            super::clean(&namespace),
            super::clean(&name)
        );
        let is_hinted = pod.annotation(HINT).is_some();
        Some((called, namespace.to_string(), judged.entries, is_hinted))
    }
}

impl Explained {
    /// For a terminal.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!(
            "{}, looked at by `{}` (namespace: {})\n",
            self.object, self.profile, self.namespace
        );
        let mut before = "";
        for (entry, who) in &self.fields {
            if let Some(rule) = find(entry.rule).filter(|rule| rule.id != before) {
                let number = rule.practice.map(|number| format!("practice {number}, "));
                // Writing to a String cannot fail.
                let _ = writeln!(
                    text,
                    "\n{}{}: {}",
                    number.unwrap_or_default(),
                    rule.id,
                    rule.why
                );
                before = rule.id;
            }
            let _ = match who {
                Some(who) => writeln!(text, "  {}: set by {}", line(entry), who.as_str()),
                None => writeln!(text, "  {}", line(entry)),
            };
        }
        text
    }

    /// The same for programs.
    #[must_use]
    pub fn json(&self) -> String {
        let fields = self.fields.iter().map(|(entry, who)| {
            json!({
                "rule": entry.rule, "container": entry.container, "state": entry.state.as_str(), "field": entry.field,
                "value": entry.value, "why": entry.why, "idle": entry.idle, "setBy": who.map(Who::as_str),
            })
        });
        let fields: Vec<_> = fields.collect();
        let mut text = json!({
            "version": 1, "object": self.object, "namespace": self.namespace, "profile": self.profile, "fields": fields,
        })
        .to_string();
        text.push('\n');
        text
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Spool, Standing, Task};
    use super::*;
    use crate::config::Settings;
    use crate::plan::Facts;

    #[test]
    fn what_the_template_is_silent_about_is_set_by_admission() {
        let container = |context: &str| {
            format!(r#"{{"containers": [{{"name": "web", "securityContext": {{{context}}}}}]}}"#)
        };
        let metadata = r#""metadata": {"name": "web", "namespace": "shop"}"#;
        let template = container(r#""runAsUser": 20000"#);
        let above = Source {
            kind: "Deployment",
            template: Template::Spec,
            text: format!(r#"{{{metadata}, "spec": {{"template": {{"spec": {template}}}}}}}"#),
        };
        let spec = container(r#""runAsUser": 20000, "allowPrivilegeEscalation": false"#);
        let source = Source {
            kind: "Pod",
            template: Template::Itself,
            text: format!(r#"{{{metadata}, "spec": {spec}}}"#),
        };
        let mut audit = Audit::new(Task {
            settings: Settings::embedded(),
            configuration: String::new(),
            facts: Facts::default(),
            profile: None,
            spool: Spool::default(),
        });
        audit.namespace("shop", Standing::Labelled("restricted".to_owned()));
        let explained = audit.explain(&source, Some(&above));
        let who = |field: &str| {
            let mut fields = explained.iter().flat_map(|explained| &explained.fields);
            let found = fields.find(|(entry, _)| entry.field == field);
            found.map(|(_, who)| *who)
        };
        assert_eq!(
            who("securityContext.allowPrivilegeEscalation"),
            Some(Some(Who::Admission))
        );
        assert_eq!(who("securityContext.runAsUser"), Some(Some(Who::Author)));
        assert_eq!(who("securityContext.seccompProfile"), Some(None));
    }
}
