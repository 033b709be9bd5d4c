//! The configuration: what is said of a wrong one, what a right one comes to, overrides and exceptions.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]
#![allow(missing_docs, reason = "tests")]

#[path = "config/broken.rs"]
mod broken;
#[path = "config/command.rs"]
mod command;
#[path = "config/exceptions.rs"]
mod exceptions;
#[path = "config/overrides.rs"]
mod overrides;
#[path = "config/shown.rs"]
mod shown;
#[path = "config/support.rs"]
mod support;

#[path = "support/harden.rs"]
mod harden;
#[path = "support/token.rs"]
mod token;
