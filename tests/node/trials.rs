//! Trials on a node: skipped loudly where there can be none.

use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use libtest_mimic::{Arguments, Failed, Trial};

use super::node::{self, enclose};
use super::{Node, Runtime, Side, assets, exit_code, image};

/// A test on the node. They are run one after the other.
pub(super) type Test = fn(&Node) -> Result<(), Failed>;

/// A test that needs no node.
pub(super) type Pure = fn() -> Result<(), Failed>;

/// Runs `tests` on one node, `of_image` where there is an image of our own, and others without a node.
pub(super) fn run(
    tests: &[(&str, Test)],
    of_image: &[(&str, Test)],
    others: &[(&str, Pure)],
) -> anyhow::Result<ExitCode> {
    let arguments = Arguments::from_args();
    let shared: Arc<Mutex<Option<Node>>> = Arc::default();
    let missing = missing();
    let trial = |(name, test): &(&str, Test), skipped: bool| {
        let (shared, test) = (Arc::clone(&shared), *test);
        let on_node = move || {
            let node = shared.lock().unwrap_or_else(PoisonError::into_inner);
            node.as_ref().map_or(Err("there is no node".into()), test)
        };
        Trial::test(*name, on_node).with_ignored_flag(skipped)
    };
    let on_node = tests.len() + of_image.len();
    let (no_node, no_image) = (!missing.is_empty(), image::archive().is_none());
    let tests = tests.iter().map(|test| trial(test, no_node));
    let of_image = of_image.iter();
    let of_image = of_image.map(|test| trial(test, no_node || no_image));
    let others = others.iter().map(|(name, test)| Trial::test(*name, *test));
    let trials: Vec<Trial> = tests.chain(of_image).chain(others).collect();
    if arguments.list {
        return Ok(libtest_mimic::run(&arguments, trials).exit_code());
    }
    if !missing.is_empty() {
        eprintln!(
            "\n!!! No node can be started, so that {} tests on a real node are SKIPPED.\n!!! Missing: {}\n",
            on_node,
            missing.join("; ")
        );
        return Ok(libtest_mimic::run(&arguments, trials).exit_code());
    }
    if no_image && !node::is_inside() {
        eprintln!(
            "\n!!! There is no image of pod-hardener (`tests/image/build`): the tests of it are SKIPPED.\n"
        );
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
