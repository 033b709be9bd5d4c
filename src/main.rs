//! Arguments in, exit code out.

use std::process::ExitCode;

use clap::Parser;
use pod_hardener::cli::Cli;
use tikv_jemallocator::Jemalloc;

/// The system's own keeps what a flood took: one small thing at the end of its heap is enough.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

fn main() -> ExitCode {
    Cli::parse().run()
}
