//! What the rules did, each thing once, with all the places where they did it: what every record is made of, so that no two
//! of them can differ.

use super::clean;
use super::hash::{hash, push_hex};
use crate::json::put;
use crate::rule::{Exception, Field, Finding, Granted, Place, Verdict};

/// The place that is no container: the pod as a whole. No container can be called so.
pub const POD: &str = "(pod)";

/// The most places that a record lists of one thing; a pod with more containers is told of by their number.
const MAX_PLACES: usize = 100;

/// How many things rules say of most pods, about.
const ABOUT: usize = 32;

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

    /// The hash of what is set: it tells apart what nothing else does, folders that are called after their containers.
    fn hash(&self) -> Option<u32> {
        match self {
            Self::Set(_, hash) => Some(*hash),
            _ => None,
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
        let mut all = All {
            said: Vec::with_capacity(findings.len().min(ABOUT)),
            speakers: Vec::with_capacity(findings.len().min(ABOUT)),
        };
        let mut shown = String::new();
        // Rules say the same of most containers, in the same order: what follows is looked at first, and is not hashed again.
        let mut next = 0;
        for of_one in findings.chunk_by(|a, b| a.place == b.place) {
            shown.clear();
            match of_one.first().map(|finding| finding.place) {
                Some(Place::Container { name, .. }) => clean::show(&mut shown, name),
                Some(Place::Pod) | None => shown.push_str(POD),
            }
            for finding in of_one {
                let at = match all.says(next, finding) {
                    true => next,
                    false => all.position(finding),
                };
                all.add(at, finding.place, &shown);
                next = at + 1;
            }
        }
        all.said
    }

    /// The places, cleaned: a hundred of them at most.
    pub fn places(&self) -> impl Iterator<Item = &str> {
        let mut rest = Some(self.places.as_str());
        // The names are short: to look at each byte takes less than a search by many at once, as `split` does.
        std::iter::from_fn(move || {
            let all = rest.take()?;
            match all.bytes().position(|byte| byte == b',') {
                None => Some(all),
                Some(end) => {
                    rest = all.get(end + 1..);
                    all.get(..end)
                }
            }
        })
    }

    /// How many places are not among [`Self::places`].
    #[must_use]
    pub fn more(&self) -> usize {
        self.count.saturating_sub(MAX_PLACES)
    }

    /// Appends it as the decision log has it, whose schema is `super::schema`. Nothing in it needs escaping: names of ours, and
    /// what is cleaned.
    pub(super) fn write(&self, json: &mut String) {
        json.push_str(r#"{"rule":""#);
        json.push_str(self.rule);
        json.push_str(r#"","result":""#);
        json.push_str(self.what.outcome().as_str());
        if let What::Set(field, _) | What::Removed(field) | What::Kept { field, .. } = self.what {
            json.push_str(r#"","field":""#);
            push_path(json, field);
        }
        match &self.what {
            What::Set(_, hash) => {
                json.push_str(r#"","hash":""#);
                push_hex(json, *hash);
                json.push('"');
            }
            What::Removed(_) => json.push_str(r#"","removed":true"#),
            What::Kept { said, .. } => {
                json.push_str(r#"","said":""#);
                json.push_str(said);
                json.push('"');
            }
            What::SteppedBack(reason) => {
                json.push_str(r#"","reason":""#);
                json.push_str(reason);
                json.push('"');
            }
            What::Excepted { by, words } => {
                json.push_str(r#"","by":""#);
                json.push_str(by.as_str());
                json.push_str(r#"","words":""#);
                json.push_str(words);
                json.push('"');
            }
        }
        json.push_str(r#","places":[""#);
        match self.count {
            1 => json.push_str(&self.places),
            _ => {
                for (i, place) in self.places().enumerate() {
                    json.push_str(if i == 0 { "" } else { r#"",""# });
                    json.push_str(place);
                }
            }
        }
        json.push_str("\"]");
        if self.more() > 0 {
            put(json, "more_places", self.more());
        }
        json.push('}');
    }
}

/// All that was said, while findings are gone through.
struct All<'f> {
    said: Vec<Said>,
    /// Who said each first, and where it was said last: two findings of one place count once.
    speakers: Vec<(&'f Finding<'f>, Option<Place<'f>>)>,
}

impl<'f> All<'f> {
    /// Whether the finding says what is at a position, word for word.
    fn says(&self, at: usize, finding: &Finding<'_>) -> bool {
        self.speakers.get(at).is_some_and(|(first, _)| {
            std::ptr::eq(first.rule, finding.rule) && first.verdict == finding.verdict
        })
    }

    /// The position of what the finding says, which may be the next one.
    fn position(&mut self, finding: &'f Finding<'f>) -> usize {
        let what = What::of(&finding.verdict);
        let hash = what.hash();
        let is_same = |said: &Said| {
            said.what.hash() == hash && said.rule == finding.rule && said.what == what
        };
        let known = self.said.iter().position(is_same);
        known.unwrap_or_else(|| {
            self.said.push(Said {
                rule: finding.rule,
                what,
                places: String::with_capacity(32),
                count: 0,
            });
            self.speakers.push((finding, None));
            self.said.len() - 1
        })
    }

    /// Adds a place, which is shown as `shown`, to what is at a position.
    fn add(&mut self, at: usize, place: Place<'f>, shown: &str) {
        let (Some(said), Some((_, last))) = (self.said.get_mut(at), self.speakers.get_mut(at))
        else {
            return;
        };
        if last.replace(place) == Some(place) {
            return;
        }
        said.count += 1;
        if said.count > MAX_PLACES {
            return;
        }
        if said.count > 1 {
            said.places.push(',');
        }
        said.places.push_str(shown);
    }
}

/// Appends a field as records name it: `securityContext.capabilities.drop[]`, the entries of a list by `[]`.
pub(super) fn push_path(text: &mut String, field: Field) {
    text.push_str(field.as_str());
    if field.is_list() {
        text.push_str("[]");
    }
}
