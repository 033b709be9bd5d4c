//! Arguments in, exit code out.

use std::process::ExitCode;

use clap::Parser;
use pod_hardener::cli::Cli;
use tikv_jemallocator::Jemalloc;

/// The system's own keeps what a flood took: docs/decisions/0010-an-allocator-that-gives-back.md.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

fn main() -> ExitCode {
    Cli::parse().run()
}
