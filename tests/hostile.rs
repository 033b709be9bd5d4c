//! Clients that mean harm or do not care, and a machine that runs out of something: what honest clients notice of it, and
//! what it costs.
//!
//! `HOSTILE=full` is a quarter of an hour (`make hostile`, on a release build); otherwise it is a short form of the same.
//! `ATTACK=text` chooses attacks by their names.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]
#![allow(clippy::print_stderr, missing_docs, reason = "tests")]

#[path = "hostile/attacks.rs"]
mod attacks;
#[path = "hostile/bodies.rs"]
mod bodies;
#[path = "hostile/honest.rs"]
mod honest;
#[path = "hostile/scarcity.rs"]
mod scarcity;

#[path = "support/client.rs"]
mod client;
#[path = "support/process.rs"]
mod process;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How soon an honest request is to be answered. An unoptimised build is some ten times slower, and shares two cores with clients
/// that are.
const WITHIN: Duration = match cfg!(debug_assertions) {
    true => Duration::from_secs(3),
    false => Duration::from_secs(1),
};

/// The most memory that the server may ever have, in KiB. Of a program that is not optimised, more code is resident.
const MEMORY: u64 = match cfg!(debug_assertions) {
    true => 80 * 1024,
    false => 64 * 1024,
};

/// Whether all of it is wanted.
fn is_full() -> bool {
    std::env::var("HOSTILE").is_ok_and(|form| form == "full")
}

/// One test at a time: each measures.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}
