//! A configuration as it is in force: every value, and where it comes from, as a configuration that comes to the same.

use std::fmt::{Display, Write};

use wildmatch::WildMatch;

use super::image::ImagePattern;
use super::profile::To;
use super::{ALL, Change, CustomTemplates, Origin, Override, Profile, Said, Settings};
use crate::rule::{Options, Rule, Uid, Value};
use crate::rules::RULES;

/// The column at which a line's comment begins, if the line leaves room for it.
const COMMENT: usize = 64;

/// All of `settings`, which `file` holds.
#[must_use]
pub fn show(settings: &Settings, file: &str) -> String {
    let mut page = Page::new(settings, file);
    for profile in settings.profiles() {
        page.profile(profile, &[]);
    }
    for this in settings.overrides() {
        page.over(this);
    }
    page.text
}

/// Some profiles as overrides leave them, each with the overrides that have a part in it.
#[must_use]
pub fn show_profiles(
    settings: &Settings,
    file: &str,
    profiles: &[(&Profile, &[&Override])],
) -> String {
    let mut page = Page::new(settings, file);
    for (profile, overrides) in profiles {
        page.profile(profile, overrides);
    }
    page.text
}

/// A text that grows line by line.
struct Page<'s> {
    file: &'s str,
    text: String,
}

impl<'s> Page<'s> {
    /// What stands at the top of a configuration.
    fn new(settings: &Settings, file: &'s str) -> Self {
        let text = format!("# {file}, version {}\n", settings.version());
        let mut this = Self { file, text };
        this.line("version = 1", "");
        this.said("enabled", &settings.enabled, settings.enabled());
        let annotates = settings.annotates_pods();
        this.said("annotate-pods", &settings.annotate_pods, annotates);
        let mirrors = list(settings.registry_mirrors().iter().map(String::as_str));
        this.said("registry-mirrors", &settings.registry_mirrors, mirrors);
        this.templates(&settings.templates);
        this
    }

    fn templates(&mut self, templates: &[CustomTemplates]) {
        let _ = writeln!(self.text, "\n[templates]");
        for one in templates {
            let paths: Vec<String> = one.paths.iter().map(|path| path.join(".")).collect();
            let paths = match paths.as_slice() {
                [path] => text(path),
                paths => list(paths.iter().map(String::as_str)),
            };
            let from = self.origin(one.from);
            self.line(&format!("{} = {paths}", text(&one.key())), &from);
        }
    }

    fn line(&mut self, line: &str, comment: &str) {
        // Writing to a String cannot fail.
        let _ = match comment {
            "" => writeln!(self.text, "{line}"),
            _ => writeln!(self.text, "{line:COMMENT$} # {comment}"),
        };
    }

    /// A key with a value that is shown as `value`.
    fn said<T>(&mut self, key: &str, said: &Said<T>, value: impl Display) {
        let from = self.origin(said.from);
        self.line(&format!("{key} = {value}"), &from);
    }

    fn profile(&mut self, profile: &Profile, overrides: &[&Override]) {
        let _ = writeln!(self.text, "\n[profiles.{}]", profile.name());
        if let Some(base) = profile.extends() {
            self.line(
                &format!("# extends {base}, which is part of what follows"),
                "",
            );
        }
        for this in overrides {
            let (line, reason) = (this.line(), this.reason());
            let said = format!("# overridden at {}:{line}: {reason}", self.file);
            self.line(&said.replace(char::is_control, " "), "");
        }
        let may_except = profile.may_except();
        let rules = match may_except.value.len() == RULES.len() {
            true => list([ALL].into_iter()),
            false => list(may_except.value.iter().map(|rule| rule.id)),
        };
        self.said("authors-may-except", may_except, rules);
        for setting in profile.settings() {
            let id = setting.rule.id;
            let enabled = &setting.enabled;
            self.said(&format!("{id}.enabled"), enabled, enabled.value);
            for (key, from) in options(setting.rule, &setting.options).zip(&setting.from) {
                let from: Vec<String> = from.iter().map(|from| self.origin(*from)).collect();
                self.line(&format!("{id}.{key}"), &from.join(", "));
            }
        }
    }

    fn over(&mut self, this: &Override) {
        let _ = writeln!(self.text, "\n[[overrides]]");
        let from = self.origin(Origin::Line(this.line()));
        self.line(&format!("reason = {}", text(this.reason())), &from);
        let selects = &this.selects;
        let globs = |globs: &Vec<WildMatch>| {
            let patterns: Vec<String> = globs.iter().map(WildMatch::pattern).collect();
            list(patterns.iter().map(String::as_str))
        };
        let labels = selects.pod_labels.as_ref().map(|labels| {
            let entry = |(key, glob): &(String, WildMatch)| {
                format!("{} = {}", text(key), text(&glob.pattern()))
            };
            let entries: Vec<String> = labels.iter().map(entry).collect();
            format!("{{ {} }}", entries.join(", "))
        });
        for (key, value) in [
            ("namespaces", selects.namespaces.as_ref().map(globs)),
            (
                "images",
                (selects.images.as_ref()).map(|images| list(images.iter().map(ImagePattern::text))),
            ),
            ("containers", selects.containers.as_ref().map(globs)),
            ("pod-labels", labels),
            (
                "owner-kinds",
                (selects.owner_kinds.as_ref()).map(|kinds| list(kinds.iter().map(String::as_str))),
            ),
        ] {
            if let Some(value) = value {
                self.line(&format!("{key} = {value}"), "");
            }
        }
        for change in this.changes() {
            let from = self.origin(change.from);
            self.line(&changed(change), &from);
        }
    }

    /// Where a value was said.
    fn origin(&self, from: Origin) -> String {
        match from {
            Origin::Default => "default".to_owned(),
            Origin::Line(line) => format!("{}:{line}", self.file),
            Origin::Shipped(line) => format!("embedded defaults.toml:{line}"),
            Origin::Override(line) => format!("{}:{line}, by an override", self.file),
        }
    }
}

fn changed(change: &Change) -> String {
    let id = change.rule.id;
    match &change.to {
        To::Enabled(enabled) => format!("{id}.enabled = {enabled}"),
        To::Value(at, given) => {
            let name = change.rule.keys.get(*at).map_or("", |key| key.name);
            format!("{id}.{name} = {}", value(given))
        }
    }
}

/// `key = value` of every option, in the order of the rule's keys.
fn options(rule: &'static Rule, options: &Options) -> impl Iterator<Item = String> {
    let values = rule.keys.iter().zip(options.values());
    values.map(|(key, given)| format!("{} = {}", key.name, value(given)))
}

fn value(value: &Value) -> String {
    match value {
        Value::Names(names) => list(names.iter().map(|name| name.text.as_str())),
        Value::Text(name) => text(&name.text),
        Value::Flag(flag) => flag.to_string(),
        Value::Uid(Uid::Number(uid)) => uid.to_string(),
        Value::Uid(Uid::Namespace) => text("namespace"),
        Value::Uid(Uid::Image) => text("image"),
    }
}

fn list<'t>(texts: impl Iterator<Item = &'t str>) -> String {
    let texts: Vec<String> = texts.map(text).collect();
    format!("[{}]", texts.join(", "))
}

/// A TOML string, or a quoted key.
fn text(text: &str) -> String {
    toml::Value::from(text).to_string()
}
