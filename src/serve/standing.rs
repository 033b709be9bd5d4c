//! How it stands with something that is read from files: what of it is in force, and what is wrong with what is on disk.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// How it stands with one thing.
#[derive(Debug, Default)]
pub(super) struct Standing(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// What is in force, in a few words, and since when.
    in_force: Option<(String, Instant)>,
    /// What is wrong with what is on disk.
    wrong: Option<String>,
}

impl Standing {
    pub(super) fn in_force(what: String) -> Self {
        let this = Self::default();
        this.put(what);
        this
    }

    /// `what` is in force from now on.
    pub(super) fn put(&self, what: String) {
        *self.lock() = State {
            in_force: Some((what, Instant::now())),
            wrong: None,
        };
    }

    /// What is on disk cannot be used.
    pub(super) fn refuse(&self, why: String) {
        self.lock().wrong = Some(why);
    }

    /// What is on disk is what is in force; true where it was not.
    pub(super) fn restore(&self) -> bool {
        self.lock().wrong.take().is_some()
    }

    /// Whether something is in force.
    pub(super) fn is_there(&self) -> bool {
        self.lock().in_force.is_some()
    }

    /// One line for a person.
    pub(super) fn line(&self, name: &str) -> String {
        let state = self.lock();
        let wrong = state.wrong.as_deref().map(brief);
        match (&state.in_force, wrong) {
            (Some((what, since)), None) => {
                format!("[+] {name}: {what}, since {} s", since.elapsed().as_secs())
            }
            (Some((what, since)), Some(wrong)) => format!(
                "[!] {name}: {what}, since {} s; what is on disk is refused: {wrong}",
                since.elapsed().as_secs()
            ),
            (None, Some(wrong)) => format!("[-] {name}: waiting for it: {wrong}"),
            (None, None) => format!("[-] {name}: waiting for it"),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A state is whole after each single change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The first problem of a drawn error, and where it is, in one line.
fn brief(text: &str) -> String {
    let lines: Vec<&str> = text.lines().take(2).map(str::trim).collect();
    lines.join(" ").replace(char::is_control, " ")
}
