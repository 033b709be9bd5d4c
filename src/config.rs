//! `defaults.toml` to [`Settings`]: read strictly, all errors of a file at once.

mod error;
mod read;
mod value;

use std::fmt::Write;

pub use error::{ConfigError, Problem};

use crate::rule::{Options, Rule};

/// The file that is compiled in, and that users copy.
pub const EMBEDDED: &str = include_str!("../defaults.toml");

/// Bytes of the configuration's digest that make its version.
const VERSION_BYTES: usize = 6;

/// A configuration: its profiles, and which text it came from.
#[derive(Clone, Debug)]
pub struct Settings {
    version: String,
    profiles: Vec<Profile>,
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
        let profiles =
            read::profiles(text).map_err(|problems| ConfigError::new(file, text, problems))?;
        Ok(Self {
            version: version_of(text),
            profiles,
        })
    }

    /// The profile called `name`.
    #[must_use]
    pub fn profile(&self, name: &str) -> Option<&Profile> {
        self.profiles.iter().find(|profile| profile.name == name)
    }

    /// The names of all profiles, in the order of the file.
    pub fn profile_names(&self) -> impl Iterator<Item = &str> {
        self.profiles.iter().map(|profile| profile.name.as_str())
    }

    /// A short digest of the text: equal texts have equal versions, on every replica.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }
}

/// The rules that a label switches on, and their options.
#[derive(Clone, Debug)]
pub struct Profile {
    name: String,
    rules: Vec<(&'static Rule, Options)>,
}

impl Profile {
    /// Its name: the label's value, and the last part of the webhook's path.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The rules that are on, in the order of [`crate::rules::RULES`].
    pub fn rules(&self) -> impl Iterator<Item = (&'static Rule, &Options)> {
        self.rules.iter().map(|(rule, options)| (*rule, options))
    }

    /// The options of the rule called `id`; `None` where the rule is off.
    #[must_use]
    pub fn options(&self, id: &str) -> Option<&Options> {
        self.rules
            .iter()
            .find(|(rule, _)| rule.id == id)
            .map(|(_, options)| options)
    }

    /// The same profile with its rules in the opposite order, which must make no difference.
    #[must_use]
    pub fn reversed(mut self) -> Self {
        self.rules.reverse();
        self
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
