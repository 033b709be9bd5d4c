//! The decision log on stdout, written by a thread of its own, so that whoever reads it slowly, or not at all, holds nothing
//! else up: not even the end of the program, which a lock on the standard library's stdout would.

use std::fs::File;
use std::io::Write;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::record::Level;
use crate::serve::Decisions;

/// How many bytes may wait to be written; lines beyond are dropped and counted. In full, most have some five kilobytes, and 35 at
/// most. It is four times what the fastest server logs while lines are collected.
const WAITING: usize = 2 * 1024 * 1024;

/// How long lines are collected before they are written: that the thread wakes up for each line costs a quarter of what an answer
/// does.
const COLLECT: Duration = Duration::from_millis(5);

/// How much a pipe is asked to hold, in bytes: as much as anybody may ask for (`fs.pipe-max-size`). With Linux's 64 KiB, whoever
/// writes what was collected is woken up for every sixteen lines.
const PIPE: usize = 1024 * 1024;

/// How long the end of the program waits for what is to be written still.
const LAST: Duration = Duration::from_secs(1);

/// Lines on their way from those who decide to the thread that writes.
struct Lines {
    waiting: Mutex<Waiting>,
    came: Condvar,
    dropped: AtomicU64,
}

struct Waiting {
    text: Vec<u8>,
    /// Whether all that was taken is written, and the thread waits for more.
    is_idle: bool,
}

impl Lines {
    fn new() -> Self {
        Self {
            waiting: Mutex::new(Waiting {
                text: Vec::new(),
                is_idle: true,
            }),
            came: Condvar::new(),
            dropped: AtomicU64::new(0),
        }
    }

    /// Adds a line, or drops it where there is no room; never waits for whoever reads.
    fn add(&self, line: &[u8]) {
        let mut waiting = self.lock();
        if waiting.text.len() + line.len() > WAITING {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        waiting.text.extend_from_slice(line);
        if waiting.is_idle {
            self.came.notify_one();
        }
    }

    /// Makes `text`, which is written, what is to be written next: waits until there is some, and somewhat longer for more.
    fn next(&self, text: &mut Vec<u8>) {
        text.clear();
        let mut waiting = self.lock();
        waiting.is_idle = true;
        while waiting.text.is_empty() {
            let woken = self.came.wait(waiting);
            waiting = woken.unwrap_or_else(PoisonError::into_inner);
        }
        waiting.is_idle = false;
        drop(waiting);
        std::thread::sleep(COLLECT);
        std::mem::swap(text, &mut self.lock().text);
    }

    fn are_written(&self) -> bool {
        let waiting = self.lock();
        waiting.is_idle && waiting.text.is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits, when it is dropped, until what was decided is written, for a second at most.
pub(super) struct Rest(Arc<Lines>);

impl Drop for Rest {
    fn drop(&mut self) {
        let began = Instant::now();
        while !self.0.are_written() && began.elapsed() < LAST {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Sends decisions to stdout, one JSON object a line.
pub(super) fn decisions(level: Level) -> std::io::Result<(Decisions, Rest)> {
    let mut stdout = File::from(std::io::stdout().as_fd().try_clone_to_owned()?);
    // It may be no pipe, or this user may have too many large ones.
    let _ = rustix::pipe::fcntl_setpipe_size(&stdout, PIPE);
    let lines = Arc::new(Lines::new());
    let taken = Arc::clone(&lines);
    std::thread::Builder::new()
        .name("decisions".to_owned())
        .spawn(move || {
            let mut text = Vec::new();
            loop {
                taken.next(&mut text);
                // Who reads the log no more stops no admission.
                let _ = stdout.write_all(&text);
            }
        })?;
    let (rest, counted) = (Rest(Arc::clone(&lines)), Arc::clone(&lines));
    let dropped = Box::new(move || counted.dropped.load(Ordering::Relaxed));
    let to = Box::new(move |line: &[u8]| lines.add(line));
    Ok((Decisions::new(level, to, dropped), rest))
}
