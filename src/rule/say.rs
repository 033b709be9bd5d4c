//! What rules say, and the only way for them to say it.

use std::borrow::Cow;

use super::{Field, Reason, Rule};
use crate::object::{Container, ContainerKind};

/// Something that a rule found at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding<'a> {
    /// The rule's id.
    pub rule: &'static str,
    /// Where.
    pub place: Place<'a>,
    /// What.
    pub verdict: Verdict<'a>,
}

/// What a finding is about.
#[derive(Clone, Copy, Debug)]
pub enum Place<'a> {
    /// A container, by list and position; its name is for people.
    Container {
        /// What kind of container.
        kind: ContainerKind,
        /// Its position in its list.
        index: usize,
        /// Its name, as the author wrote it: not checked by anybody yet.
        name: &'a str,
    },
    /// The pod as a whole.
    Pod,
}

/// By list and position: two places are always of one pod.
impl PartialEq for Place<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.position() == other.position()
    }
}

impl Eq for Place<'_> {}

impl<'a> Place<'a> {
    /// The place of a container.
    #[must_use]
    pub fn of(container: Container<'a>) -> Self {
        Self::Container {
            kind: container.kind,
            index: container.index,
            name: container.spec.name(),
        }
    }

    fn position(self) -> Option<(ContainerKind, usize)> {
        match self {
            Self::Container { kind, index, .. } => Some((kind, index)),
            Self::Pod => None,
        }
    }

    /// The container's name; empty for the pod.
    #[must_use]
    pub fn name(self) -> &'a str {
        match self {
            Self::Container { name, .. } => name,
            Self::Pod => "",
        }
    }
}

/// What a rule says of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict<'a> {
    /// It was missing: it is set to this JSON. In a list, this entry is added.
    Set(Field, Cow<'a, str>),
    /// The entry at this position of a list is taken out: nobody wrote it but the API server.
    Removed(Field, usize),
    /// Its author chose it: it stays.
    Kept(Choice<'a>),
    /// It is missing and stays so.
    SteppedBack(Reason),
    /// Somebody asked for something else than the profile says.
    Excepted(Exception<'a>),
}

/// Something else than the profile says, and who asked for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exception<'a> {
    /// Whether it is granted, and by whom.
    pub granted: Granted,
    /// Why, in their words, which nobody checked; where there is no such rule, the name that was given.
    pub words: &'a str,
}

/// Whether an exception is granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Granted {
    /// An override of the configuration says so.
    ByOverride,
    /// The pod's author says so, and the profile lets authors except this rule.
    ByAuthor,
    /// The profile does not let authors except this rule: nothing is changed by it.
    NotByProfile,
    /// The author gives no reason: nothing is changed by it.
    WithoutReason,
    /// There is no such rule.
    NoSuchRule,
}

impl Granted {
    /// In a word or two.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ByOverride => "override",
            Self::ByAuthor => "author",
            Self::NotByProfile => "not granted by the profile",
            Self::WithoutReason => "not granted without a reason",
            Self::NoSuchRule => "there is no such rule",
        }
    }
}

impl Verdict<'_> {
    /// Whether the pod is changed by it.
    #[must_use]
    pub fn changes(&self) -> bool {
        matches!(self, Self::Set(..) | Self::Removed(..))
    }
}

/// An author's choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice<'a> {
    /// The field.
    pub field: Field,
    /// Who said so: the container, or the pod for all of its silent containers (E2).
    pub level: Level,
    /// What was chosen, as people say it.
    pub said: Cow<'a, str>,
    /// Whether the practice is met by it. One that is not is reported.
    pub safe: bool,
}

impl<'a> Choice<'a> {
    /// What the pod says.
    #[must_use]
    pub fn of_pod(field: Field, said: impl Into<Cow<'a, str>>, safe: bool) -> Self {
        Self {
            level: Level::Pod,
            ..Self::own(field, said, safe)
        }
    }

    /// What the container itself says.
    #[must_use]
    pub fn own(field: Field, said: impl Into<Cow<'a, str>>, safe: bool) -> Self {
        Self {
            field,
            level: Level::Container,
            said: said.into(),
            safe,
        }
    }
}

/// Where in a pod something was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// By the container.
    Container,
    /// By the pod, for every container that is silent.
    Pod,
}

/// Where a rule says what it has to say.
#[derive(Debug)]
pub struct Say<'s, 'a> {
    findings: &'s mut Vec<Finding<'a>>,
    rule: &'static Rule,
    place: Place<'a>,
}

impl<'s, 'a> Say<'s, 'a> {
    pub(crate) fn new(
        findings: &'s mut Vec<Finding<'a>>,
        rule: &'static Rule,
        place: Place<'a>,
    ) -> Self {
        Self {
            findings,
            rule,
            place,
        }
    }

    /// The field is missing: set it to `json`, or add the entry `json` where the field is a list.
    pub fn set(&mut self, field: Field, json: impl Into<Cow<'a, str>>) {
        self.push(Verdict::Set(field, json.into()));
    }

    /// The API server put the entry at `index` into the list: take it out.
    pub fn remove(&mut self, field: Field, index: usize) {
        self.push(Verdict::Removed(field, index));
    }

    /// To say something of one container.
    pub fn of(&mut self, container: Container<'a>) -> Say<'_, 'a> {
        Say::new(self.findings, self.rule, Place::of(container))
    }

    /// The field is the author's choice: keep it.
    pub fn keep(&mut self, choice: Choice<'a>) {
        self.push(Verdict::Kept(choice));
    }

    /// The field is missing and stays so, for `reason`.
    pub fn step_back(&mut self, reason: Reason) {
        self.push(Verdict::SteppedBack(reason));
    }

    fn push(&mut self, verdict: Verdict<'a>) {
        self.findings.push(Finding {
            rule: self.rule.id,
            place: self.place,
            verdict,
        });
    }
}
