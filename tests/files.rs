//! Hardening of files: the text, the findings, and the commands.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]
#![allow(clippy::print_stderr, missing_docs, reason = "tests")]

#[path = "support/corpus.rs"]
mod corpus;
#[path = "files/corpus.rs"]
mod real;
#[path = "support/yaml.rs"]
mod yaml;

use std::path::Path;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};

fn main() -> ExitCode {
    let root = corpus::root();
    let on_corpus = |name: &str, test: fn(&Path) -> Result<(), Failed>| {
        let folder = root.clone();
        Trial::test(name, move || test(&folder.ok_or("there is no corpus")?))
            .with_ignored_flag(root.is_none())
    };
    let trials = vec![on_corpus("real manifests", real::manifests)];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
