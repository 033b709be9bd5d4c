//! The decision log on stdout, written by a thread of its own, so that whoever reads it slowly, or not at all, holds nothing
//! else up: not even the end of the program, which a lock on the standard library's stdout would.

use std::fs::File;
use std::io::Write;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::{Duration, Instant};

use crate::record::Level;
use crate::serve::Decisions;

/// How many decisions may wait to be written; more are dropped and counted. One has a kilobyte or two, in full some five, and
/// 35 KiB at most.
const WAITING: usize = 512;

/// From how many bytes on no further line is added to what is written at once: twenty times what the fastest server logs while lines
/// are collected, so that collecting drops none.
const AT_ONCE: usize = 1024 * 1024;

/// How long lines are collected before they are written: that the thread wakes up for each line costs a quarter of what an answer
/// does. One thread has at most a hundred answers in this time, and there is room for more to wait.
const COLLECT: Duration = Duration::from_millis(5);

/// How long the end of the program waits for what is to be written still.
const LAST: Duration = Duration::from_secs(1);

/// Takes lines, each by one call.
struct Lines {
    to: SyncSender<Vec<u8>>,
    waiting: Arc<AtomicUsize>,
    dropped: Arc<AtomicU64>,
}

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        if self.to.try_send(line.to_vec()).is_err() {
            self.waiting.fetch_sub(1, Ordering::SeqCst);
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Waits, when it is dropped, until what was decided is written, for a second at most.
pub(super) struct Rest(Arc<AtomicUsize>);

impl Drop for Rest {
    fn drop(&mut self) {
        let began = Instant::now();
        while self.0.load(Ordering::SeqCst) > 0 && began.elapsed() < LAST {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Sends decisions to stdout, one JSON object a line.
pub(super) fn decisions(level: Level) -> std::io::Result<(Decisions, Rest)> {
    let mut stdout = File::from(std::io::stdout().as_fd().try_clone_to_owned()?);
    let (to, lines) = sync_channel::<Vec<u8>>(WAITING);
    let waiting = Arc::<AtomicUsize>::default();
    let dropped = Arc::<AtomicU64>::default();
    let written = Arc::clone(&waiting);
    std::thread::Builder::new()
        .name("decisions".to_owned())
        .spawn(move || {
            while let Ok(mut text) = lines.recv() {
                std::thread::sleep(COLLECT);
                // What came meanwhile goes with it.
                let mut count = 1;
                while text.len() < AT_ONCE
                    && let Ok(line) = lines.try_recv()
                {
                    text.extend_from_slice(&line);
                    count += 1;
                }
                // Who reads the log no more stops no admission.
                let _ = stdout.write_all(&text);
                written.fetch_sub(count, Ordering::SeqCst);
            }
        })?;
    let rest = Rest(Arc::clone(&waiting));
    let counted = Arc::clone(&dropped);
    let lines = Lines {
        to,
        waiting,
        dropped,
    };
    let dropped = Box::new(move || counted.load(Ordering::Relaxed));
    Ok((Decisions::new(level, Box::new(lines), dropped), rest))
}
