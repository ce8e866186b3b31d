//! What links ask of the host.

use alloc::sync::Arc;
use core::fmt;

use crate::membership::view::Member;

/// Names one attempt, within one machine's life. Later attempts have greater ids.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(u64);

impl LinkId {
    pub(super) const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    pub(super) const fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for LinkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "link {}", self.0)
    }
}

/// What the host must do about links.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Order {
    /// Connect to this peer, and report how it [ended](super::Report::Ended). A peer that is connected already, by whomever, is a
    /// success.
    Connect {
        /// Names the attempt in its report.
        id: LinkId,
        /// Whom to connect to.
        peer: Arc<Member>,
    },
    /// Disconnect this peer, and report how it [ended](super::Report::Ended). A peer that is not connected is a success.
    Disconnect {
        /// Names the attempt in its report.
        id: LinkId,
        /// Whom to disconnect, as it was last.
        peer: Arc<Member>,
    },
    /// Find out who is connected, and report who is [listed](super::Report::Listed).
    ListConnected {
        /// Names the attempt in its report.
        id: LinkId,
    },
    /// Its time is over: drop it. No report on it is wanted.
    Abandon(LinkId),
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect { id, peer } => write!(f, "{id}: connect to {}", peer.name),
            Self::Disconnect { id, peer } => write!(f, "{id}: disconnect {}", peer.name),
            Self::ListConnected { id } => write!(f, "{id}: list who is connected"),
            Self::Abandon(id) => write!(f, "{id}: abandon"),
        }
    }
}
