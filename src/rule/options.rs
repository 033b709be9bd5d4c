//! A rule's options: declared by the rule, read from the configuration, rendered to JSON once.

/// An option that a rule knows, beside `enabled`.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Its name in the configuration.
    pub name: &'static str,
    /// What it takes, and what it is where nobody says.
    pub kind: Kind,
    /// What it is for.
    pub doc: &'static str,
}

/// What an option takes.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Names of Linux capabilities, as Kubernetes writes them: upper case, without `CAP_`.
    Capabilities(&'static [&'static str]),
}

impl Kind {
    /// The value where nobody says.
    #[must_use]
    pub fn default_value(self) -> Value {
        match self {
            Self::Capabilities(names) => {
                Value::Names(names.iter().map(|name| Name::new(name)).collect())
            }
        }
    }
}

/// An option's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A list of names.
    Names(Vec<Name>),
}

/// A name, and the JSON string of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The name.
    pub text: String,
    /// The name as a JSON string.
    pub json: String,
}

impl Name {
    /// `text`, rendered once.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            json: serde_json::Value::from(text).to_string(),
        }
    }
}

/// The options of one rule in one profile, in the order of [`super::Rule::keys`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options(Vec<Value>);

impl Options {
    /// Options from values in the order of the rule's keys.
    #[must_use]
    pub fn new(values: Vec<Value>) -> Self {
        Self(values)
    }

    /// The list of names at the position `key` of the rule's keys.
    #[must_use]
    pub fn names(&self, key: usize) -> &[Name] {
        match self.0.get(key) {
            Some(Value::Names(names)) => names,
            None => &[],
        }
    }
}
