//! The watches: kube's events into [`Follow`], and what it decides into the shared facts.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use futures_util::StreamExt;
use kube::runtime::watcher::{self, watcher};
use kube::{Api, Client, ResourceExt};

use super::Shared;
use super::follow::{Cause, Due, Event, Follow, Pace};
use super::kinds::{self, Kind};
use super::status::Known;
use crate::plan::Facts;

/// How long a connection may take.
pub(super) const CONNECT: Duration = Duration::from_secs(5);

/// How long the API may be silent before a connection counts as dead: longer than any watch is asked for, so that a quiet one
/// is not taken for a dead one.
pub(super) const SILENCE: Duration = Duration::from_secs(60);

/// Follows every kind, for ever.
pub(super) async fn all(config: kube::Config, pace: Pace, shared: Arc<Shared>) {
    let client = match Client::try_from(config) {
        Ok(client) => client,
        Err(error) => {
            tracing::error!(%error, "the API cannot be asked: nothing is known of the cluster");
            for kind in kinds::names() {
                fail(&shared, kind, Known::Unreachable, &error.to_string());
            }
            return;
        }
    };
    kinds::follow_all(&client, pace, &shared).await;
}

/// Follows one kind, for ever.
pub(super) async fn one<K: Kind>(client: Client, pace: Pace, shared: &Shared) {
    let seconds = u32::try_from(pace.watch.as_secs()).unwrap_or(u32::MAX);
    let asked = watcher::Config::default().timeout(seconds);
    let mut stream = pin!(watcher(Api::<K::Object>::all(client), asked));
    let mut follow = Follow::<K::Part>::new(pace);
    let mut resumes = Instant::now();
    loop {
        let next = async {
            tokio::time::sleep_until(resumes.into()).await;
            stream.next().await
        };
        let wakes = follow.wakes();
        let wake = async {
            match wakes {
                Some(moment) => tokio::time::sleep_until(moment.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            event = next => match event {
                Some(Ok(event)) => follow.event(translate::<K>(event), Instant::now()),
                Some(Err(error)) => {
                    let now = Instant::now();
                    let (cause, text) = (cause(&error), error.to_string());
                    resumes = now + follow.failure(cause, now);
                    tracing::debug!(kind = K::NAME, error = text, "a watch failed");
                    shared.board.update(K::NAME, |status| {
                        status.failures += 1;
                        status.failure = text;
                    });
                }
                None => return,
            },
            () = wake => {}
        }
        if let Some(due) = follow.due(Instant::now()) {
            settle::<K>(due, &mut follow, shared);
        }
    }
}

/// Makes known what has changed.
fn settle<K: Kind>(due: Due, follow: &mut Follow<K::Part>, shared: &Shared) {
    let publish = match due {
        Due { publish: true, .. } => Some(follow.parts()),
        Due {
            known: Known::Yes, ..
        } => return,
        Due { .. } => None,
    };
    let mut facts = Facts::clone(&shared.facts.load());
    // Only this thread writes.
    let ages = K::publish(
        &mut facts,
        publish.map(std::collections::HashMap::values),
        SystemTime::now(),
    );
    shared.facts.store(Arc::new(facts));
    follow.ages_at(ages.map(|after| Instant::now() + after));
    let (objects, known) = (follow.parts().len(), due.known);
    let mut failure = String::new();
    let is_other = shared.board.update(K::NAME, |status| {
        status.known = known;
        status.objects = if known == Known::Yes { objects } else { 0 };
        failure.clone_from(&status.failure);
    });
    match (is_other, known) {
        (false, _) => {}
        (true, Known::Yes) => tracing::info!(kind = K::NAME, objects, "known of the cluster"),
        (true, _) => tracing::warn!(
            kind = K::NAME,
            state = known.as_str(),
            failure,
            "not known of the cluster: rules that ask for it are careful"
        ),
    }
}

fn fail(shared: &Shared, kind: &'static str, known: Known, text: &str) {
    shared.board.update(kind, |status| {
        status.known = known;
        status.failures += 1;
        text.clone_into(&mut status.failure);
    });
}

fn translate<K: Kind>(event: watcher::Event<K::Object>) -> Event<K::Part> {
    let key = |object: &K::Object| -> Box<str> {
        let namespace = object.namespace().unwrap_or_default();
        format!("{namespace}/{}", object.name_any()).into()
    };
    match event {
        watcher::Event::Init => Event::Begin,
        watcher::Event::InitApply(object) => Event::Listed(key(&object), K::part(object)),
        watcher::Event::InitDone => Event::Complete,
        watcher::Event::Apply(object) => Event::Applied(key(&object), K::part(object)),
        watcher::Event::Delete(object) => Event::Deleted(key(&object)),
    }
}

fn cause(error: &watcher::Error) -> Cause {
    let status = match error {
        watcher::Error::InitialListFailed(kube::Error::Api(status))
        | watcher::Error::WatchStartFailed(kube::Error::Api(status))
        | watcher::Error::WatchFailed(kube::Error::Api(status)) => status,
        watcher::Error::WatchError(status) => status,
        _ => return Cause::Unreachable,
    };
    match status.code {
        401 | 403 => Cause::Forbidden,
        _ => Cause::Unreachable,
    }
}
