//! What an answer that is no success means, whatever was asked for.

use alloc::string::String;
use core::fmt;
use core::mem::discriminant;

/// An answer that is no success, by its status
/// ([what they mean](https://github.com/kubernetes/community/blob/master/contributors/devel/sig-architecture/api-conventions.md#http-status-codes)).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Refusal {
    /// 409: the object is not what it was when we last saw it, or exists already.
    Conflict {
        /// What the server says.
        message: String,
    },
    /// 410: the version that was asked for is no longer served.
    Expired {
        /// What the server says.
        message: String,
    },
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
    /// Any other status that asking again does not change.
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
    /// 401: the server does not know us. The transport has read the credentials again by then.
    Unauthorized {
        /// What the server says.
        message: String,
    },
}

impl Refusal {
    /// What a status means, wherever it stands: a watch tells it in its stream as well.
    pub(crate) const fn of(status: u16, message: String) -> Self {
        match status {
            401 => Self::Unauthorized { message },
            403 => Self::Forbidden { message },
            404 => Self::NotFound { message },
            409 => Self::Conflict { message },
            410 => Self::Expired { message },
            429 => Self::Throttled { message },
            500.. => Self::ServerError { status, message },
            _ => Self::Rejected { status, message },
        }
    }

    /// Whether it is the same again, in other words and numbers perhaps.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        discriminant(self) == discriminant(other)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conflict { message } => write!(f, "conflict: {message}"),
            Self::Expired { message } => write!(f, "expired: {message}"),
            Self::Forbidden { message } => write!(f, "forbidden: {message}"),
            Self::NotFound { message } => write!(f, "not found: {message}"),
            Self::Rejected { status, message } => write!(f, "the server refused with status {status}: {message}"),
            Self::ServerError { status, message } => write!(f, "the server failed with status {status}: {message}"),
            Self::Throttled { message } => write!(f, "the server has too much to do: {message}"),
            Self::Unauthorized { message } => {
                write!(f, "unauthorized: {message}; the credentials are missing, wrong or expired")
            }
        }
    }
}

impl core::error::Error for Refusal {}
