//! What the rules did, each thing once, with all the places where they did it: what every record is made of, so that no two
//! of them can differ.

use super::clean;
use super::hash::{hash, push_hex};
use super::json::{list, member, name, put, quoted};
use crate::rule::{Exception, Field, Finding, Granted, Place, Verdict};

/// The place that is no container: the pod as a whole. No container can be called so.
pub const POD: &str = "(pod)";

/// The most places that a record lists of one thing; a pod with more containers is told of by their number.
const MAX_PLACES: usize = 100;

/// One thing that a rule did, in one or more places of a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The rule's id.
    pub rule: &'static str,
    /// What it did.
    pub what: What,
    /// The containers' names, cleaned, with commas between; [`POD`] for the pod as a whole.
    pub places: String,
    /// How many places there are.
    pub count: usize,
}

/// What a rule did, of which everything out of the cluster is cleaned already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// The field was missing and is set to the value of this hash; of a list, an entry was added.
    Set(Field, u32),
    /// An entry that the API server had put into the list is taken out.
    Removed(Field),
    /// The author's choice is kept.
    Kept {
        /// Of this field.
        field: Field,
        /// What was chosen.
        said: String,
        /// Whether the practice is met by it.
        safe: bool,
    },
    /// The field is missing and stays so, for the reason of this id.
    SteppedBack(&'static str),
    /// Somebody asked for something else than the profile says.
    Excepted {
        /// Whether it is granted, and by whom.
        by: Granted,
        /// Their words.
        words: String,
    },
}

/// What became of a rule: its name in the decision log and in the metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Something was set, or would be.
    Set,
    /// A choice that meets the practice was kept.
    Kept,
    /// A choice that does not meet the practice was kept.
    KeptUnsafe,
    /// It stepped back.
    SteppedBack,
    /// It was excepted, or somebody asked for that.
    Excepted,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Set,
        Self::Kept,
        Self::KeptUnsafe,
        Self::SteppedBack,
        Self::Excepted,
    ];

    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Set => "set",
            Self::Kept => "kept",
            Self::KeptUnsafe => "kept-unsafe",
            Self::SteppedBack => "stepped-back",
            Self::Excepted => "excepted",
        }
    }
}

impl What {
    fn of(verdict: &Verdict<'_>) -> Self {
        match verdict {
            Verdict::Set(field, json) => Self::Set(*field, hash(json)),
            Verdict::Removed(field, _) => Self::Removed(*field),
            Verdict::Kept(choice) => Self::Kept {
                field: choice.field,
                said: clean::shown(&choice.said),
                safe: choice.safe,
            },
            Verdict::SteppedBack(reason) => Self::SteppedBack(reason.id),
            Verdict::Excepted(Exception { granted, words }) => Self::Excepted {
                by: *granted,
                words: clean::words(words),
            },
        }
    }

    /// What it counts as.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Set(..) | Self::Removed(_) => Outcome::Set,
            Self::Kept { safe: true, .. } => Outcome::Kept,
            Self::Kept { safe: false, .. } => Outcome::KeptUnsafe,
            Self::SteppedBack(_) => Outcome::SteppedBack,
            Self::Excepted { .. } => Outcome::Excepted,
        }
    }
}

impl Said {
    /// All that `findings` say, in the order of its first appearance.
    #[must_use]
    pub fn all(findings: &[Finding<'_>]) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::with_capacity(findings.len().min(32));
        // Who spoke last of each, so that two findings of one place count once.
        let mut last: Vec<Place<'_>> = Vec::with_capacity(findings.len().min(32));
        // Rules say the same of most containers, in the same order: what follows is looked at first.
        let mut next = 0;
        for finding in findings {
            let what = What::of(&finding.verdict);
            let is_same = |said: &Self| said.rule == finding.rule && said.what == what;
            let at = match all.get(next).is_some_and(is_same) {
                true => Some(next),
                false => all.iter().position(is_same),
            };
            let at = at.unwrap_or_else(|| {
                all.push(Self {
                    rule: finding.rule,
                    what,
                    places: String::new(),
                    count: 0,
                });
                last.push(finding.place);
                all.len() - 1
            });
            next = at + 1;
            if let (Some(said), Some(last)) = (all.get_mut(at), last.get_mut(at))
                && (said.count == 0 || *last != finding.place)
            {
                said.add(finding.place);
                *last = finding.place;
            }
        }
        all
    }

    fn add(&mut self, place: Place<'_>) {
        self.count += 1;
        if self.count > MAX_PLACES {
            return;
        }
        if self.count > 1 {
            self.places.push(',');
        }
        match place {
            Place::Pod => self.places.push_str(POD),
            Place::Container { name, .. } => clean::show(&mut self.places, name),
        }
    }

    /// The places, cleaned: a hundred of them at most.
    pub fn places(&self) -> impl Iterator<Item = &str> {
        self.places.split(',')
    }

    /// How many places are not among [`Self::places`].
    #[must_use]
    pub fn more(&self) -> usize {
        self.count.saturating_sub(MAX_PLACES)
    }

    /// Appends it as the decision log has it, whose schema is `super::schema`.
    pub(super) fn write(&self, json: &mut String) {
        json.push('{');
        member(json, "rule", self.rule);
        member(json, "result", self.what.outcome().as_str());
        if let What::Set(field, _) | What::Removed(field) | What::Kept { field, .. } = self.what {
            // The names of fields are plain.
            name(json, "field");
            json.push('"');
            push_path(json, field);
            json.push('"');
        }
        match &self.what {
            What::Set(_, hash) => {
                name(json, "hash");
                json.push('"');
                push_hex(json, *hash);
                json.push('"');
            }
            What::Removed(_) => put(json, "removed", true),
            What::Kept { said, .. } => member(json, "said", said),
            What::SteppedBack(reason) => member(json, "reason", reason),
            What::Excepted { by, words } => {
                member(json, "by", by.as_str());
                member(json, "words", words);
            }
        }
        name(json, "places");
        list(json, self.places(), quoted);
        if self.more() > 0 {
            put(json, "more_places", self.more());
        }
        json.push('}');
    }
}

/// Appends a field as records name it: `securityContext.capabilities.drop[]`, the entries of a list by `[]`.
pub(super) fn push_path(text: &mut String, field: Field) {
    for (i, name) in field.path.iter().enumerate() {
        if i > 0 {
            text.push('.');
        }
        text.push_str(name);
    }
    if field.list {
        text.push_str("[]");
    }
}
