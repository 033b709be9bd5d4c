//! A rule's options: declared by the rule, read from the configuration, rendered to JSON once.

use crate::quantity::Quantity;

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

/// The word for no amount at all.
pub const NONE: &str = "none";

/// What an option takes, with its default.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Names of Linux capabilities, as Kubernetes writes them: upper case, without `CAP_`.
    Capabilities(&'static [&'static str]),
    /// Absolute paths in a container, none of them in another.
    Paths(&'static [&'static str]),
    /// One of these words; the first is the default.
    Choice(&'static [&'static str]),
    /// `true` or `false`.
    Flag(bool),
    /// An amount above zero, as Kubernetes writes one: `100m`, `512Mi`.
    Amount(&'static str),
    /// Such an amount, or `none`.
    AmountOrNone(&'static str),
    /// Annotations of pods: keys, or `key=value`.
    Annotations(&'static [&'static str]),
    /// Any text.
    Text(&'static str),
    /// A user: a number from 10000 to 65533, in an override of images from 1; `namespace` or `image`.
    Uid(u16),
}

/// An option's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A list of names.
    Names(Vec<Name>),
    /// A word or a text.
    Text(Name),
    /// On or off.
    Flag(bool),
    /// A user.
    Uid(Uid),
}

impl Kind {
    /// The value where nobody says.
    #[must_use]
    pub fn default_value(self) -> Value {
        match self {
            Self::Annotations(names) | Self::Capabilities(names) | Self::Paths(names) => {
                Value::Names(names.iter().map(|name| Name::new(name)).collect())
            }
            Self::Choice(words) => {
                Value::Text(Name::new(words.first().copied().unwrap_or_default()))
            }
            Self::Amount(text) | Self::AmountOrNone(text) | Self::Text(text) => {
                Value::Text(Name::new(text))
            }
            Self::Flag(on) => Value::Flag(on),
            Self::Uid(uid) => Value::Uid(Uid::Number(uid)),
        }
    }
}

/// Which user a container runs as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Uid {
    /// This one.
    Number(u16),
    /// One of the namespace's own (G1, G2).
    Namespace,
    /// The one that the image names, which must be a number other than 0 (X1).
    Image,
}

/// A name, and what is made of it once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The name.
    pub text: String,
    /// The name as a JSON string.
    pub json: String,
    /// The amount that it writes, if it writes one.
    pub amount: Option<Quantity>,
}

impl Name {
    /// `text`, rendered once.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            json: serde_json::Value::from(text).to_string(),
            amount: Quantity::parse(text),
        }
    }
}

/// The options of one rule in one profile, in the order of [`super::Rule::keys`].
///
/// Each reader takes the position of a key. A test reads every key of every rule, so that a wrong one cannot be shipped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options(Vec<Value>);

impl Options {
    /// Options from values in the order of the rule's keys.
    #[must_use]
    pub fn new(values: Vec<Value>) -> Self {
        Self(values)
    }

    /// Adds to the list at `key`; an entry that begins with `!` takes one away.
    pub(crate) fn merge(&mut self, key: usize, given: &[Name]) {
        let Some(Value::Names(names)) = self.0.get_mut(key) else {
            return;
        };
        for name in given {
            match name.text.strip_prefix('!') {
                Some(gone) => names.retain(|other| other.text != gone),
                None if names.contains(name) => {}
                None => names.push(name.clone()),
            }
        }
    }

    /// Sets the value at `key`.
    pub(crate) fn set(&mut self, key: usize, value: Value) {
        if let Some(there) = self.0.get_mut(key) {
            *there = value;
        }
    }

    /// The values, in the order of the rule's keys.
    pub(crate) fn values(&self) -> &[Value] {
        &self.0
    }

    /// The list of names at `key`.
    #[must_use]
    pub fn names(&self, key: usize) -> &[Name] {
        match self.0.get(key) {
            Some(Value::Names(names)) => names,
            _ => &[],
        }
    }

    /// The word or text at `key`.
    #[must_use]
    pub fn text(&self, key: usize) -> &str {
        self.name(key).map_or("", |name| &name.text)
    }

    /// The same, with what is made of it once.
    #[must_use]
    pub fn name(&self, key: usize) -> Option<&Name> {
        match self.0.get(key) {
            Some(Value::Text(name)) => Some(name),
            _ => None,
        }
    }

    /// Whether `key` is on.
    #[must_use]
    pub fn flag(&self, key: usize) -> bool {
        matches!(self.0.get(key), Some(Value::Flag(true)))
    }

    /// The user at `key`.
    #[must_use]
    pub fn uid(&self, key: usize) -> Option<Uid> {
        match self.0.get(key) {
            Some(Value::Uid(uid)) => Some(*uid),
            _ => None,
        }
    }
}
