//! The signals that the server obeys.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// Who tells the server to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Told {
    /// SIGTERM: an orchestrator, which sends clients elsewhere meanwhile.
    Terminate,
    /// SIGINT: a person, who waits for the end.
    Interrupt,
}

/// The signals that end the server.
pub(in crate::cli) struct Ends {
    terminate: Signal,
    interrupt: Signal,
}

impl Ends {
    pub(in crate::cli) fn new() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    pub(in crate::cli) async fn next(&mut self) -> Told {
        tokio::select! {
            _ = self.terminate.recv() => Told::Terminate,
            _ = self.interrupt.recv() => Told::Interrupt,
        }
    }
}

/// Asks for files to be read again at each SIGHUP, for ever.
pub(super) async fn pass_on(mut hangup: Signal, now: watch::Sender<()>) {
    while hangup.recv().await.is_some() {
        tracing::info!("SIGHUP: configuration and certificate are read again");
        now.send_replace(());
    }
    std::future::pending().await
}
