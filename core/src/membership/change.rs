//! How one view differs from the one before: what links, and applications, follow.

use alloc::sync::Arc;
use core::fmt;

use super::state::MemberState;
use super::view::Member;

/// One difference, about one name.
///
/// A name that passes from one pod to another is two differences: the one [leaves](Self::Left), then the other
/// [joins](Self::Joined).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "whoever follows a view must know every way in which it moves")]
pub enum Change {
    /// A member is new.
    Joined(Arc<Member>),
    /// The same member, seen otherwise: its state, or whether it is admitted.
    Changed {
        /// As it was.
        before: Arc<Member>,
        /// As it is.
        after: Arc<Member>,
    },
    /// A member is no longer there.
    Left {
        /// As it was last.
        member: Arc<Member>,
        /// Why it left.
        why: Departure,
    },
}

/// Why a member left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Departure {
    /// Its pod has failed or succeeded, as the state says: it will not run again.
    Ended(MemberState),
    /// No object tells of it any more.
    Gone,
    /// It goes by another name now, or by none.
    Renamed,
    /// Its name has passed to another member.
    Replaced,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Joined(member) => write!(f, "{} joined ({})", member.name, member.state),
            Self::Changed { before, after } => {
                write!(f, "{} changed ({} to {})", after.name, before.state, after.state)
            }
            Self::Left { member, why } => write!(f, "{} left ({why})", member.name),
        }
    }
}

impl fmt::Display for Departure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ended(state) => state.fmt(f),
            Self::Gone => f.write_str("gone"),
            Self::Renamed => f.write_str("renamed"),
            Self::Replaced => f.write_str("replaced"),
        }
    }
}
