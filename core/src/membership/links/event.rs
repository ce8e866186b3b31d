//! The news of links for the application.

use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;

use super::report::LinkFailure;
use crate::machine::Severity;
use crate::membership::change::Departure;
use crate::membership::view::Member;

/// What happened to a link.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LinkEvent {
    /// We connected to it.
    Connected {
        /// The peer.
        peer: Arc<Member>,
    },
    /// It is connected, though not by an attempt that we saw succeed.
    Found {
        /// The peer.
        peer: Arc<Member>,
    },
    /// An attempt to connect failed.
    ConnectFailed {
        /// The peer.
        peer: Arc<Member>,
        /// Why.
        failure: LinkFailure,
        /// The least pause until the next attempt; `None` if it is not wanted any more.
        retry_in: Option<Duration>,
    },
    /// We disconnected it.
    Disconnected {
        /// The peer, as it was last.
        peer: Arc<Member>,
        /// Why.
        why: DisconnectCause,
    },
    /// An attempt to disconnect failed.
    DisconnectFailed {
        /// The peer, as it was last.
        peer: Arc<Member>,
        /// Why it failed.
        failure: LinkFailure,
        /// The least pause until the next attempt; `None` if the peer is kept again, if its link went down by itself or is
        /// its successor's now.
        retry_in: Option<Duration>,
    },
    /// Its link went down by itself.
    Dropped {
        /// The peer.
        peer: Arc<Member>,
    },
    /// Who is connected could not be found out. Nothing changes by it.
    ListFailed {
        /// Why.
        failure: LinkFailure,
        /// The pause until the next attempt.
        retry_in: Duration,
    },
}

/// Why a peer is disconnected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum DisconnectCause {
    /// It left the view.
    Left(Departure),
    /// It is not ready, and [`Keep::Ready`](super::Keep::Ready) keeps nobody else.
    NotReady,
    /// Another member has its name.
    Replaced,
    /// It has been terminating for longer than it is kept.
    Terminating,
}

impl fmt::Display for DisconnectCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Left(departure) => departure.fmt(f),
            Self::NotReady => f.write_str("not ready"),
            Self::Replaced => f.write_str("replaced"),
            Self::Terminating => f.write_str("terminating for too long"),
        }
    }
}

impl LinkEvent {
    /// How much a human should care.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        match self {
            Self::Connected { .. } | Self::Disconnected { .. } | Self::Found { .. } => Severity::Info,
            Self::ConnectFailed { .. }
            | Self::DisconnectFailed { .. }
            | Self::Dropped { .. }
            | Self::ListFailed { .. } => Severity::Warning,
        }
    }
}

impl fmt::Display for LinkEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connected { peer } => write!(f, "connected to {}", peer.name),
            Self::Found { peer } => write!(f, "found connected: {}", peer.name),
            Self::ConnectFailed { peer, failure, retry_in } => {
                write!(f, "cannot connect to {}{}: {failure}", peer.name, Again(*retry_in))
            }
            Self::Disconnected { peer, why } => write!(f, "disconnected {} ({why})", peer.name),
            Self::DisconnectFailed { peer, failure, retry_in } => {
                write!(f, "cannot disconnect {}{}: {failure}", peer.name, Again(*retry_in))
            }
            Self::Dropped { peer } => write!(f, "dropped by itself: {}", peer.name),
            Self::ListFailed { failure, retry_in } => {
                write!(f, "cannot find out who is connected{}: {failure}", Again(Some(*retry_in)))
            }
        }
    }
}

struct Again(Option<Duration>);

impl fmt::Display for Again {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |pause| write!(f, ", trying again in {:.1} s", pause.as_secs_f64()))
    }
}
