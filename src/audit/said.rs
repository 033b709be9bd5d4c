//! What is said of workloads, in the spool: the same of many is there once.

use std::collections::HashMap;
use std::io;

use serde::{Deserialize, Serialize};

use super::entry::{Entry, State};
use super::spool::{Batch, Place, Spool};

/// How many of them are known again. What is said is most often said once more soon, of the next pod or in the next namespace; what is not
/// known again is only there twice.
pub(super) const KNOWN: usize = 4_096;

/// What is said of a workload: what of it counts, and where all of it lies.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Said {
    /// Whether the profile would change something.
    pub(super) has_gaps: bool,
    /// Whether the author chose something against a practice.
    pub(super) is_unsafe: bool,
    /// Whether a rule steps back.
    pub(super) steps_back: bool,
    /// Whether an exception is of no use.
    pub(super) has_idle: bool,
    /// Nowhere where nothing is said.
    pub(super) place: Option<Place>,
}

/// What was said before, by its digest.
#[derive(Debug, Default)]
pub(super) struct Known(HashMap<[u8; 32], Place>);

impl Known {
    /// Writes what is said, unless it is there.
    ///
    /// # Errors
    ///
    /// Those of the spool.
    pub(super) fn write(&mut self, entries: &[Entry], spool: &mut Spool) -> io::Result<Said> {
        let has = |state| entries.iter().any(|entry| entry.state == state);
        let said = Said {
            has_gaps: entries.iter().any(|entry| entry.state.is_gap()),
            is_unsafe: has(State::Unsafe),
            steps_back: has(State::SteppedBack),
            has_idle: entries.iter().any(|entry| entry.idle),
            place: None,
        };
        let mut batch = Batch::default();
        for entry in entries {
            batch.add(entry)?;
        }
        let digest = batch.digest();
        if let Some(place) = self.0.get(&digest) {
            return Ok(Said {
                place: Some(*place),
                ..said
            });
        }
        let place = batch.write(spool)?;
        if self.0.len() >= KNOWN {
            self.0.clear();
        }
        self.0.extend(place.map(|place| (digest, place)));
        Ok(Said { place, ..said })
    }
}
