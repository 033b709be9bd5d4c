//! `defaults.toml` to [`Settings`]: read strictly, all errors of a file at once.

mod effective;
mod error;
mod exceptions;
mod image;
mod overrides;
mod profile;
mod read;
mod schema;
mod show;
mod templates;
mod value;

use std::fmt::Write;

pub use effective::Effective;
pub use error::{ConfigError, Problem};
pub use exceptions::{ALL, EXCEPT};
pub use overrides::Override;
pub use profile::{Change, Origin, Profile, Said, Setting};
pub use schema::schema;
pub use show::{show, show_profiles};
pub use templates::{CustomTemplates, EVERY};

/// The file that is compiled in, and that users copy.
pub const EMBEDDED: &str = include_str!("../defaults.toml");

/// Bytes of the configuration's digest that make its version.
const VERSION_BYTES: usize = 6;

/// A configuration: its profiles and overrides, and which text it came from.
#[derive(Clone, Debug)]
pub struct Settings {
    version: String,
    enabled: Said<bool>,
    annotate_pods: Said<bool>,
    registry_mirrors: Said<Vec<String>>,
    mirrors: image::Mirrors,
    templates: Vec<CustomTemplates>,
    profiles: Vec<Profile>,
    overrides: Vec<Override>,
}

impl Settings {
    /// The configuration that is compiled in.
    ///
    /// # Panics
    ///
    /// Never in a release: a test below reads the same text.
    #[must_use]
    #[expect(
        clippy::expect_used,
        reason = "a test proves that the compiled-in text is accepted"
    )]
    pub fn embedded() -> Self {
        Self::parse(EMBEDDED, "defaults.toml").expect("the embedded configuration is accepted")
    }

    /// Reads the text of a configuration; `file` is what errors call it.
    ///
    /// # Errors
    ///
    /// Every problem of the text, each with line, column and remedy.
    pub fn parse(text: &str, file: &str) -> Result<Self, ConfigError> {
        read::settings(text).map_err(|problems| ConfigError::new(file, text, problems))
    }

    /// Whether anything is patched at all.
    #[must_use]
    pub fn enabled(&self) -> bool {
        self.enabled.value
    }

    /// Whether a pod is told, in an annotation, what was set.
    #[must_use]
    pub fn annotates_pods(&self) -> bool {
        self.annotate_pods.value
    }

    /// What mirrors put before the names of images, which is taken off before images are compared.
    #[must_use]
    pub fn registry_mirrors(&self) -> &[String] {
        &self.registry_mirrors.value
    }

    /// The ways to the templates of pods in a custom resource; none where it is not known to have any.
    #[must_use]
    pub fn templates(&self, group: &str, version: &str, kind: &str) -> &[Vec<String>] {
        templates::find(&self.templates, group, version, kind)
    }

    /// The profile called `name`.
    #[must_use]
    pub fn profile(&self, name: &str) -> Option<&Profile> {
        self.profiles.iter().find(|profile| profile.name == name)
    }

    /// The same, in the normal form of names.
    fn mirrors(&self) -> &image::Mirrors {
        &self.mirrors
    }

    /// All profiles: the shipped ones that the file has not, then those of the file, in its order.
    #[must_use]
    pub fn profiles(&self) -> &[Profile] {
        &self.profiles
    }

    /// The names of all profiles, in the order of the file.
    pub fn profile_names(&self) -> impl Iterator<Item = &str> {
        self.profiles.iter().map(|profile| profile.name.as_str())
    }

    /// The overrides, in the order of the file.
    #[must_use]
    pub fn overrides(&self) -> &[Override] {
        &self.overrides
    }

    /// The same without the override at `index`.
    #[must_use]
    pub fn without_override(&self, index: usize) -> Self {
        let mut other = self.clone();
        if index < other.overrides.len() {
            other.overrides.remove(index);
        }
        other
    }

    /// A short digest of the text: equal texts have equal versions, on every replica.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }
}

fn version_of(text: &str) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    let mut version = String::with_capacity(2 * VERSION_BYTES);
    for byte in digest.as_ref().iter().take(VERSION_BYTES) {
        // Writing to a String cannot fail.
        let _ = write!(version, "{byte:02x}");
    }
    version
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_configuration_is_accepted() {
        let settings = Settings::parse(EMBEDDED, "defaults.toml");
        let settings = settings.map_err(|error| error.to_string());
        assert!(settings.is_ok(), "{settings:?}");
    }
}
