//! What there is to say of one field, and of one practice.

use serde::{Deserialize, Deserializer, Serialize};

use crate::rules::find;

/// How many practices there are.
pub const PRACTICES: usize = 10;

/// How it stands with each practice: the first is the sum of the others.
pub type Practices = [Cell; PRACTICES];

/// How it stands with a practice: what comes later is worse.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub enum Cell {
    /// It is met.
    #[default]
    Met,
    /// It is not met, and the profile does not ask for it.
    Beyond,
    /// Somebody asked for something else than the profile says.
    Excepted,
    /// It is not met, and the profile steps back.
    SteppedBack,
    /// The author chose otherwise.
    Unsafe,
    /// It is not met, and the profile would fill it in.
    Open,
}

impl Cell {
    /// All of them, the best first.
    pub const ALL: [Self; 6] = [
        Self::Met,
        Self::Beyond,
        Self::Excepted,
        Self::SteppedBack,
        Self::Unsafe,
        Self::Open,
    ];

    /// In a word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Beyond => "beyond",
            Self::Excepted => "excepted",
            Self::SteppedBack => "stepped-back",
            Self::Unsafe => "unsafe",
            Self::Open => "open",
        }
    }
}

/// What there is to say of one field.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Entry {
    /// The rule's id.
    pub rule: &'static str,
    /// The container; empty for the pod as a whole.
    pub container: String,
    /// What became of it.
    pub state: State,
    /// The field's path from the container or the pod; empty where a rule says one thing of several.
    pub field: String,
    /// What would be set, as JSON; what the author chose; or who asked for an exception.
    pub value: String,
    /// Why, beyond what the rule's own documentation says.
    pub why: String,
    /// An exception without which the rule would leave all as it is.
    pub idle: bool,
}

/// An entry as it is written, in which the rule is any text.
#[derive(Deserialize)]
struct Written {
    rule: String,
    container: String,
    state: State,
    field: String,
    value: String,
    why: String,
    idle: bool,
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = Written::deserialize(deserializer)?;
        Ok(Self {
            rule: find(&written.rule).map_or("", |rule| rule.id),
            container: written.container,
            state: written.state,
            field: written.field,
            value: written.value,
            why: written.why,
            idle: written.idle,
        })
    }
}

/// What became of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum State {
    /// It is missing, and the profile would set it.
    Missing,
    /// It is there by nobody's word but the API server's, and the profile would take it out.
    Superfluous,
    /// The author chose it, against the practice.
    Unsafe,
    /// It is missing, and the profile steps back.
    SteppedBack,
    /// Somebody asked for something else than the profile says.
    Excepted,
    /// It is there, and meets the practice.
    Met,
}

impl State {
    /// In a word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Superfluous => "superfluous",
            Self::Unsafe => "unsafe",
            Self::SteppedBack => "stepped-back",
            Self::Excepted => "excepted",
            Self::Met => "met",
        }
    }

    /// Whether the profile would change something.
    #[must_use]
    pub fn is_gap(self) -> bool {
        matches!(self, Self::Missing | Self::Superfluous)
    }
}
