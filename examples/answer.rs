//! Answers one review many times: what an answer and its record cost, counted by
//! `valgrind --tool=callgrind target/release/examples/answer REVIEW strict full 100`, of which the same with another number
//! is taken off.

use anyhow::Context;
use pod_hardener::admission::{Mode, answer};
use pod_hardener::config::Settings;
use pod_hardener::plan::Facts;
use pod_hardener::record::Level;

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [file, profile, level, times] = args.as_slice() else {
        anyhow::bail!("give a review, a profile, off, summary or full, and a number");
    };
    let body = std::fs::read(file).with_context(|| format!("cannot read {file}"))?;
    let level = Level::ALL.into_iter().find(|known| known.as_str() == level);
    let level = level.context("the level is off, summary or full")?;
    let (settings, facts) = (Settings::embedded(), Facts::default());
    for _ in 0..times.parse()? {
        let answer = answer(&settings, Mode::Harden, profile, &facts, &body)?;
        let line = answer
            .record
            .line(level, "2026-01-01T00:00:00.000000Z", 100);
        std::hint::black_box((answer.body, line));
    }
    Ok(())
}
