//! The whole of the text, and its keys at the top.

use toml::Spanned;
use toml::de::DeTable;

use super::{Reader, Value, in_order, override_table, profile_table, template_table};
use crate::config::error::Problem;
use crate::config::image::Mirrors;
use crate::config::{CustomTemplates, EMBEDDED, Profile, Said, Settings};

/// The version of the configuration's grammar that this program reads.
const GRAMMAR: &str = "1";

/// The keys at the top.
pub(in crate::config) const KEYS: [&str; 7] = [
    "version",
    "enabled",
    "annotate-pods",
    "registry-mirrors",
    "templates",
    "profiles",
    "overrides",
];

/// A configuration, or all that is wrong with it.
pub(in crate::config) fn settings(text: &str) -> Result<Settings, Vec<Problem>> {
    read(text, false)
}

/// The templates and profiles that are shipped: every other text has them too, unless it has its own of that kind or name.
fn shipped() -> (Vec<CustomTemplates>, Vec<Profile>) {
    read(EMBEDDED, true).map_or_else(
        |_| Default::default(),
        |settings| (settings.templates, settings.profiles),
    )
}

fn read(text: &str, shipped: bool) -> Result<Settings, Vec<Problem>> {
    let (document, errors) = DeTable::parse_recoverable(text);
    let mut reader = Reader::new(text, shipped);
    reader.problems.extend(errors.iter().map(not_toml));
    if !reader.problems.is_empty() {
        return Err(reader.problems);
    }
    let settings = reader.document(&document, text);
    match reader.problems.is_empty() {
        true => Ok(settings),
        false => Err(reader.problems),
    }
}

fn not_toml(error: &toml::de::Error) -> Problem {
    let message = error.message().lines().collect::<Vec<_>>().join(", ");
    let remedy = match message.as_str() {
        "duplicate key" => "a key or a table can be there only once: put both together",
        _ => "see https://toml.io/en/v1.0.0 for how TOML is written",
    };
    Problem::new(error.span().unwrap_or_default(), message, remedy)
}

impl Reader {
    fn document(&mut self, document: &Spanned<DeTable<'_>>, text: &str) -> Settings {
        let mut settings = Settings {
            version: crate::config::version_of(text),
            enabled: Said::by_nobody(true),
            annotate_pods: Said::by_nobody(true),
            registry_mirrors: Said::by_nobody(Vec::new()),
            mirrors: Mirrors::default(),
            templates: Vec::new(),
            profiles: Vec::new(),
            overrides: Vec::new(),
        };
        let (mut version, mut templates) = (None, None);
        let (mut profiles, mut overrides) = (None, None);
        for (key, value) in in_order(document.get_ref()) {
            match key.get_ref().as_ref() {
                "version" => version = Some(value),
                "enabled" => {
                    settings.enabled = Said {
                        value: self.flag(value, "enabled").unwrap_or(true),
                        from: self.origin(key.span().start),
                    }
                }
                "annotate-pods" => {
                    settings.annotate_pods = Said {
                        value: self.flag(value, "annotate-pods").unwrap_or(true),
                        from: self.origin(key.span().start),
                    }
                }
                "registry-mirrors" => {
                    settings.registry_mirrors = Said {
                        value: self.mirrors(value),
                        from: self.origin(key.span().start),
                    }
                }
                "templates" => templates = Some(value),
                "profiles" => profiles = Some(value),
                "overrides" => overrides = Some(value),
                _ => self.unknown(key, "key", &KEYS),
            }
        }
        self.version(version);
        settings.mirrors = Mirrors::new(settings.registry_mirrors());
        let (shipped_templates, shipped_profiles) = match self.shipped {
            true => Default::default(),
            false => shipped(),
        };
        settings.templates = template_table::read(self, templates, shipped_templates);
        let table = profiles.and_then(|value| self.table(value, "profiles"));
        settings.profiles = profile_table::read(self, table, shipped_profiles);
        if let Some(value) = overrides {
            settings.overrides = override_table::read(self, value, &settings);
        }
        settings
    }

    fn version(&mut self, value: Option<&Value<'_>>) {
        const REMEDY: &str = "begin the file with `version = 1`";
        let Some(value) = value else {
            let message = "the configuration does not say which version of its grammar it is in";
            return self.problem(0..0, message.to_owned(), REMEDY);
        };
        let version = value.get_ref().as_integer();
        let is_ours = |version: &toml::de::DeInteger<'_>| {
            version.radix() == 10 && version.as_str() == GRAMMAR
        };
        if !version.is_some_and(is_ours) {
            let message = "this program reads version 1 of the configuration, and no other";
            self.problem(value.span(), message.to_owned(), REMEDY);
        }
    }

    fn mirrors(&mut self, value: &Value<'_>) -> Vec<String> {
        let takes = "a list of what mirrors put before the names of images, like [\"mirror.example/docker.io\"]";
        let texts = self.texts(value, "registry-mirrors", takes, is_mirror);
        texts.into_iter().map(str::to_owned).collect()
    }
}

/// A registry, with a path or without one, and nothing of an image.
fn is_mirror(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._:/".contains(c);
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.chars().all(plain)
        && !text.contains("//")
}
