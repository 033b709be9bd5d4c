//! How it stands with each kind, for people and for metrics.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Whether what is known of a kind is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// Nothing was heard yet.
    NotYet,
    /// It is complete and up to date, or was less than a minute ago.
    Yes,
    /// The API forbids it.
    Forbidden,
    /// The API did not answer for too long, or not at all.
    Unreachable,
}

impl Known {
    /// In one word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotYet => "not-yet",
            Self::Yes => "known",
            Self::Forbidden => "forbidden",
            Self::Unreachable => "unreachable",
        }
    }
}

/// How it stands with one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The resource, as RBAC names it.
    pub kind: &'static str,
    /// Whether what is known of it is used.
    pub known: Known,
    /// How many objects say something that rules ask for.
    pub objects: usize,
    /// Failures of its watch since the start.
    pub failures: u64,
    /// The last of them; empty where there was none.
    pub failure: String,
}

/// The statuses of all kinds.
#[derive(Debug, Default)]
pub(super) struct Board(Mutex<Vec<Status>>);

impl Board {
    pub(super) fn new(kinds: impl Iterator<Item = &'static str>) -> Self {
        let not_yet = |kind| Status {
            kind,
            known: Known::NotYet,
            objects: 0,
            failures: 0,
            failure: String::new(),
        };
        Self(Mutex::new(kinds.map(not_yet).collect()))
    }

    pub(super) fn statuses(&self) -> Vec<Status> {
        self.lock().clone()
    }

    /// Changes the status of a kind, and tells whether what it was before is used any more or any less.
    pub(super) fn update(&self, kind: &'static str, change: impl FnOnce(&mut Status)) -> bool {
        let mut statuses = self.lock();
        let Some(status) = statuses.iter_mut().find(|status| status.kind == kind) else {
            return false;
        };
        let before = status.known;
        change(status);
        status.known != before
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Status>> {
        // A status is whole after each single change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
