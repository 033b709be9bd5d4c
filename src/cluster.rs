//! Facts about the cluster, from watches: read only, and never in the way of a request.
//!
//! One thread of its own follows the kinds of [`kinds`], each by a watch. What they come to is one immutable [`Facts`] behind
//! an atomic pointer: a request takes what is there and never waits. A kind that is not complete, forbidden, or cut off for
//! longer than a minute is as if it had never been asked for, and says so in `/readyz?verbose`, the log and the metrics.

mod combined;
pub mod exported;
mod follow;
mod kinds;
pub mod listed;
mod manifests;
pub(crate) mod object;
pub mod pages;
pub mod registrations;
mod status;
mod watch;

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use arc_swap::{ArcSwap, Guard};
use kube::config::{KubeConfigOptions, Kubeconfig};
use tokio::sync::oneshot;

use crate::plan::Facts;
pub use combined::combined;
pub use follow::Pace;
pub use manifests::{KINDS, Manifested};
use status::Board;
pub use status::{Known, Status};

/// How long a start may take before requests are answered without facts.
const PATIENCE: Duration = Duration::from_secs(15);

/// What is known of the cluster, kept up to date until this is dropped.
#[derive(Debug)]
pub struct Cluster {
    shared: Arc<Shared>,
    started: Instant,
    /// The thread ends when this is dropped.
    _stop: Option<oneshot::Sender<()>>,
}

/// What the watches write and requests read.
#[derive(Debug)]
struct Shared {
    facts: ArcSwap<Facts>,
    board: Board,
}

impl Cluster {
    /// A cluster of which nothing is known, and nothing asked.
    #[must_use]
    pub fn unknown() -> Self {
        Self {
            shared: Arc::new(Shared {
                facts: ArcSwap::default(),
                board: Board::default(),
            }),
            started: Instant::now(),
            _stop: None,
        }
    }

    /// Follows the cluster that `config` leads to, from a thread of its own.
    ///
    /// # Errors
    ///
    /// When no thread can be started. Whether the API answers is no error: see [`Self::statuses`].
    pub fn follow(config: kube::Config, pace: Pace) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            facts: ArcSwap::default(),
            board: Board::new(kinds::names()),
        });
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let of_thread = Arc::clone(&shared);
        std::thread::Builder::new()
            .name("facts".to_owned())
            .spawn(move || {
                runtime.block_on(async {
                    tokio::select! {
                        () = watch::all(config, pace, of_thread) => {}
                        _ = stopped => {}
                    }
                });
            })?;
        Ok(Self {
            shared,
            started: Instant::now(),
            _stop: Some(stop),
        })
    }

    /// The facts of this moment.
    #[must_use]
    pub fn facts(&self) -> Guard<Arc<Facts>> {
        self.shared.facts.load()
    }

    /// How it stands with each kind; nothing where none is asked for.
    #[must_use]
    pub fn statuses(&self) -> Vec<Status> {
        self.shared.board.statuses()
    }

    /// Whether the first word on every kind has been heard, or has been waited for long enough.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.started.elapsed() > PATIENCE
            || self
                .statuses()
                .iter()
                .all(|status| status.known != Known::NotYet)
    }
}

/// How the API is reached: by `kubeconfig`, or, in a pod, by its service account. `None` where there is neither.
///
/// # Errors
///
/// When the kubeconfig, or the pod's token, cannot be used.
pub async fn config(kubeconfig: Option<&std::path::Path>) -> anyhow::Result<Option<kube::Config>> {
    let mut config = match kubeconfig {
        Some(file) => {
            let unusable = || format!("--kubeconfig: cannot use {}", file.display());
            let content = Kubeconfig::read_from(file).with_context(unusable)?;
            let options = KubeConfigOptions::default();
            kube::Config::from_custom_kubeconfig(content, &options)
                .await
                .with_context(unusable)?
        }
        None if std::env::var_os("KUBERNETES_SERVICE_HOST").is_some() => {
            kube::Config::incluster().context(
                "this is a pod without a usable service account token: mount one, or start with --no-cluster",
            )?
        }
        None => return Ok(None),
    };
    config.connect_timeout = Some(watch::CONNECT);
    config.read_timeout = Some(watch::SILENCE);
    Ok(Some(config))
}
