//! Hardening of files: the text, the findings, and the commands.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]
#![allow(clippy::print_stderr, missing_docs, reason = "tests")]

#[path = "files/cases.rs"]
mod cases;
#[path = "files/commands.rs"]
mod commands;
#[path = "support/corpus.rs"]
mod corpus;
#[path = "support/effective.rs"]
mod effective;
#[path = "support/harden.rs"]
mod harden;
#[path = "files/integrations.rs"]
mod integrations;
#[path = "files/properties.rs"]
mod properties;
#[path = "files/corpus.rs"]
mod real;
#[path = "files/support.rs"]
mod support;
#[path = "files/templates.rs"]
mod templates;
#[path = "support/token.rs"]
mod token;
#[path = "support/yaml.rs"]
mod yaml;

use std::path::Path;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};

fn main() -> ExitCode {
    let root = corpus::root();
    if root.is_none() {
        eprintln!("CORPUS names no folder of real inputs: the tests on them are skipped");
    }
    let on_corpus = |name: &str, test: fn(&Path) -> Result<(), Failed>| {
        let folder = root.clone();
        Trial::test(name, move || test(&folder.ok_or("there is no corpus")?))
            .with_ignored_flag(root.is_none())
    };
    let mut trials = vec![
        Trial::test("every case is hardened as it should be", cases::all),
        Trial::test(
            "generated manifests of every style are hardened rightly",
            properties::generated,
        ),
        Trial::test(
            "torn texts are hardened rightly or not at all",
            properties::torn,
        ),
        Trial::test(
            "of a long line, the part that is meant is told of",
            properties::long_lines,
        ),
        Trial::test(
            "files are written whole, and keep what they are",
            commands::write,
        ),
        Trial::test("diff and check write nothing", commands::diff_and_check),
        Trial::test("folders are searched as git sees them", commands::folders),
        Trial::test(
            "the output does not depend on the number of threads",
            commands::deterministic,
        ),
        Trial::test(
            "check names places, and is silent about what is known",
            commands::check,
        ),
        Trial::test("what files say of the cluster counts", commands::facts),
        Trial::test(
            "pods are found where the configuration says, and nowhere else",
            templates::custom,
        ),
        Trial::test(
            "the action of GitHub reports where it is looked for",
            integrations::action,
        ),
        Trial::test("a rule is explained", commands::explain),
        Trial::test("the fixes of SARIF are what harden does", commands::sarif),
        Trial::test(
            "what would harden an object is beside what is told of it",
            commands::fix_of_what_is_told,
        ),
        Trial::test(
            "names of files move no cursor and forge no line",
            commands::hostile_names,
        ),
        Trial::test(
            "a report that nobody reads costs no other",
            commands::reports,
        ),
        Trial::test(
            "what cannot be read beside the files is named",
            commands::unreadable_beside,
        ),
        on_corpus(
            "every manifest means what the plan says, and nothing of it is lost",
            real::manifests,
        ),
        on_corpus(
            "climbing from file to file ends where strict at once does",
            real::ladder,
        ),
        on_corpus("files without a pod stay as they are", real::others),
        on_corpus("what is wrong is named with its place", real::bad),
    ];
    trials.extend(integrations::trials());
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
