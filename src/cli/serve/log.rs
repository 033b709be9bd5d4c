//! The log: records on stderr, written by a thread of their own, so that whoever reads them slowly, or not at all, holds
//! nothing else up.

use std::io::IsTerminal;

use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// How many records may wait to be written; more are dropped and counted. One has a few hundred bytes.
const WAITING: usize = 1_024;

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
        let chosen = std::env::var("RUST_LOG").ok();
        let chosen = chosen.and_then(|chosen| chosen.parse().ok());
        let records = tracing_subscriber::registry().with(chosen.unwrap_or_else(silent));
        let lines = tracing_subscriber::fmt::layer().with_writer(writer);
        if std::io::stderr().is_terminal() {
            records.with(lines).init();
        } else {
            // Colours are for people.
            let lines = lines.with_ansi(false).json().flatten_event(true);
            records.with(lines).init();
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
        let dropped = self.dropped.clone();
        move || u64::try_from(dropped.dropped_lines()).unwrap_or(u64::MAX)
    }
}

/// What is logged where `RUST_LOG` is silent, or is no filter. The watches' own library repeats what we say ourselves.
fn silent() -> Targets {
    Targets::new()
        .with_default(LevelFilter::INFO)
        .with_targets([
            ("kube_client", LevelFilter::OFF),
            ("kube_runtime", LevelFilter::OFF),
        ])
}
