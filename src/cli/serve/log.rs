//! The log on stderr and the decision log on stdout, each written by a thread of its own, so that whoever reads them slowly,
//! or not at all, holds nothing else up.

use std::io::IsTerminal;

use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;

use crate::record::Level;
use crate::serve::Decisions;

/// What is logged where `RUST_LOG` is silent. The watches' own library repeats what we say ourselves.
const LOGGED: &str = "info,kube_runtime=off,kube_client=off";

/// How many records may wait to be written; more are dropped and counted. One has a few hundred bytes.
const WAITING: usize = 1_024;

/// How many decisions may wait. One has a kilobyte or two, in full some five, and 35 KiB at most.
const DECISIONS_WAITING: usize = 512;

/// The log, written to its end when this is dropped.
pub(in crate::cli) struct Log {
    dropped: ErrorCounter,
    _guard: WorkerGuard,
}

impl Log {
    /// Sends records to stderr: as text to a terminal, as JSON otherwise. `RUST_LOG` chooses which.
    pub(in crate::cli) fn to_stderr() -> Self {
        let (writer, guard) = NonBlockingBuilder::default()
            .lossy(true)
            .buffered_lines_limit(WAITING)
            .thread_name("log")
            .finish(std::io::stderr());
        let dropped = writer.error_counter();
        let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(LOGGED));
        let subscriber = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(writer);
        if std::io::stderr().is_terminal() {
            subscriber.init();
        } else {
            // Colours are for people.
            subscriber
                .with_ansi(false)
                .json()
                .flatten_event(true)
                .init();
        }
        // The default hook writes to stderr itself, and waits where nobody reads.
        std::panic::set_hook(Box::new(|panic| {
            tracing::error!(target: "panic", "a bug in this program: {panic}");
        }));
        Self {
            dropped,
            _guard: guard,
        }
    }

    /// Says how many records were dropped since the start.
    pub(super) fn dropped(&self) -> impl Fn() -> u64 + Send + Sync + 'static {
        count(self.dropped.clone())
    }
}

/// Sends decisions to stdout, one JSON object a line. They are written to their end when the guard is dropped.
pub(super) fn decisions(level: Level) -> (Decisions, WorkerGuard) {
    let (writer, guard) = NonBlockingBuilder::default()
        .lossy(true)
        .buffered_lines_limit(DECISIONS_WAITING)
        .thread_name("decisions")
        .finish(std::io::stdout());
    let dropped = Box::new(count(writer.error_counter()));
    (Decisions::new(level, Box::new(writer), dropped), guard)
}

/// Says how much was dropped.
fn count(dropped: ErrorCounter) -> impl Fn() -> u64 + Send + Sync + 'static {
    move || u64::try_from(dropped.dropped_lines()).unwrap_or(u64::MAX)
}
