//! The controller: keeps the CA and the serving certificate in a Secret, and the registrations' `caBundle` in step with it.
//!
//! It is in the path of nothing. It reads its objects, takes the one step that is due, and begins again, so that any number of
//! controllers, and an end at any moment, leave things in order: a write that comes second is a conflict, and read again.
//! Watches and the clock only say when to look.
//!
//! A CA signs only once every registration has trusted it for a while, and is trusted until it ends: no server is ever left
//! with a certificate that the API server does not take.

pub mod authority;
pub mod held;
mod metrics;
mod objects;
mod state;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use anyhow::bail;
use futures_util::StreamExt;
use hyper_util::server::graceful::GracefulShutdown;
use kube::Client;
use tokio::net::TcpListener;

use crate::serve;
use held::{Asked, Data, Held};
pub use metrics::every_metric;
pub use objects::Names;
use objects::{Objects, Registration};
use state::State;

/// How long to wait after a failure, at first and at most.
const PAUSE: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(60)];

/// How long nothing is looked at where nothing happens. Watches tell of changes; this is for what they might miss.
const LOOK: Duration = Duration::from_secs(600);

/// Within which time a registration that has to be told the same again is somebody else's too.
const FIGHT: Duration = Duration::from_secs(5);

/// How long changes are collected before they are looked at.
const COLLECT: Duration = Duration::from_millis(100);

/// What is kept, and where.
pub struct Controller {
    /// How the API is reached.
    pub config: kube::Config,
    /// Its objects.
    pub names: Names,
    /// The certificates that are asked for.
    pub asked: Asked,
    /// How long all registrations must have trusted a CA before it signs: the API servers learn of it by watches.
    pub settle: Duration,
    /// For probes and metrics, in the clear.
    pub admin: TcpListener,
}

/// Keeps everything in order, for ever.
///
/// # Errors
///
/// When no client can be made for the API. That it does not answer is no error: it is asked again.
pub async fn run(controller: Controller) -> kube::Result<()> {
    let client = Client::try_from(controller.config)?;
    let state = Arc::new(State::default());
    let keeper = Keeper {
        objects: Objects::new(&client, controller.names),
        asked: controller.asked,
        settle: controller.settle,
        state: Arc::clone(&state),
    };
    let (connections, graceful) = (serve::admins(), GracefulShutdown::new());
    tokio::join!(
        keeper.keep(),
        serve::admin_port(&state, &connections, &controller.admin, &graceful)
    );
    Ok(())
}

struct Keeper {
    objects: Objects,
    asked: Asked,
    settle: Duration,
    state: Arc<State>,
}

/// What is remembered from one look to the next; whoever forgets it only waits a little longer.
#[derive(Default)]
struct Memory {
    /// A bundle, and since when every registration trusts it.
    trusted: Option<(String, Instant)>,
    /// The bundle that each registration was told last, and when.
    told: HashMap<String, (String, Instant)>,
}

impl Keeper {
    /// Looks, and takes the steps that are due, for ever.
    async fn keep(&self) {
        let mut changes = self.objects.changes();
        let mut memory = Memory::default();
        let [first, longest] = PAUSE;
        let mut pause = first;
        loop {
            let wait = match self.look(&mut memory).await {
                Ok(wait) => {
                    pause = first;
                    wait
                }
                Err(error) => {
                    self.state.failed(&error);
                    let wait = pause;
                    pause = (pause * 2).min(longest);
                    wait
                }
            };
            // What happens within a failure's pause is no reason to ask sooner.
            let asks = async {
                loop {
                    match changes.next().await {
                        Some(Ok(())) => return,
                        Some(Err(error)) => tracing::debug!(error, "a watch failed"),
                        None => std::future::pending().await,
                    }
                }
            };
            if pause == first {
                tokio::select! {
                    () = tokio::time::sleep(wait) => {}
                    () = asks => tokio::time::sleep(COLLECT).await,
                }
            } else {
                tokio::time::sleep(wait).await;
            }
        }
    }

    /// Takes every step that is due, and says how long nothing will be.
    async fn look(&self, memory: &mut Memory) -> anyhow::Result<Duration> {
        loop {
            let (before, registrations) = (
                self.objects.secret().await?,
                self.objects.registrations().await?,
            );
            let now = SystemTime::now();
            let empty = Data::new();
            let data = before.as_ref().map_or(&empty, |stored| &stored.data);
            let mut held = Held::read(data, &self.asked, now);
            if held.is_lost() {
                let bundles = registrations.iter().flat_map(Registration::bundles);
                bundles.for_each(|bundle| held.adopt(bundle, &self.asked, now));
            }
            let bundle = held.bundle();
            if !held.is_lost() {
                // What was left out as it is read is not ours, or one too many.
                if data.get("ca.crt").map(Vec::as_slice) != Some(bundle.as_bytes()) {
                    self.objects.store(&held, before.as_ref()).await?;
                    continue;
                }
                let mut others = registrations
                    .iter()
                    .filter(|r| !r.trusts(&bundle))
                    .peekable();
                if others.peek().is_some() {
                    memory.trusted = None;
                    for registration in others {
                        self.tell(registration, &bundle, &mut memory.told).await?;
                    }
                    continue;
                }
            }
            let since = match memory.trusted.take() {
                Some((trusted, since)) if trusted == bundle => since,
                _ => Instant::now(),
            };
            memory.trusted = Some((bundle, since));
            let settles = self.settle.saturating_sub(since.elapsed());
            let Some(step) = held.step(&self.asked, settles.is_zero(), now) else {
                self.state.kept(&held, registrations.len());
                return Ok(self.until(&held, settles, now));
            };
            let held = held.take(step, &self.asked, now)?;
            self.objects.store(&held, before.as_ref()).await?;
            self.state.stepped(step);
        }
    }

    /// Tells a registration what to trust. Where it was told the same a moment ago, somebody else writes it too: that is no reason
    /// to write as fast as he.
    async fn tell(
        &self,
        registration: &Registration,
        bundle: &str,
        told: &mut HashMap<String, (String, Instant)>,
    ) -> anyhow::Result<()> {
        let key = format!("{registration}");
        if let Some((same, when)) = told.get(&key)
            && same == bundle
            && when.elapsed() < FIGHT
        {
            bail!(
                "the caBundle of {key} is written by somebody else as well, who has to leave it to the controller: its managedFields say who"
            );
        }
        self.objects.trust(registration, bundle).await?;
        self.state.trusted(&key);
        told.insert(key, (bundle.to_owned(), Instant::now()));
        Ok(())
    }

    /// How long nothing will be due by the time alone.
    fn until(&self, held: &Held, settles: Duration, now: SystemTime) -> Duration {
        let due = held
            .wakes(now)
            .and_then(|moment| moment.duration_since(now).ok());
        let settles = (!settles.is_zero()).then_some(settles);
        let soonest = [due, settles].into_iter().flatten().min();
        soonest.unwrap_or(LOOK).min(LOOK)
    }
}
