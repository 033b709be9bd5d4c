//! The decision log: a line of JSON for each admission, to somebody who never waits.

use std::fmt;
use std::time::{Duration, SystemTime};

use super::LogDropped;
use crate::record::{Level, Record};

/// Takes a line with its end, and never waits.
type Take = Box<dyn Fn(&[u8]) + Send + Sync>;

/// Where decisions are logged, and how much of each.
pub struct Decisions {
    level: Level,
    to: Take,
    dropped: LogDropped,
}

impl Decisions {
    /// Lines go to `to`, each by one call, which must not wait; `dropped` says how many lines it has dropped since the start.
    #[must_use]
    pub fn new(level: Level, to: Take, dropped: LogDropped) -> Self {
        Self { level, to, dropped }
    }

    /// Logs nothing.
    #[must_use]
    pub fn off() -> Self {
        Self::new(Level::Off, Box::new(|_| ()), Box::new(|| 0))
    }

    /// Logs an admission that took so long and is answered now.
    pub(super) fn log(&self, record: &Record, took: Duration) {
        if self.level == Level::Off {
            return;
        }
        let now = humantime::format_rfc3339_micros(SystemTime::now()).to_string();
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        if let Some(line) = record.line(self.level, &now, micros) {
            (self.to)(&line);
        }
    }

    pub(super) fn dropped(&self) -> u64 {
        (self.dropped)()
    }
}

impl fmt::Debug for Decisions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decisions")
            .field("level", &self.level)
            .finish_non_exhaustive()
    }
}
