//! What an answer carries: bytes that are there, or a watch's lines as they come.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body, Frame, SizeHint};
use quorate_core::testing::WatchId;
use tokio::sync::Notify;
use tokio::time::Sleep;

use super::shared::Shared;

/// The body of any answer.
pub(super) enum AnswerBody {
    Whole(Full<Bytes>),
    Watch(WatchBody),
}

impl AnswerBody {
    pub(super) fn whole(bytes: Vec<u8>) -> Self {
        Self::Whole(Full::new(bytes.into()))
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        match self.get_mut() {
            Self::Whole(body) => Pin::new(body).poll_frame(context).map_err(|never: Infallible| match never {}),
            Self::Watch(body) => body.poll_line(context).map_ok(Frame::data),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(body) => body.is_end_stream(),
            Self::Watch(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(body) => body.size_hint(),
            Self::Watch(_) => SizeHint::default(),
        }
    }
}

/// The error by which hyper breaks an answer off.
#[derive(Debug)]
pub(super) struct Cut;

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the watch was cut")
    }
}

impl std::error::Error for Cut {}

/// The reading end of one watch. When the client goes, hyper drops it, and the API hears of it.
pub(super) struct WatchBody {
    id: WatchId,
    queue: Arc<Queue>,
    shared: Arc<Shared>,
    life: Option<Pin<Box<Sleep>>>,
}

impl WatchBody {
    pub(super) fn new(id: WatchId, queue: Arc<Queue>, shared: Arc<Shared>, life: Option<Duration>) -> Self {
        let life = life.map(|life| Box::pin(tokio::time::sleep(life)));
        Self { id, queue, shared, life }
    }

    fn poll_line(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Cut>>> {
        if let Some(life) = &mut self.life
            && life.as_mut().poll(context).is_ready()
        {
            return Poll::Ready(Some(Err(Cut)));
        }
        self.queue.poll_line(context)
    }
}

impl Drop for WatchBody {
    fn drop(&mut self) {
        self.shared.close(self.id);
    }
}

/// The lines that wait for one client.
pub(super) struct Queue {
    lines: Mutex<Lines>,
    limit: usize,
    /// Breaks the client's connection: a client that does not read does not notice that its answer is broken off either.
    hang_up: Arc<Notify>,
}

#[derive(Default)]
struct Lines {
    waiting: VecDeque<Bytes>,
    bytes: usize,
    stalled: bool,
    end: Option<End>,
    reader: Option<Waker>,
}

/// How a watch is over.
#[derive(Clone, Copy)]
enum End {
    /// After the lines that wait, as if its time were over.
    Clean,
    /// At once.
    Cut,
}

impl Queue {
    pub(super) fn new(limit: usize, stalled: bool, hang_up: Arc<Notify>) -> Self {
        Self { lines: Mutex::new(Lines { stalled, ..Lines::default() }), limit, hang_up }
    }

    /// Adds a line, unless the client is too slow for it: then it is hung up on, and the watch is over.
    pub(super) fn push(&self, line: Vec<u8>) -> Result<(), Cut> {
        let mut lines = self.lines();
        let bytes = lines.bytes.saturating_add(line.len());
        if bytes > self.limit {
            drop(lines);
            self.cut();
            self.hang_up.notify_one();
            return Err(Cut);
        }
        lines.bytes = bytes;
        lines.waiting.push_back(line.into());
        lines.wake();
        Ok(())
    }

    pub(super) fn end(&self) {
        let mut lines = self.lines();
        lines.end.get_or_insert(End::Clean);
        lines.wake();
    }

    pub(super) fn cut(&self) {
        let mut lines = self.lines();
        lines.waiting.clear();
        lines.bytes = 0;
        lines.end = Some(End::Cut);
        lines.wake();
    }

    pub(super) fn stall(&self, stalled: bool) {
        let mut lines = self.lines();
        lines.stalled = stalled;
        lines.wake();
    }

    fn poll_line(&self, context: &Context<'_>) -> Poll<Option<Result<Bytes, Cut>>> {
        let mut lines = self.lines();
        if matches!(lines.end, Some(End::Cut)) {
            return Poll::Ready(Some(Err(Cut)));
        }
        if !lines.stalled {
            if let Some(line) = lines.waiting.pop_front() {
                lines.bytes = lines.bytes.saturating_sub(line.len());
                return Poll::Ready(Some(Ok(line)));
            }
            if lines.end.is_some() {
                return Poll::Ready(None);
            }
        }
        lines.reader = Some(context.waker().clone());
        Poll::Pending
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lines {
    fn wake(&mut self) {
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }
}
