//! A stream on which a client that dawdles in the middle of something is cut off.
//!
//! hyper has one time for the head of a request and for the silence before it, and that one must be long: the API server
//! keeps connections. So the time for a head runs here, from its first byte. A body has its own, where it is read.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use super::connections::Place;
use super::peer::Phase;

/// How long a head may take from its first byte to its last.
const HEAD: Duration = Duration::from_secs(10);

/// How long a client may take to take a reply.
const REPLY: Duration = Duration::from_secs(30);

/// What a client took too long for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Dawdled {
    /// The head of a request.
    #[error("the head of a request did not arrive within {} s", HEAD.as_secs())]
    Head,
    /// Taking a reply.
    #[error("a reply was not taken within {} s", REPLY.as_secs())]
    Reply,
}

/// A stream, and the pace that is asked of its client.
#[derive(Debug)]
pub(super) struct Paced<S> {
    stream: S,
    place: Arc<Place>,
    /// Whether a part of a head has arrived.
    head_begun: bool,
    /// Runs while the client is waited for in the middle of something.
    timer: Option<(Dawdled, Pin<Box<Sleep>>)>,
}

impl<S> Paced<S> {
    pub(super) fn new(stream: S, place: Arc<Place>) -> Self {
        Self {
            stream,
            place,
            head_begun: false,
            timer: None,
        }
    }

    /// Waits for the client, but not for ever.
    fn pending<T>(&mut self, cx: &mut Context<'_>, of: Dawdled) -> Poll<io::Result<T>> {
        let limit = match of {
            Dawdled::Head => HEAD,
            Dawdled::Reply => REPLY,
        };
        if self.timer.as_ref().is_none_or(|(timed, _)| *timed != of) {
            self.timer = Some((of, Box::pin(tokio::time::sleep(limit))));
        }
        if let Some((_, timer)) = &mut self.timer {
            ready!(timer.as_mut().poll(cx));
        }
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, of)))
    }

    /// What became of a write.
    fn written<T>(
        &mut self,
        cx: &mut Context<'_>,
        done: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        match done {
            Poll::Pending if self.place.peer.state().phase == Phase::Replying => {
                self.pending(cx, Dawdled::Reply)
            }
            Poll::Pending => Poll::Pending,
            Poll::Ready(done) => {
                self.place.peer.touch();
                Poll::Ready(done)
            }
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Paced<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        match Pin::new(&mut self.stream).poll_read(cx, buffer) {
            Poll::Ready(Ok(())) if buffer.filled().len() > before => {
                self.head_begun = self.place.peer.touch() == Phase::Waiting;
                Poll::Ready(Ok(()))
            }
            Poll::Pending if self.head_begun && self.place.peer.state().phase == Phase::Waiting => {
                self.pending(cx, Dawdled::Head)
            }
            other => other,
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Paced<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let done = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.written(cx, done)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let done = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.written(cx, done)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let done = Pin::new(&mut self.stream).poll_flush(cx);
        if let Poll::Ready(Ok(())) = done {
            // hyper flushes the stream once it has nothing more to write: a reply is sent.
            if self.place.replied() {
                self.head_begun = false;
                self.timer = None;
            }
        }
        self.written(cx, done)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.stream).poll_shutdown(cx) {
            Poll::Pending => self.pending(cx, Dawdled::Reply),
            done => done,
        }
    }
}
