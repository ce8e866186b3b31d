//! What comes back: whole answers, and the lines of watches.

use alloc::vec::Vec;

use serde::Serialize;

/// What the server makes of a request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "an answer is whole, or it goes on")]
pub enum FakeAnswer {
    /// The whole answer.
    Complete(FakeResponse),
    /// A watch: its head is always 200 and `application/json`, its lines come from
    /// [`FakeApi::updates`](super::FakeApi::updates).
    Watch {
        /// Whose lines are its own.
        id: WatchId,
        /// The header `Warning`.
        warning: Option<&'static str>,
    },
}

impl FakeAnswer {
    pub(super) const fn warn(&mut self, what: &'static str) {
        let (Self::Complete(FakeResponse { warning, .. }) | Self::Watch { warning, .. }) = self;
        *warning = Some(what);
    }
}

/// A whole answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct FakeResponse {
    /// The HTTP status code.
    pub status: u16,
    /// The header `Content-Type`.
    pub content_type: &'static str,
    /// The header `Retry-After`, in seconds.
    pub retry_after: Option<u32>,
    /// The header `Warning`.
    pub warning: Option<&'static str>,
    /// The body.
    pub body: Vec<u8>,
}

impl FakeResponse {
    /// What an overloaded server answers, from its
    /// [priority and fairness](https://kubernetes.io/docs/concepts/cluster-administration/flow-control/): no Status.
    #[must_use]
    pub fn too_many_requests(retry_after_seconds: u32) -> Self {
        let body = "Too many requests, please try again later.\n";
        Self { retry_after: Some(retry_after_seconds), ..Self::text(429, body) }
    }

    pub(super) fn json(status: u16, body: &impl Serialize) -> Self {
        // A value whose keys are text always serializes.
        let mut body = serde_json::to_vec(body).unwrap_or_default();
        body.push(b'\n');
        Self { status, content_type: "application/json", retry_after: None, warning: None, body }
    }

    pub(super) fn text(status: u16, body: &str) -> Self {
        let body = body.as_bytes().to_vec();
        Self { status, content_type: "text/plain; charset=utf-8", retry_after: None, warning: None, body }
    }
}

/// One watch of one [`FakeApi`](super::FakeApi), never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WatchId(pub(super) u64);

/// What an open watch must be sent.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a stream has lines, and an end")]
pub enum WatchUpdate {
    /// One event, its line feed included.
    Line(WatchId, Vec<u8>),
    /// The server ends the answer, cleanly: a last chunk.
    End(WatchId),
}

impl WatchUpdate {
    /// The watch that it is for.
    #[must_use]
    pub const fn watch(&self) -> WatchId {
        match self {
            Self::Line(watch, _) | Self::End(watch) => *watch,
        }
    }
}
