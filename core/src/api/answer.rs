//! The parts in which an answer reaches a machine.

use alloc::string::String;
use core::fmt;

/// One part of an answer: a head, then any number of chunks, then an end; or a failure at any point, which ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AnswerPart<'a> {
    /// Status and headers have arrived.
    Head(Head<'a>),
    /// The next bytes of the body. How a body is cut into chunks means nothing.
    Chunk(&'a [u8]),
    /// The body is complete.
    End,
    /// There is no answer, or no more of it.
    Failed(&'a Failure),
}

/// What of a response's status line and headers a decision needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "transports build it; a further header would be a new contract")]
pub struct Head<'a> {
    /// The HTTP status code.
    pub status: u16,
    /// The `Retry-After` header, as it came. Kubernetes sends whole seconds.
    pub retry_after: Option<&'a str>,
}

/// An exchange that brought no complete answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "transports build it; these three facts are the contract")]
pub struct Failure {
    /// Whether the server may have seen the request.
    pub sent: Sent,
    /// What went wrong, as far as a decision needs to know.
    pub kind: FailureKind,
    /// What was tried and what came back, for people. Never holds a secret.
    pub message: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl core::error::Error for Failure {}

/// Whether a request that brought no complete answer may have had an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a request either surely never left, or it may have")]
pub enum Sent {
    /// No byte of it left: it was certainly not applied.
    No,
    /// It may have been applied.
    Unknown,
}

/// The kinds of failure that decisions tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FailureKind {
    /// The answer is longer than [`Request::body_limit`](crate::api::Request::body_limit). Asking again gives the same.
    BodyTooLarge,
    /// The credentials cannot be used (a token file is missing, say). Time alone does not mend it.
    Credentials,
    /// The connection was cut, or what came back is not HTTP.
    Interrupted,
    /// The transport's own time ran out.
    TimedOut,
    /// The server's certificate cannot be trusted, or it refuses ours. Time alone does not mend it.
    Untrusted,
    /// No connection came about: the name does not resolve, the port refuses, the route is missing.
    Unreachable,
}

impl FailureKind {
    /// Whether the same request may succeed later without anyone changing a thing.
    #[must_use]
    pub const fn is_transient(self) -> bool {
        match self {
            Self::Interrupted | Self::TimedOut | Self::Unreachable => true,
            Self::BodyTooLarge | Self::Credentials | Self::Untrusted => false,
        }
    }
}
