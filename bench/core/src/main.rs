//! Answers one review many times, with its record: what callgrind counts. The count of another number of times is taken off, and
//! with it the start. The allocator is the system's, as when the goal was set: the program's own takes a minute to compile.

use std::error::Error;

use core_alone::admission::{Mode, answer};
use core_alone::config::Settings;
use core_alone::plan::Facts;
use core_alone::record::Level;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [config, review, profile, times, level @ ..] = args.as_slice() else {
        return Err("give a configuration, a review, a profile, a number, and how much of a decision is logged if it is not `full`".into());
    };
    let is_asked = |known: &Level| level.first().is_some_and(|name| name == known.as_str());
    let level = Level::ALL.into_iter().find(is_asked).unwrap_or(Level::Full);
    let settings = Settings::parse(&std::fs::read_to_string(config)?, config)?;
    let (facts, body) = (Facts::default(), std::fs::read(review)?);
    for _ in 0..times.parse()? {
        let answer = answer(&settings, Mode::Harden, profile, &facts, &body)?;
        let line = answer.record.line(level, "2026-01-01T00:00:00.000000Z", 100);
        std::hint::black_box((answer.body, line));
    }
    Ok(())
}
