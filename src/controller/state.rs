//! How it stands with the certificates, for people and for metrics.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use hyper::StatusCode;

use super::held::{Held, Step};
use super::metrics::Metrics;
use crate::serve::{self, Admin, Reply};
use crate::x509::Life;

/// How it stands.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) metrics: Metrics,
    kept: AtomicBool,
    now: Mutex<Now>,
}

#[derive(Debug, Default)]
struct Now {
    serving: Option<Life>,
    registrations: usize,
    looked: Option<Instant>,
    failure: Option<String>,
}

impl State {
    /// A step was taken.
    pub(super) fn stepped(&self, step: Step) {
        self.metrics.stepped(step);
        let what = match step {
            Step::Found => "a CA is made",
            Step::Stage => "the next CA is made, to be trusted before it signs",
            Step::Promote => "the next CA signs from now on, and has signed a serving certificate",
            Step::Sign => "a serving certificate is signed",
        };
        tracing::info!(step = step.as_str(), "{what}");
    }

    /// A registration has been told what to trust.
    pub(super) fn trusted(&self, registration: &str) {
        self.metrics.trusted();
        tracing::info!(registration, "caBundle is written");
    }

    /// Nothing is due.
    pub(super) fn kept(&self, held: &Held, registrations: usize) {
        let serving = held.serving().map(|serving| serving.life());
        self.metrics.lives(held.ca().map(|ca| ca.life()), serving);
        self.metrics.registered(registrations);
        let mut now = self.lock();
        if now.registrations != registrations || now.looked.is_none() {
            match registrations {
                0 => tracing::warn!(
                    "there is none of the registrations that --mutating and --validating name"
                ),
                _ => tracing::info!(registrations, "the registrations trust what is served"),
            }
        }
        if now.failure.is_some() {
            tracing::info!("all is in order again");
        }
        *now = Now {
            serving,
            registrations,
            looked: Some(Instant::now()),
            failure: None,
        };
        self.kept.store(serving.is_some(), Ordering::Relaxed);
    }

    /// It could not be looked, or written.
    pub(super) fn failed(&self, error: &anyhow::Error) {
        let failure = format!("{error:#}");
        self.metrics.failed();
        if let Some(kube::Error::Api(status)) = error.downcast_ref::<kube::Error>()
            && status.code == 409
        {
            tracing::info!(
                error = failure,
                "somebody else was faster: it is read again"
            );
            return;
        }
        tracing::warn!(
            error = failure,
            "the certificates cannot be looked after; it is tried again"
        );
        self.lock().failure = Some(failure);
    }

    fn lock(&self) -> MutexGuard<'_, Now> {
        // It is whole after each single change.
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Admin for State {
    fn waits_for(&self) -> Option<&'static str> {
        let waits = !self.kept.load(Ordering::Relaxed);
        waits.then_some("starting: there is no certificate yet that the registrations trust")
    }

    fn details(&self) -> Vec<String> {
        let now = self.lock();
        let certificate = match now.serving {
            Some(life) => format!(
                "[+] certificate: valid until {}, renewed from {} on",
                humantime::format_rfc3339_seconds(life.to),
                humantime::format_rfc3339_seconds(life.due()),
            ),
            None => "[-] certificate: none yet".to_owned(),
        };
        let registrations = match now.registrations {
            0 => "[-] registrations: there are none".to_owned(),
            n => format!("[+] registrations: {n} trust it"),
        };
        let failure = match (&now.failure, now.looked) {
            (Some(failure), _) => format!("[!] the last look failed: {failure}"),
            (None, Some(looked)) => {
                format!("[+] all in order {} s ago", looked.elapsed().as_secs())
            }
            (None, None) => "[-] not looked yet".to_owned(),
        };
        vec![
            certificate,
            registrations,
            failure.replace(char::is_control, " "),
        ]
    }

    fn metrics(&self) -> String {
        self.metrics.render()
    }

    fn panicked(&self) -> Reply {
        let text = "a bug in this program; please report it".to_owned();
        serve::text(StatusCode::INTERNAL_SERVER_ERROR, text)
    }
}
