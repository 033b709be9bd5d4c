//! Arguments in, exit code out.

use std::process::ExitCode;

use clap::Parser;
use pod_hardener::cli::Cli;

fn main() -> ExitCode {
    Cli::parse().run()
}
