//! The pure core as a crate of its own, which `bench/core` compiles to count its instructions: a minute less than all of the
//! program. No part of the program.

pub mod admission;
pub mod config;
mod json;
pub mod object;
pub mod plan;
pub mod quantity;
pub mod record;
pub mod rule;
pub mod rules;
