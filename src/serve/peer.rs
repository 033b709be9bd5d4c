//! What is known of the client of one connection, and how it is told that it gives way.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::Instant;

/// What a connection is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// There is no whole head of a request: a handshake, silence, or a part of a head.
    Waiting,
    /// A head has arrived, and there is no reply yet.
    Receiving,
    /// There is a reply, and it is not yet sent.
    Replying,
}

/// Why a connection is closed before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GivesWay {
    /// For a new connection.
    Room,
    /// For the memory that its reply holds.
    Memory,
}

/// One client.
#[derive(Debug)]
pub(super) struct Peer {
    state: Mutex<State>,
    closed: Notify,
    refused: Notify,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) phase: Phase,
    /// Whether it has ever had an answer.
    pub(super) proven: bool,
    /// When bytes last came or went.
    pub(super) active: Instant,
    /// The bytes that its request or reply holds.
    pub(super) held: usize,
    /// Whether the request under way is to be refused.
    pub(super) refused: bool,
    /// Whether the connection is to be closed.
    pub(super) closed: Option<GivesWay>,
}

impl Peer {
    pub(super) fn new() -> Self {
        Self {
            state: Mutex::new(State {
                phase: Phase::Waiting,
                proven: false,
                active: Instant::now(),
                held: 0,
                refused: false,
                closed: None,
            }),
            closed: Notify::new(),
            refused: Notify::new(),
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        // A state is whole after each single change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that bytes came or went, and tells what they are about.
    pub(super) fn touch(&self) -> Phase {
        let mut state = self.state();
        state.active = Instant::now();
        state.phase
    }

    /// A head has arrived.
    pub(super) fn receiving(&self) {
        let mut state = self.state();
        state.phase = Phase::Receiving;
        state.refused = false;
    }

    /// A reply is there.
    pub(super) fn replying(&self) {
        let mut state = self.state();
        state.phase = Phase::Replying;
        state.proven = true;
    }

    /// The reply is sent; false where there is none.
    pub(super) fn replied(&self) -> bool {
        let mut state = self.state();
        let replying = state.phase == Phase::Replying;
        if replying {
            state.phase = Phase::Waiting;
        }
        replying
    }

    /// The connection is to end.
    pub(super) fn close(&self, why: GivesWay) {
        self.state().closed = Some(why);
        self.closed.notify_one();
    }

    /// Done once the connection is to end.
    pub(super) async fn closed(&self) -> GivesWay {
        loop {
            if let Some(why) = self.state().closed {
                return why;
            }
            self.closed.notified().await;
        }
    }

    /// The memory of what is under way is needed elsewhere.
    pub(super) fn give_up(&self) {
        let mut state = self.state();
        match state.phase {
            Phase::Receiving => {
                state.refused = true;
                self.refused.notify_one();
            }
            Phase::Waiting | Phase::Replying => {
                state.closed = Some(GivesWay::Memory);
                self.closed.notify_one();
            }
        }
    }

    /// Done once the request under way is to be refused.
    pub(super) async fn refused(&self) {
        while !self.state().refused {
            self.refused.notified().await;
        }
    }
}
