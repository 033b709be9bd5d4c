//! The loop that accepts connections, for ever.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

use super::connections::{Connections, Place};

/// The first and the longest pause after a failed accept: without one, a lack of file descriptors would spin.
const PAUSE: [Duration; 2] = [Duration::from_millis(5), Duration::from_secs(1)];

/// How many connections are accepted before all others have their turn: a crowd that comes at once does not hold up those that are there
/// already.
const AT_ONCE: u32 = 16;

/// The errors of a process, and of a system, that has no file descriptors left.
const EMFILE: i32 = 24;
const ENFILE: i32 = 23;

/// Hands every accepted stream to `connected`, with its place among the others, for ever; `failed` hears of each failure.
pub(super) async fn accept(
    listener: &TcpListener,
    connections: &Arc<Connections>,
    connected: impl Fn(TcpStream, Arc<Place>),
    failed: impl Fn(),
) {
    let [first, longest] = PAUSE;
    let mut pause = first;
    let mut said: Option<Instant> = None;
    for number in (0..AT_ONCE).cycle() {
        if number == 0 {
            tokio::task::yield_now().await;
        }
        match listener.accept().await {
            Ok((stream, _)) => {
                pause = first;
                // An answer is written at once: waiting to fill a packet only delays it.
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "TCP_NODELAY is refused");
                }
                connected(stream, Arc::new(connections.enter().await));
            }
            Err(error) => {
                failed();
                if said.is_none_or(|said| said.elapsed() >= longest) {
                    tracing::warn!(%error, "cannot accept connections");
                    said = Some(Instant::now());
                }
                // As with a full table: somebody who is missed less gives a descriptor back.
                let lacks = matches!(error.raw_os_error(), Some(EMFILE | ENFILE));
                if lacks && connections.make_room() {
                    pause = first;
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(longest);
            }
        }
    }
}
