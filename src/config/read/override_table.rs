//! `[[overrides]]`.

use std::ops::Range;

use toml::de::DeTable;
use wildmatch::WildMatch;

use super::{Key, Reader, Value, in_order};
use crate::config::Settings;
use crate::config::image::{ImagePattern, Mirrors, split};
use crate::config::overrides::{Override, Selectors};
use crate::config::profile::{Lists, Origin};

/// Why an override is there.
pub(in crate::config) const REASON: &str = "reason";

/// What an override is for.
pub(in crate::config) const SELECTORS: [&str; 5] = [
    "namespaces",
    "images",
    "containers",
    "pod-labels",
    "owner-kinds",
];

/// The overrides of a list, in its order, for the profiles and mirrors of `settings`.
pub(super) fn read(reader: &mut Reader, value: &Value<'_>, settings: &Settings) -> Vec<Override> {
    let Some(entries) = value.get_ref().as_array() else {
        let takes = "a list of tables: begin each with [[overrides]]";
        reader.wrong_type(value, "overrides", takes);
        return Vec::new();
    };
    let mut overrides = Vec::new();
    for entry in entries.iter() {
        if let Some(table) = reader.table(entry, "overrides") {
            overrides.push(reader.one(table, entry.span(), settings));
        }
    }
    overrides
}

impl Reader {
    fn one(&mut self, table: &DeTable<'_>, span: Range<usize>, settings: &Settings) -> Override {
        let mut this = Override {
            reason: String::new(),
            line: self.line(span.start),
            selects: Selectors::default(),
            changes: Vec::new(),
        };
        let (mut selects, mut changes) = (false, false);
        for (key, value) in in_order(table) {
            let name = key.get_ref().as_ref();
            if name == REASON {
                let reason = self.text(value, REASON, "a sentence");
                this.reason = reason.unwrap_or("?").trim().to_owned();
            } else if SELECTORS.contains(&name) {
                selects = true;
                self.select(name, value, settings.mirrors(), &mut this.selects);
            } else {
                let is_empty = value
                    .get_ref()
                    .as_table()
                    .is_some_and(|table| table.is_empty());
                changes |= !is_empty;
                self.change(key, value, &mut this);
            }
        }
        for change in &mut this.changes {
            if let Origin::Line(line) = change.from {
                change.from = Origin::Override(line);
            }
        }
        if this.reason.is_empty() {
            let message = "this override does not say why it is there";
            let remedy = "write `reason = \"...\"`: it goes into every record";
            self.problem(span.clone(), message.to_owned(), remedy);
        }
        if !selects || this.selects.select_everything() {
            let message = "this override selects everything";
            let selectors = SELECTORS.join(", ");
            let remedy = format!("say what it is for by one of {selectors}, or change the profile");
            self.problem(span.clone(), message.to_owned(), remedy);
        }
        if !changes {
            let message = "this override changes nothing";
            let remedy = "write what is other, as in a profile, or take it out";
            self.problem(span.clone(), message.to_owned(), remedy);
        }
        if !this.selects.name_images() {
            self.low_users(
                &this.changes,
                "name the images that have this user by `images`, or take one from 10000 to 65533",
            );
        }
        for profile in &settings.profiles {
            let mut profile = profile.clone();
            for change in &this.changes {
                profile.take(change, Lists::AreAddedTo);
            }
            self.flaws(&profile, &this.changes);
        }
        this
    }

    fn change(&mut self, key: &Key<'_>, value: &Value<'_>, this: &mut Override) {
        let others: Vec<&str> = [REASON].into_iter().chain(SELECTORS).collect();
        if let Some(rule) = self.rule(key, &others)
            && let Some(table) = self.table(value, rule.id)
        {
            self.changes(rule, table, Lists::AreAddedTo, &mut this.changes);
        }
    }

    fn select(
        &mut self,
        name: &str,
        value: &Value<'_>,
        mirrors: &Mirrors,
        selects: &mut Selectors,
    ) {
        match name {
            "namespaces" => {
                let takes = "a list of namespaces in which `*` stands for anything, like [\"shop-*\"]; \
                             their names are of lower-case letters, digits and `-`";
                let texts = self.patterns(value, name, takes, is_label_glob);
                selects.namespaces = Some(texts.into_iter().map(WildMatch::new).collect());
            }
            "containers" => {
                let takes = "a list of containers in which `*` stands for anything, like [\"istio-*\"]; \
                             their names are of lower-case letters, digits and `-`";
                let texts = self.patterns(value, name, takes, is_label_glob);
                selects.containers = Some(texts.into_iter().map(WildMatch::new).collect());
            }
            "images" => {
                let takes = "a list of images as people write them, in which `*` stands for anything, \
                             like [\"nginx:1.*\", \"ghcr.io/team/*\"]; lower case before the tag, and no `https://`";
                let texts = self.patterns(value, name, takes, is_image_glob);
                let patterns = texts.into_iter();
                selects.images = Some(
                    patterns
                        .map(|text| ImagePattern::parse(text, mirrors))
                        .collect(),
                );
            }
            "owner-kinds" => {
                let takes = "a list of kinds, like [\"DaemonSet\", \"Deployment\"]";
                let texts = self.patterns(value, name, takes, is_kind);
                selects.owner_kinds = Some(texts.into_iter().map(str::to_owned).collect());
            }
            _ => selects.pod_labels = self.labels(value, name),
        }
    }

    /// The texts of a selector's list, which must not be empty: nothing would ever match.
    fn patterns<'t>(
        &mut self,
        value: &'t Value<'_>,
        name: &str,
        takes: &str,
        fits: fn(&str) -> bool,
    ) -> Vec<&'t str> {
        let is_empty = value
            .get_ref()
            .as_array()
            .is_some_and(|list| list.is_empty());
        if is_empty {
            self.empty(value, name);
        }
        self.texts(value, name, takes, fits)
    }

    fn labels(&mut self, value: &Value<'_>, name: &str) -> Option<Vec<(String, WildMatch)>> {
        let takes = "a table of labels, each with a value in which `*` stands for anything, like { app = \"web-*\" }";
        let Some(table) = value.get_ref().as_table() else {
            self.wrong_type(value, name, takes);
            return None;
        };
        if table.is_empty() {
            self.empty(value, name);
        }
        let mut labels = Vec::new();
        for (key, value) in in_order(table) {
            if !is_label_key(key.get_ref()) {
                let message = format!("`{}` cannot be a label", key.get_ref().escape_debug());
                let remedy = "labels are like \"app\" or \"example.org/team\", and without `*`";
                self.problem(key.span(), message, remedy);
            }
            match value.get_ref().as_str() {
                Some(text) if is_label_value_glob(text) => {
                    labels.push((key.get_ref().to_string(), WildMatch::new(text)));
                }
                _ => self.wrong_type(value, name, takes),
            }
        }
        Some(labels)
    }

    fn empty(&mut self, value: &Value<'_>, name: &str) {
        let message = format!("`{name}` is empty, so that this override never applies");
        let remedy =
            format!("name what is meant, or take `{name}` out, which then leaves nothing out");
        self.problem(value.span(), message, remedy);
    }
}

/// Whether a name of Kubernetes can be like this.
fn is_label_glob(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-*?".contains(c);
    (1..=63).contains(&text.len())
        && text.chars().all(fits)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// Whether a label can be called like this.
fn is_label_key(text: &str) -> bool {
    let mut parts = text.split('/');
    let is_part = |part: &str| {
        let ends = part.starts_with(is_alphanumeric) && part.ends_with(is_alphanumeric);
        ends && part
            .chars()
            .all(|c| is_alphanumeric(c) || "-._".contains(c))
    };
    parts.all(is_part) && text.matches('/').count() < 2
}

fn is_label_value_glob(text: &str) -> bool {
    let end = |c: char| is_alphanumeric(c) || "*?".contains(c);
    let fits = |c: char| end(c) || "-._".contains(c);
    let ends = text.is_empty() || (text.starts_with(end) && text.ends_with(end));
    ends && text.len() <= 63 && text.chars().all(fits)
}

/// Whether an image can be called like this.
fn is_image_glob(text: &str) -> bool {
    let (repository, tag, digest) = split(text);
    let lower = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-._*?".contains(c);
    let mut steps = repository.split('/').enumerate();
    let is_step = |(at, step): (usize, &str)| match step.split_once(':') {
        // A registry's port.
        Some((host, port)) if at == 0 => {
            let is_port = port.chars().all(|c| c.is_ascii_digit() || "*?".contains(c));
            is_port && !port.is_empty() && !host.is_empty() && host.chars().all(lower)
        }
        _ => !step.is_empty() && step.chars().all(lower),
    };
    let is_tag = |tag: &str| {
        !tag.is_empty()
            && tag
                .chars()
                .all(|c| is_alphanumeric(c) || "-._*?".contains(c))
    };
    let is_digest = |digest: &str| {
        let fits = |c: char| is_alphanumeric(c) || "+-._:*?".contains(c);
        digest.chars().all(fits) && (digest.contains(':') || digest.starts_with('*'))
    };
    steps.all(is_step) && tag.is_none_or(is_tag) && digest.is_none_or(is_digest)
}

fn is_alphanumeric(c: char) -> bool {
    c.is_ascii_alphanumeric()
}

fn is_kind(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_uppercase())
        && text.chars().all(|c| c.is_ascii_alphanumeric())
}
