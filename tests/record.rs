//! What is on record of an admission: that all records agree with each other and with what was set, that nothing else is shown,
//! and that nobody can forge one.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]
#![allow(missing_docs, reason = "tests")]

#[path = "record/agree.rs"]
mod agree;
#[path = "record/annotation.rs"]
mod annotation;
#[path = "record/rounds.rs"]
mod rounds;
#[path = "record/shown.rs"]
mod shown;

#[path = "support/harden.rs"]
mod harden;
#[path = "support/json_schema.rs"]
mod json_schema;
#[path = "support/pods.rs"]
mod pods;
#[path = "support/records.rs"]
mod records;
#[path = "support/token.rs"]
mod token;
