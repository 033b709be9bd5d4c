//! The decision log: one admission as one line of JSON.

use serde::Serialize;

use super::Record;
use super::said::Said;

/// How much of each decision is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Nothing.
    Off,
    /// What was decided, and what each rule did in short.
    Summary,
    /// With every field and every reason.
    Full,
}

impl Level {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Off, Self::Summary, Self::Full];

    /// Its name, as it is on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Summary => "summary",
            Self::Full => "full",
        }
    }
}

/// The most bytes that the list of one record has, about: what is beyond is told of by its number.
const MAX_RULES: usize = 16 * 1_024;

/// What an entry of the list has beside its places, about.
const ENTRY: usize = 128;

/// A line, its keys in this order.
#[derive(Serialize)]
struct Line<'r> {
    time: &'r str,
    uid: &'r str,
    mode: &'static str,
    profile: &'r str,
    config: &'r str,
    operation: &'r str,
    kind: &'r str,
    namespace: &'r str,
    name: &'r str,
    generate_name: &'r str,
    owner: &'r str,
    dry_run: bool,
    outcome: &'static str,
    set: &'r str,
    kept: &'r str,
    stepped_back: &'r str,
    excepted: &'r str,
    annotation: &'static str,
    patch_bytes: usize,
    warnings: usize,
    duration_us: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    rules: Option<&'r [Said]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    more_rules: Option<usize>,
}

impl Record {
    /// The record as one line of JSON with its end, or nothing; `time` is when the answer was there (RFC 3339), `duration_us`
    /// how many microseconds it took.
    #[must_use]
    pub fn line(&self, level: Level, time: &str, duration_us: u64) -> Option<Vec<u8>> {
        let rules = match level {
            Level::Off => return None,
            Level::Summary => None,
            Level::Full => Some(listed(&self.said)),
        };
        let more = rules.map_or(0, |rules| self.said.len() - rules.len());
        let line = Line {
            time,
            uid: &self.uid,
            mode: self.mode.as_str(),
            profile: &self.profile,
            config: &self.config,
            operation: &self.operation,
            kind: &self.kind,
            namespace: &self.namespace,
            name: &self.name,
            generate_name: &self.generate_name,
            owner: &self.owner,
            dry_run: self.dry_run,
            outcome: self.outcome,
            set: &self.summary.set,
            kept: &self.summary.kept,
            stepped_back: &self.summary.stepped_back,
            excepted: &self.summary.excepted,
            annotation: self.annotation,
            patch_bytes: self.patch_bytes,
            warnings: self.warnings,
            duration_us,
            rules,
            more_rules: (more > 0).then_some(more),
        };
        let mut bytes = Vec::with_capacity(1_024);
        serde_json::to_writer(&mut bytes, &line).ok()?;
        bytes.push(b'\n');
        Some(bytes)
    }
}

/// As much of all that was said as is listed.
fn listed(said: &[Said]) -> &[Said] {
    let mut bytes = 0;
    let is_beyond = |said: &Said| {
        bytes += ENTRY + said.places.len();
        bytes > MAX_RULES
    };
    let end = said.iter().position(is_beyond);
    said.get(..end.unwrap_or(said.len())).unwrap_or(said)
}
