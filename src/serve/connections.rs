//! The connections of one port: how many there may be, what their requests hold in memory, and who gives way.
//!
//! Who has shown less gives way before who has shown more, and the longest silent before others, so that neither a flood of new
//! connections nor one of slow ones displaces those that the API server uses. Memory is bounded in the same manner: the
//! largest request gives way. `docs/decisions/0009-who-gives-way.md` says why.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::peer::{GivesWay, Peer, Phase, Shown};

/// How long a connection that has had an answer must be silent before it may give way: one in use never is for so long.
const IN_USE: Duration = Duration::from_secs(1);

/// How often somebody who waits for room looks again: of silence nobody is told.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// The connections of one port.
#[derive(Debug)]
pub(crate) struct Connections {
    most: usize,
    /// The most bytes that all requests and replies under way may hold.
    most_held: usize,
    held: AtomicUsize,
    places: Mutex<Places>,
    left: Notify,
}

#[derive(Debug, Default)]
struct Places {
    next: u64,
    taken: HashMap<u64, Arc<Peer>>,
}

impl Connections {
    pub(super) fn new(most: usize, most_held: usize) -> Arc<Self> {
        Arc::new(Self {
            most,
            most_held,
            held: AtomicUsize::new(0),
            places: Mutex::default(),
            left: Notify::new(),
        })
    }

    /// A place for a new connection. Where all are taken, somebody gives way; where nobody can, this waits.
    pub(super) async fn enter(self: &Arc<Self>) -> Place {
        loop {
            if self.count() < self.most {
                return self.place();
            }
            // All others have their turn before the next: who is new and honest has said something by then.
            tokio::task::yield_now().await;
            if self.make_room() {
                return self.place();
            }
            // Whether somebody left or a while has passed: the next look tells.
            let _ = tokio::time::timeout(LOOK_AGAIN, self.left.notified()).await;
        }
    }

    fn place(self: &Arc<Self>) -> Place {
        let peer = Arc::new(Peer::new());
        let mut places = self.lock();
        let number = places.next;
        places.next += 1;
        places.taken.insert(number, Arc::clone(&peer));
        Place {
            connections: Arc::clone(self),
            number,
            peer,
        }
    }

    /// Tells the connection that is missed least to end; false where all are in use. It looks at every one of them, and
    /// only where there are too many connections or descriptors.
    pub(super) fn make_room(&self) -> bool {
        let now = Instant::now();
        let mut places = self.lock();
        let candidates = places.taken.iter().filter_map(|(number, peer)| {
            let state = peer.state();
            let silent = now.duration_since(state.active);
            let idle = state.phase == Phase::Waiting && silent >= IN_USE;
            let can = state.shown < Shown::Request || idle;
            can.then_some((state.shown, Reverse(silent), *number))
        });
        let Some((.., number)) = candidates.min() else {
            return false;
        };
        if let Some(peer) = places.taken.remove(&number) {
            peer.close(GivesWay::Room);
        }
        true
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.lock().taken.len()
    }

    /// How many there may be.
    pub(super) fn most(&self) -> usize {
        self.most
    }

    /// How many have a request under way.
    pub(super) fn busy(&self) -> usize {
        let busy = |peer: &&Arc<Peer>| peer.state().phase != Phase::Waiting;
        self.lock().taken.values().filter(busy).count()
    }

    /// The bytes that requests and replies under way hold.
    pub(super) fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    fn largest(&self) -> Option<Arc<Peer>> {
        let places = self.lock();
        let largest = places.taken.values().max_by_key(|peer| peer.state().held);
        largest.map(Arc::clone)
    }

    /// Forgets what a connection holds, and says how much that was.
    fn free(&self, peer: &Peer) -> usize {
        let freed = std::mem::take(&mut peer.state().held);
        self.held.fetch_sub(freed, Ordering::Relaxed);
        freed
    }

    fn lock(&self) -> MutexGuard<'_, Places> {
        // The table is whole after each single change.
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of one connection; free again once this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    connections: Arc<Connections>,
    number: u64,
    pub(super) peer: Arc<Peer>,
}

impl Place {
    /// Takes `bytes` of memory for what is under way. Where there is not so much, the largest of all that is under way gives
    /// way; false where that is this one.
    #[must_use]
    pub(super) fn hold(&self, bytes: usize) -> bool {
        let all = &*self.connections;
        self.peer.state().held += bytes;
        all.held.fetch_add(bytes, Ordering::Relaxed);
        while all.held() > all.most_held {
            let largest = all.largest().unwrap_or_else(|| Arc::clone(&self.peer));
            let freed = all.free(&largest);
            if freed == 0 || Arc::ptr_eq(&largest, &self.peer) {
                return false;
            }
            largest.give_up();
        }
        true
    }

    /// Notes that what was under way is done with; false where nothing was being sent.
    pub(super) fn replied(&self) -> bool {
        let done = self.peer.replied();
        if done {
            self.release();
        }
        done
    }

    /// Gives back all that was taken.
    pub(super) fn release(&self) {
        self.connections.free(&self.peer);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.release();
        self.connections.lock().taken.remove(&self.number);
        self.connections.left.notify_one();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    /// Whether a connection was told to end.
    async fn gone(place: &Place) -> bool {
        let soon = Duration::from_millis(1);
        tokio::time::timeout(soon, place.peer.closed())
            .await
            .is_ok()
    }

    async fn proven(all: &Arc<Connections>) -> Place {
        let place = all.enter().await;
        place.peer.receiving();
        place.peer.replying();
        place.replied();
        place
    }

    #[tokio::test(start_paused = true)]
    async fn who_has_shown_least_gives_way_first_the_longest_silent_of_them() {
        let all = Connections::new(5, 0);
        let answered = proven(&all).await;
        tokio::time::sleep(Duration::from_secs(60)).await;
        let greeted = all.enter().await;
        let speaks = all.enter().await;
        let silent = all.enter().await;
        let newest = all.enter().await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        speaks.peer.touch();
        greeted.peer.greeted();
        let _sixth = all.enter().await;
        assert!(
            gone(&silent).await,
            "the longest silent of those that said nothing"
        );
        assert!(!gone(&greeted).await);
        assert!(!gone(&answered).await && !gone(&speaks).await && !gone(&newest).await);
        assert_eq!(all.count(), 5);
    }

    #[tokio::test(start_paused = true)]
    async fn of_those_that_had_an_answer_the_longest_silent_gives_way_and_none_in_use() {
        let all = Connections::new(2, 0);
        let (first, second) = (proven(&all).await, proven(&all).await);
        let began = Instant::now();
        first.peer.touch();
        first.peer.receiving();
        let _third = all.enter().await;
        assert!(began.elapsed() >= IN_USE, "nobody in use is displaced");
        assert!(gone(&second).await && !gone(&first).await);
    }

    #[tokio::test(start_paused = true)]
    async fn where_nobody_can_give_way_the_newcomer_waits_until_somebody_leaves() {
        let all = Connections::new(1, 0);
        let busy = proven(&all).await;
        busy.peer.receiving();
        let waiting = tokio::time::timeout(Duration::from_secs(60), all.enter());
        assert!(waiting.await.is_err());
        drop(busy);
        all.enter().await;
    }

    #[tokio::test(start_paused = true)]
    async fn the_largest_gives_way_where_memory_runs_out() {
        let all = Connections::new(9, 100);
        let (large, small) = (all.enter().await, all.enter().await);
        large.peer.receiving();
        small.peer.receiving();
        assert!(large.hold(60) && small.hold(30) && small.hold(20));
        assert!(large.peer.state().refused && !small.peer.state().refused);
        assert_eq!(all.held(), 50);
        large.release();
        assert!(!small.hold(60), "it is the largest itself");
        assert_eq!(all.held(), 0);
        drop((large, small));
        assert_eq!((all.held(), all.count()), (0, 0));
    }
}
