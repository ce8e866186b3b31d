//! Why one attempt failed, and what right it takes.

use alloc::string::String;
use core::fmt;

use crate::api::exchange::Answer;
use crate::api::{DecodeError, Failure, Sent, status};
use crate::membership::listing::Permission;

/// One attempt that failed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ElectionError {
    /// What was asked for.
    pub permission: Permission,
    /// What it brought.
    pub failure: ElectionFailure,
}

impl ElectionError {
    pub(super) const fn new(permission: Permission, failure: ElectionFailure) -> Self {
        Self { permission, failure }
    }
}

/// `cannot update leases in namespace lab: …`
impl fmt::Display for ElectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {}: {}", self.permission, self.failure)?;
        match &self.failure {
            // A Role for it would let everybody in.
            ElectionFailure::Forbidden { message } if message.contains("system:anonymous") => {
                f.write_str("\nno credentials were sent: give the server some")
            }
            ElectionFailure::Forbidden { .. } => write!(f, "\n{}", self.permission.rule()),
            _ => Ok(()),
        }
    }
}

impl core::error::Error for ElectionError {}

/// What one attempt brought in place of an answer. None ends a candidacy: each is followed by another attempt.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ElectionFailure {
    /// 409: the Lease is not what it was when we last saw it. It is read again at once.
    Conflict {
        /// What the server says.
        message: String,
    },
    /// 410 for a watch: its version is no longer served. The Lease is read again.
    Expired {
        /// What the server says.
        message: String,
    },
    /// There was no complete answer.
    Failed(Failure),
    /// 403: the permission is missing, or the server is still starting.
    Forbidden {
        /// What the server says.
        message: String,
    },
    /// 404.
    NotFound {
        /// What the server says.
        message: String,
    },
    /// Any other status.
    Rejected {
        /// The HTTP status.
        status: u16,
        /// What the server says.
        message: String,
    },
    /// 5xx: the server cannot answer now. A write may have taken effect.
    ServerError {
        /// The HTTP status.
        status: u16,
        /// What the server says.
        message: String,
    },
    /// 429: the server has too much to do.
    Throttled {
        /// What the server says.
        message: String,
    },
    /// No answer within the attempt timeout. A write may have taken effect.
    TimedOut,
    /// 401: the server does not know us. The transport has read the credentials again by then.
    Unauthorized {
        /// What the server says.
        message: String,
    },
    /// 200, but the Lease has the version that it had before: nothing was written.
    Unchanged,
    /// The answer is not what was asked for. A write may have taken effect.
    Undecodable(DecodeError),
    /// The server stored something else than we wrote: something between changes our writes.
    Altered,
}

impl ElectionFailure {
    /// What an answer means that is no success.
    pub(super) fn of_answer(answer: &Answer) -> Self {
        let message = status::message(&answer.body);
        match answer.status {
            401 => Self::Unauthorized { message },
            403 => Self::Forbidden { message },
            404 => Self::NotFound { message },
            409 => Self::Conflict { message },
            410 => Self::Expired { message },
            429 => Self::Throttled { message },
            status @ 500.. => Self::ServerError { status, message },
            status => Self::Rejected { status, message },
        }
    }

    /// Whether a write that ended so may have taken effect, or take it yet.
    pub(super) const fn is_ambiguous(&self) -> bool {
        match self {
            Self::Altered | Self::ServerError { .. } | Self::TimedOut | Self::Undecodable(_) => true,
            Self::Failed(failure) => matches!(failure.sent, Sent::Unknown),
            Self::Conflict { .. }
            | Self::Expired { .. }
            | Self::Forbidden { .. }
            | Self::NotFound { .. }
            | Self::Rejected { .. }
            | Self::Throttled { .. }
            | Self::Unauthorized { .. }
            | Self::Unchanged => false,
        }
    }
}

impl fmt::Display for ElectionFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Altered => f.write_str("the server stored something else than was written"),
            Self::Conflict { message } => write!(f, "conflict: {message}"),
            Self::Expired { message } => write!(f, "expired: {message}"),
            Self::Failed(failure) => failure.fmt(f),
            Self::Forbidden { message } => write!(f, "forbidden: {message}"),
            Self::NotFound { message } => write!(f, "not found: {message}"),
            Self::Rejected { status, message } => write!(f, "the server refused with status {status}: {message}"),
            Self::ServerError { status, message } => write!(f, "the server failed with status {status}: {message}"),
            Self::Throttled { message } => write!(f, "the server has too much to do: {message}"),
            Self::TimedOut => f.write_str("no answer in time"),
            Self::Unauthorized { message } => {
                write!(f, "unauthorized: {message}; the credentials are missing, wrong or expired")
            }
            Self::Unchanged => f.write_str("the server answered, but wrote nothing"),
            Self::Undecodable(error) => write!(f, "the answer is {error}"),
        }
    }
}
