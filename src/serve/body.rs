//! The body of a request: whole, in time, and within the memory that there is for all of them.

use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};

use super::connections::Place;

/// The longest body, in bytes: a little above the 3 MiB that the API server takes of a client.
const MOST: usize = 4 * 1024 * 1024;

/// How much of a longer one is read, and for how long, to no end but that the client comes to read why it is refused.
const PATIENCE: usize = 4 * MOST;
const LINGER: Duration = Duration::from_secs(1);

/// What is set aside at the first piece, at most; from then on, twice what has arrived, and never what is only announced.
const FIRST: usize = 32 * 1024;

/// How long a body may take to arrive.
const TIME: Duration = Duration::from_secs(10);

/// Why there is no body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BodyError {
    /// It is longer than anything in Kubernetes.
    #[error("the body is larger than {} MiB, which no object in Kubernetes is", MOST / (1024 * 1024))]
    TooLarge,
    /// It ended before its end.
    #[error("the body ended early; send it whole")]
    CutShort,
    /// It took too long.
    #[error("the body did not arrive within {} s", TIME.as_secs())]
    TooSlow,
    /// There is no memory for it.
    #[error(
        "too many large requests are under way, and the largest of them gives way; send it again, or start more replicas"
    )]
    Overloaded,
}

impl BodyError {
    /// Its name in metrics.
    pub(super) fn reason(self) -> &'static str {
        match self {
            Self::TooLarge => "too-large",
            Self::CutShort => "cut-short",
            Self::TooSlow => "too-slow",
            Self::Overloaded => "overloaded",
        }
    }
}

/// The whole body.
pub(super) async fn read(body: Incoming, place: &Place) -> Result<Vec<u8>, BodyError> {
    tokio::select! {
        whole = tokio::time::timeout(TIME, whole(body, place)) => whole.unwrap_or(Err(BodyError::TooSlow)),
        () = place.peer.refused() => Err(BodyError::Overloaded),
    }
}

/// Copies the pieces into one: each would keep the buffer that it came in, however small a client makes it.
async fn whole(mut body: Incoming, place: &Place) -> Result<Vec<u8>, BodyError> {
    let announced = body.size_hint().exact().unwrap_or_default();
    let announced = usize::try_from(announced).unwrap_or(usize::MAX);
    let mut whole = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| BodyError::CutShort)?;
        // Trailers say nothing here.
        let Ok(piece) = frame.into_data() else {
            continue;
        };
        let needed = whole.len() + piece.len();
        if needed > MOST {
            drop(whole);
            place.release();
            // Whether it came to its end or not.
            let _ = tokio::time::timeout(LINGER, discard(body)).await;
            return Err(BodyError::TooLarge);
        }
        if needed > whole.capacity() {
            let most = if announced < needed {
                MOST
            } else {
                announced.min(MOST)
            };
            let doubled = needed.max(2 * whole.capacity()).max(FIRST).min(most);
            if !place.hold(doubled - whole.capacity()) {
                return Err(BodyError::Overloaded);
            }
            whole.reserve_exact(doubled - whole.len());
        }
        whole.extend_from_slice(&piece);
    }
    Ok(whole)
}

/// Reads on and keeps nothing. To close at once would reset the connection under a client that still sends, and it would
/// never read the reply.
async fn discard(mut body: Incoming) {
    let mut discarded = 0;
    while discarded < PATIENCE
        && let Some(Ok(frame)) = body.frame().await
    {
        discarded += frame.data_ref().map_or(0, |piece| piece.len());
    }
}
