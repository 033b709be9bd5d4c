//! Several files at a time, and their results in order.

use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// How many files each thread has a turn of: what is held in memory at once is bounded by it.
const TURN: usize = 16;

/// How long nothing is said of the progress.
const SILENCE: Duration = Duration::from_secs(1);

/// Does `work` on all of `items`, up to `jobs` at a time, and gives the results to `done` in the order of the items.
pub(in super::super) fn each<I: Sync, T: Send>(
    items: &[I],
    jobs: usize,
    work: impl Fn(&I) -> T + Sync,
    mut done: impl FnMut(&I, T),
) {
    let mut progress = Progress::new(items.len());
    for turn in items.chunks(jobs.max(1) * TURN) {
        let next = AtomicUsize::new(0);
        let one_thread = || {
            let mut results = Vec::new();
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                match turn.get(at) {
                    Some(item) => results.push((at, work(item))),
                    None => return results,
                }
            }
        };
        let mut results: Vec<(usize, T)> = std::thread::scope(|scope| {
            let others: Vec<_> = (1..jobs.min(turn.len()))
                .map(|_| scope.spawn(one_thread))
                .collect();
            let mut results = one_thread();
            for other in others {
                match other.join() {
                    Ok(more) => results.extend(more),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            results
        });
        results.sort_by_key(|(at, _)| *at);
        progress.clear();
        for (item, (_, result)) in turn.iter().zip(results) {
            done(item, result);
        }
        progress.more(turn.len());
    }
    progress.clear();
}

/// How many files are done, on a terminal and past a second.
struct Progress {
    started: Instant,
    done: usize,
    all: usize,
    shown: bool,
    is_terminal: bool,
}

impl Progress {
    fn new(all: usize) -> Self {
        Self {
            started: Instant::now(),
            done: 0,
            all,
            shown: false,
            is_terminal: std::io::stderr().is_terminal(),
        }
    }

    fn more(&mut self, files: usize) {
        self.done += files;
        if self.is_terminal && self.started.elapsed() > SILENCE && self.done < self.all {
            const WIDTH: usize = 30;
            let bar = "#".repeat(WIDTH * self.done / self.all.max(1));
            // A terminal that is gone is no reason to stop.
            let _ = write!(
                std::io::stderr(),
                "\r[{bar:WIDTH$}] {} of {} files",
                self.done,
                self.all
            );
            self.shown = true;
        }
    }

    fn clear(&mut self) {
        if std::mem::take(&mut self.shown) {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}
