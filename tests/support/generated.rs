//! Generated pods, the same ones for the same number.

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::corpus::Sample;
use crate::pods;

/// The seed of all runs: a failure can be looked at again.
const SEED: [u8; 32] = *b"pods that an author could write.";

/// The first `count` generated pods.
pub(crate) fn samples(count: usize) -> Vec<Sample> {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &SEED);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let strategy = pods::pod();
    let pod = |number| {
        let tree = strategy
            .new_tree(&mut runner)
            .unwrap_or_else(|reason| panic!("no pod: {reason}"));
        Sample {
            name: format!("generated {number}"),
            pod: tree.current(),
        }
    };
    (0..count).map(pod).collect()
}
