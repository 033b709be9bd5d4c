//! How many may do something at once: starting a program is heavy, and serving it is not.

use std::sync::{Condvar, Mutex, PoisonError};

/// A gate that lets so many in.
pub(super) struct Gate {
    free: Mutex<usize>,
    freed: Condvar,
}

/// That somebody is in; dropped, he is out again.
pub(super) struct Permit<'g>(&'g Gate);

impl Gate {
    pub(super) fn new(places: usize) -> Self {
        Self {
            free: Mutex::new(places),
            freed: Condvar::new(),
        }
    }

    /// Waits until there is a place.
    pub(super) fn enter(&self) -> Permit<'_> {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let free = self.freed.wait_while(free, |free| *free == 0);
        *free.unwrap_or_else(PoisonError::into_inner) -= 1;
        Permit(self)
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.freed.notify_one();
    }
}
