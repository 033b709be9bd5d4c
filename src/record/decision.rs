//! The decision log: one admission as one line of JSON.

use super::Record;
use super::said::Said;
use crate::json::{list, member, name, put};

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

/// What a line has beside its list, about.
const BESIDE_ENTRIES: usize = 2_048;

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
        let entries = rules.map_or(0, |rules| rules.len() * ENTRY);
        let mut json = String::with_capacity(BESIDE_ENTRIES + entries);
        json.push('{');
        for (key, text) in [
            ("time", time),
            ("uid", &self.uid),
            ("mode", self.mode.as_str()),
            ("profile", &self.profile),
            ("config", &self.config),
            ("operation", &self.operation),
            ("kind", &self.kind),
            ("namespace", &self.namespace),
            ("name", &self.name),
            ("generate_name", &self.generate_name),
            ("owner", &self.owner),
        ] {
            member(&mut json, key, text);
        }
        put(&mut json, "dry_run", self.dry_run);
        for (key, text) in [
            ("outcome", self.outcome),
            ("set", &self.summary.set),
            ("kept", &self.summary.kept),
            ("stepped_back", &self.summary.stepped_back),
            ("excepted", &self.summary.excepted),
            ("annotation", self.annotation),
        ] {
            member(&mut json, key, text);
        }
        put(&mut json, "patch_bytes", self.patch_bytes);
        put(&mut json, "warnings", self.warnings);
        put(&mut json, "duration_us", duration_us);
        if let Some(rules) = rules {
            name(&mut json, "rules");
            list(&mut json, rules, |json, said| said.write(json));
            let more = self.said.len() - rules.len();
            if more > 0 {
                put(&mut json, "more_rules", more);
            }
        }
        json.push_str("}\n");
        Some(json.into_bytes())
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
