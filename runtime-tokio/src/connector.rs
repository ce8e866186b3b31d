//! What dials peers and hangs up on them.

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt;

use async_trait::async_trait;
use quorate_core::membership::Member;

/// Links this program to its peers, in whatever protocol they speak.
///
/// A connector decides nothing: whom to dial and when, how many at once, what to try again and when to give up is the
/// machine's affair ([`Links`](quorate_core::membership::links)).
///
/// Each call is a task of its own. It is dropped at its next `await` when its time is over or the membership ends, so it must
/// be safe to drop there; it may have taken effect all the same, which is found out by [`connected`](Self::connected). A call
/// that panics has failed.
#[async_trait]
pub trait Connector: Send + Sync {
    /// Connects to a peer. Never called while it is connected, as far as this connector has said.
    ///
    /// # Errors
    ///
    /// When there is no link; it is tried again, with growing pauses, while the peer is admitted.
    async fn connect(&self, peer: &Member) -> Result<(), ConnectorError>;

    /// Disconnects from a peer that is no longer kept. That there is no link is no error.
    ///
    /// # Errors
    ///
    /// When the link is still there; it is tried again, with growing pauses, until it succeeds or the peer is back. A connector
    /// that does not hang up on the living says [`StillAnswers`].
    async fn disconnect(&self, peer: &Member) -> Result<(), ConnectorError>;

    /// The names of all nodes that are connected at this moment, whoever connected them; `None` if this connector cannot tell,
    /// which leaves the machine with what it did itself.
    ///
    /// # Errors
    ///
    /// When they cannot be read at this moment; nothing changes then.
    async fn connected(&self) -> Result<Option<BTreeSet<String>>, ConnectorError> {
        Ok(None)
    }

    /// Completes with the name of a peer whose link has gone down by itself. Called again as soon as it has completed; what
    /// happens in between must wait for the next call. If it panics it is not called again.
    ///
    /// By default it never completes: then [`connected`](Self::connected) alone tells, after a while.
    async fn dropped(&self) -> String {
        std::future::pending().await
    }
}

/// Why a connector could not do as it was told; its text is shown to people, on one line.
pub type ConnectorError = Box<dyn Error + Send + Sync>;

/// A disconnect that a connector has not done, because whoever has that name answers over the link.
///
/// If the name has passed to another member, the link is taken for theirs and kept; else the disconnect is tried again.
#[derive(Debug)]
pub struct StillAnswers(String);

impl StillAnswers {
    /// With the connector's own words for it.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl fmt::Display for StillAnswers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for StillAnswers {}
