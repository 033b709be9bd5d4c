//! Warnings: what `kubectl` shows to whoever sent the object. A handful, a line each, and only what a person can act on.

use std::fmt::Write;

use super::clean::{cut, show, show_words};
use crate::admission::Mode;
use crate::rule::{Exception, Field, Finding, Granted, Place, Reason, Verdict};

/// The most warnings of one reply: a handful. An API server that has 4,096 characters of them cuts every one short (J9), and
/// who applies thirty manifests reads none of three hundred.
const MAX_WARNINGS: usize = 5;

/// The most bytes of one warning (J9: 256 may be cut; the aim is 120).
const MAX_BYTES: usize = 240;

/// The most names in one warning.
const MAX_NAMES: usize = 4;

/// The warnings for `findings`: unsafe choices that were kept, steps back, and what the profile would set where nothing is
/// patched (`audit`).
#[must_use]
pub fn warnings(mode: Mode, profile: &str, findings: &[Finding<'_>]) -> Vec<String> {
    let mut lines = Lines(Vec::new());
    // First what needs a person.
    findings
        .iter()
        .for_each(|finding| lines.unsafe_choice(finding));
    findings.iter().for_each(|finding| lines.step_back(finding));
    findings.iter().for_each(|finding| lines.exception(finding));
    if mode == Mode::Audit {
        findings.iter().for_each(|finding| lines.would_set(finding));
    }
    lines.render(profile)
}

/// What one warning is about; findings of the same topic share it.
#[derive(PartialEq, Eq)]
enum Topic<'f> {
    WouldSet(&'static str),
    Unsafe(Field, &'f str),
    SteppedBack(Reason),
    Excepted(Exception<'f>),
}

/// One warning to be.
struct Line<'f> {
    topic: Topic<'f>,
    rules: Vec<&'f str>,
    settings: Vec<String>,
    containers: Vec<&'f str>,
}

struct Lines<'f>(Vec<Line<'f>>);

impl<'f> Lines<'f> {
    fn would_set(&mut self, finding: &'f Finding<'f>) {
        let setting = match &finding.verdict {
            Verdict::Set(field, json) => setting(*field, json),
            Verdict::Removed(field, _) => format!("{field} - 1"),
            Verdict::Kept(_) | Verdict::SteppedBack(_) | Verdict::Excepted(_) => return,
        };
        let line = self.line(Topic::WouldSet(finding.rule), finding);
        if !line.settings.contains(&setting) {
            line.settings.push(setting);
        }
    }

    fn unsafe_choice(&mut self, finding: &'f Finding<'f>) {
        if let Verdict::Kept(choice) = &finding.verdict
            && !choice.safe
        {
            self.line(Topic::Unsafe(choice.field, &choice.said), finding);
        }
    }

    fn step_back(&mut self, finding: &'f Finding<'f>) {
        if let Verdict::SteppedBack(reason) = finding.verdict {
            self.line(Topic::SteppedBack(reason), finding);
        }
    }

    fn exception(&mut self, finding: &'f Finding<'f>) {
        if let Verdict::Excepted(exception) = finding.verdict {
            self.line(Topic::Excepted(exception), finding);
        }
    }

    fn line(&mut self, topic: Topic<'f>, finding: &'f Finding<'f>) -> &mut Line<'f> {
        let at = self
            .0
            .iter()
            .position(|line| line.topic == topic)
            .unwrap_or_else(|| {
                self.0.push(Line {
                    topic,
                    rules: Vec::new(),
                    settings: Vec::new(),
                    containers: Vec::new(),
                });
                self.0.len() - 1
            });
        // `at` is the position just found or made.
        #[expect(
            clippy::indexing_slicing,
            reason = "the position was found or made above"
        )]
        let line = &mut self.0[at];
        add(&mut line.rules, finding.rule);
        if let Place::Container { name, .. } = finding.place {
            add(&mut line.containers, name);
        }
        line
    }

    fn render(self, profile: &str) -> Vec<String> {
        let all = self.0.len();
        let shown = if all > MAX_WARNINGS {
            MAX_WARNINGS - 1
        } else {
            all
        };
        let mut warnings: Vec<String> = self
            .0
            .iter()
            .take(shown)
            .map(|line| line.render(profile))
            .collect();
        if all > shown {
            warnings.push(self.rest(profile, shown));
        }
        warnings
    }

    /// What all but the first `shown` lines are about.
    fn rest(&self, profile: &str, shown: usize) -> String {
        let lines = || self.0.iter().skip(shown);
        let mut rules = Vec::new();
        for line in lines() {
            line.rules.iter().for_each(|rule| add(&mut rules, rule));
        }
        let (rest, rules) = (lines().count(), rules.join(", "));
        let mut text = format!(
            "pod-hardener {profile}: and {rest} more, all in the API server's audit log: {rules}"
        );
        cut(&mut text, MAX_BYTES);
        text
    }
}

impl Line<'_> {
    fn render(&self, profile: &str) -> String {
        let mut text = format!("pod-hardener {profile}: ");
        names(&mut text, &self.containers);
        // Writing to a String cannot fail.
        let _ = match &self.topic {
            Topic::WouldSet(rule) => {
                let settings = self.settings.join(", ");
                write!(
                    text,
                    ": {rule} would set {settings}; write your own to differ"
                )
            }
            Topic::Unsafe(field, said) => {
                let _ = write!(text, ": {field}: ");
                show(&mut text, said);
                write!(
                    text,
                    " is kept, as written, against {}",
                    self.rules.join(", ")
                )
            }
            Topic::Excepted(exception) => {
                let rules = self.rules.join(", ");
                let quoted = |text: &mut String, what: &str| {
                    text.push_str(what);
                    text.push_str(", \"");
                    show_words(text, exception.words);
                    let _ = write!(text, "\": {rules}");
                };
                match exception.granted {
                    // The reason before the rules: what is too long is cut.
                    Granted::ByOverride => quoted(&mut text, ": overridden"),
                    Granted::ByAuthor => quoted(&mut text, ": excepted by its annotation"),
                    Granted::NotByProfile => {
                        let why = "the profile does not let authors do so";
                        let _ = write!(text, ": not excepted, since {why}: {rules}");
                    }
                    Granted::WithoutReason => {
                        let why = "its annotation gives no reason";
                        let _ = write!(text, ": not excepted, since {why}: {rules}");
                    }
                    Granted::NoSuchRule => {
                        text.push_str(
                            ": its annotation excepts it from a rule that there is not: ",
                        );
                        show_words(&mut text, exception.words);
                    }
                }
                Ok(())
            }
            Topic::SteppedBack(reason) => {
                write!(
                    text,
                    ": {} stepped back: {}",
                    self.rules.join(", "),
                    reason.text
                )
            }
        };
        cut(&mut text, MAX_BYTES);
        text
    }
}

/// `securityContext.runAsUser: 10001`, `securityContext.capabilities.drop + ALL`, `spec.volumes + 1`: the path says where to
/// write another.
fn setting(field: Field, json: &str) -> String {
    match (field.is_list(), json.strip_prefix('{')) {
        // The value of an annotation may have parts that are its author's.
        _ if field.is_annotation() => field.to_string(),
        (true, Some(_)) => format!("{field} + 1"),
        (true, None) => format!("{field} + {}", json.trim_matches('"')),
        (false, _) => format!("{field}: {}", json.trim_matches('"')),
    }
}

/// `container web`, `containers web, db`, `containers a, b, c, d and 3 more`.
fn names(text: &mut String, containers: &[&str]) {
    if containers.is_empty() {
        return text.push_str("the pod");
    }
    text.push_str(if containers.len() == 1 {
        "container "
    } else {
        "containers "
    });
    for (i, name) in containers.iter().take(MAX_NAMES).enumerate() {
        if i > 0 {
            text.push_str(", ");
        }
        show(text, name);
    }
    if let Some(more) = containers
        .len()
        .checked_sub(MAX_NAMES)
        .filter(|more| *more > 0)
    {
        let _ = write!(text, " and {more} more");
    }
}

fn add<'f>(list: &mut Vec<&'f str>, entry: &'f str) {
    if !list.contains(&entry) {
        list.push(entry);
    }
}
