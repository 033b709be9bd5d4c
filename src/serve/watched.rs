//! Files that belong together, read again and again, and handed on when their content is another.
//!
//! Content is compared, since neither times nor inotify tell of a mounted ConfigMap or Secret: the kubelet swaps a symlink
//! to a whole folder. As it may do so between two files, a change counts once two readings agree.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::watch;

/// Between two readings that must agree. An editor that writes in place has done so by then.
const SETTLE: Duration = Duration::from_millis(50);

/// When files are read again.
#[derive(Clone, Debug)]
pub struct Pace {
    /// The time between two readings.
    pub interval: Duration,
    /// Each value that is sent asks for a reading at once.
    pub now: watch::Receiver<()>,
}

/// The content of the files, or why one cannot be read.
pub(super) type Reading = Result<Vec<Vec<u8>>, Unreadable>;

/// A file cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unreadable {
    path: PathBuf,
    error: String,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot read {}: {}", self.path.display(), self.error)
    }
}

/// Files that belong together.
#[derive(Debug)]
pub(super) struct Watched {
    files: Vec<PathBuf>,
    pace: Pace,
    last: Option<Reading>,
}

impl Watched {
    pub(super) fn new(files: Vec<PathBuf>, pace: Pace) -> Self {
        Self {
            files,
            pace,
            last: None,
        }
    }

    /// The next reading that differs from the one before; the first one at once.
    pub(super) async fn changed(&mut self) -> Reading {
        loop {
            if self.last.is_some() {
                self.pause().await;
            }
            let mut reading = read(&self.files).await;
            while self.last.as_ref() != Some(&reading) {
                tokio::time::sleep(SETTLE).await;
                let again = read(&self.files).await;
                if again == reading {
                    self.last = Some(reading.clone());
                    return reading;
                }
                reading = again;
            }
        }
    }

    async fn pause(&mut self) {
        tokio::select! {
            () = tokio::time::sleep(self.pace.interval) => {}
            asked = self.pace.now.changed() => {
                if asked.is_err() {
                    // Nobody can ask any more.
                    tokio::time::sleep(self.pace.interval).await;
                }
            }
        }
    }
}

/// One reading, beside the requests: a disk may let us wait.
async fn read(files: &[PathBuf]) -> Reading {
    let files = files.to_vec();
    let reading = tokio::task::spawn_blocking(move || {
        let each = files.into_iter().map(|path| {
            std::fs::read(&path).map_err(|error| Unreadable {
                path,
                error: error.to_string(),
            })
        });
        each.collect()
    });
    reading.await.unwrap_or_else(|error| {
        Err(Unreadable {
            path: PathBuf::new(),
            error: error.to_string(),
        })
    })
}
