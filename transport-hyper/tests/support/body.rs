//! Bodies that come in pieces, and end well or badly.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use tokio::sync::{mpsc, oneshot};

pub struct Body {
    chunks: VecDeque<Bytes>,
    end: End,
    exact: bool,
}

enum End {
    Complete,
    Cut(oneshot::Receiver<()>),
    Never(#[expect(dead_code, reason = "closes when the body is dropped")] mpsc::Sender<Infallible>),
}

impl Body {
    /// Of a length that the head announces.
    pub fn whole(text: impl Into<Bytes>) -> Self {
        Self { chunks: [text.into()].into(), end: End::Complete, exact: true }
    }

    /// In these pieces, of a length that nobody announces.
    pub fn chunks<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Self {
        Self { chunks: chunks.into_iter().map(Bytes::copy_from_slice).collect(), end: End::Complete, exact: false }
    }

    /// These bytes, and then, on a signal, the server breaks off.
    pub fn cut(text: &'static str) -> (Self, oneshot::Sender<()>) {
        let (signal, signalled) = oneshot::channel();
        (Self { chunks: [text.into()].into(), end: End::Cut(signalled), exact: false }, signal)
    }

    /// These bytes, and then silence; the receiver ends when the body is dropped.
    pub fn endless(text: &'static str) -> (Self, mpsc::Receiver<Infallible>) {
        let (alive, dropped) = mpsc::channel(1);
        (Self { chunks: [text.into()].into(), end: End::Never(alive), exact: false }, dropped)
    }
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(chunk) = self.chunks.pop_front() {
            return Poll::Ready(Some(Ok(Frame::data(chunk))));
        }
        match &mut self.end {
            End::Complete => Poll::Ready(None),
            End::Cut(signalled) => Pin::new(signalled).poll(context).map(|_| Some(Err(io::Error::other("cut")))),
            End::Never(_) => Poll::Pending,
        }
    }

    fn size_hint(&self) -> SizeHint {
        if self.exact {
            SizeHint::with_exact(self.chunks.iter().map(|c| c.len() as u64).sum())
        } else {
            SizeHint::default()
        }
    }
}
