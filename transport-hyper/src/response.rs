//! An answer whose body is still arriving.

use std::fmt;

use bytes::Bytes;
use http::header::RETRY_AFTER;
use http::response::Parts;
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use quorate_core::api::{Failure, FailureKind, Head, Sent};

use crate::connections::Lent;
use crate::failure::{Attempt, Trouble};

/// The head of an answer, and its body as it arrives. Dropping it ends the exchange.
pub struct Response {
    head: Parts,
    body: Body,
    attempt: Attempt,
    limit: usize,
}

enum Body {
    /// More may come. So many bytes came already.
    Open { incoming: Incoming, lent: Lent, received: usize },
    /// All of it came.
    Complete,
    /// No more of it will come.
    Failed(Failure),
}

impl Response {
    pub(crate) fn new(answer: http::Response<Incoming>, lent: Lent, limit: usize, attempt: Attempt) -> Self {
        let (head, incoming) = answer.into_parts();
        Self { head, body: Body::Open { incoming, lent, received: 0 }, attempt, limit }
    }

    /// The HTTP status code.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.head.status.as_u16()
    }

    /// A header by its name, in any case, as it came; absent also if it is not text. Of several, the first.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.headers.get(name)?.to_str().ok()
    }

    /// The `Retry-After` header.
    #[must_use]
    pub fn retry_after(&self) -> Option<&str> {
        self.header(RETRY_AFTER.as_str())
    }

    /// What a machine wants to know of the head.
    #[must_use]
    pub fn head(&self) -> Head<'_> {
        Head { status: self.status(), retry_after: self.retry_after() }
    }

    /// The next bytes of the body; `None` when it is complete. How a body is cut into chunks means nothing.
    ///
    /// Ask until `None` comes, and the connection is kept for the next request.
    ///
    /// Dropping the future loses no bytes: the next call goes on where this one was.
    ///
    /// # Errors
    ///
    /// When the connection is cut before the body is complete, or the body is longer than the request allows; at every
    /// later call as well.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Failure> {
        loop {
            let (incoming, received) = match &mut self.body {
                Body::Open { incoming, received, .. } => (incoming, received),
                Body::Complete => return Ok(None),
                Body::Failed(failure) => return Err(failure.clone()),
            };
            // What the head announces counts as soon as it is announced.
            let announced = usize::try_from(incoming.size_hint().lower()).unwrap_or(usize::MAX);
            if received.saturating_add(announced) > self.limit {
                return Err(self.too_large());
            }
            match incoming.frame().await {
                Some(Ok(frame)) => {
                    // Trailers hold nothing for us.
                    let Ok(bytes) = frame.into_data() else { continue };
                    *received = received.saturating_add(bytes.len());
                    if *received > self.limit {
                        return Err(self.too_large());
                    }
                    if !bytes.is_empty() {
                        return Ok(Some(bytes));
                    }
                }
                Some(Err(error)) => return Err(self.fail(&Trouble::interrupted("reading the answer", &error))),
                None => self.give_back(),
            }
        }
    }

    fn give_back(&mut self) {
        if let Body::Open { lent, .. } = std::mem::replace(&mut self.body, Body::Complete) {
            lent.give_back();
        }
    }

    fn too_large(&mut self) -> Failure {
        let message = format!(
            "the answer is longer than the {} bytes that this request allows; ask for less at a time, or allow more",
            self.limit
        );
        self.fail(&Trouble::new(FailureKind::BodyTooLarge, message))
    }

    /// Drops the exchange, and remembers why.
    fn fail(&mut self, trouble: &Trouble) -> Failure {
        let failure = self.attempt.failed(Sent::Unknown, trouble);
        self.body = Body::Failed(failure.clone());
        failure
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response").field("status", &self.status()).finish_non_exhaustive()
    }
}
