//! Trials on a node: skipped loudly where there can be none.

use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use libtest_mimic::{Arguments, Failed, Trial};

use super::node::{self, enclose};
use super::{Node, Runtime, Side, assets, exit_code};

/// A test on the node. They are run one after the other.
pub(super) type Test = fn(&Node) -> Result<(), Failed>;

/// A test that needs no node.
pub(super) type Pure = fn() -> Result<(), Failed>;

/// Runs `tests` on one node, and others without it.
pub(super) fn run(tests: &[(&str, Test)], others: &[(&str, Pure)]) -> anyhow::Result<ExitCode> {
    let arguments = Arguments::from_args();
    let shared: Arc<Mutex<Option<Node>>> = Arc::default();
    let missing = missing();
    let trials = tests.iter().map(|(name, test)| {
        let (shared, test) = (Arc::clone(&shared), *test);
        let on_node = move || {
            let node = shared.lock().unwrap_or_else(PoisonError::into_inner);
            node.as_ref().map_or(Err("there is no node".into()), test)
        };
        Trial::test(*name, on_node).with_ignored_flag(!missing.is_empty())
    });
    let others = others.iter().map(|(name, test)| Trial::test(*name, *test));
    let trials: Vec<Trial> = trials.chain(others).collect();
    if arguments.list {
        return Ok(libtest_mimic::run(&arguments, trials).exit_code());
    }
    if !missing.is_empty() {
        eprintln!(
            "\n!!! No node can be started, so that {} tests on a real node are SKIPPED.\n!!! Missing: {}\n",
            tests.len(),
            missing.join("; ")
        );
        return Ok(libtest_mimic::run(&arguments, trials).exit_code());
    }
    let work = match enclose()? {
        Side::Outside(ended) => return Ok(exit_code(ended)),
        Side::Inside(work) => work,
    };
    let (start, runtime) = (Instant::now(), Runtime::from_env());
    let started = Node::start(&assets().unwrap_or_default(), &work, runtime)?;
    eprintln!(
        "the node is ready after {:.1} s",
        start.elapsed().as_secs_f32()
    );
    *shared.lock().unwrap_or_else(PoisonError::into_inner) = Some(started);
    Ok(libtest_mimic::run(&arguments, trials).exit_code())
}

/// What keeps a node from being started here, in words.
fn missing() -> Vec<String> {
    let mut missing = node::missing();
    if assets().is_none() {
        missing.push("the node's binaries (`make node-binaries` builds them)".to_owned());
    }
    missing
}
