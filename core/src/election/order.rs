//! What the host of an election must do, and what it has to say.

use core::fmt;

use super::event::StopReason;
use super::term::FencingToken;
use crate::time::Instant;

/// What the host must do with the work.
///
/// Before it carries out any order of a call, the host shows its guard what [`Election::leading_until`](super::Election)
/// says after that call: a guard must stop saying "leading" before a stop is announced.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Order {
    /// Begin the work of this term. Whatever watches over it learns the first hard deadline.
    StartWork {
        /// The term.
        term: FencingToken,
        /// When its work must be gone, unless a later one is ordered.
        hard_deadline: Instant,
    },
    /// The work of this term must be gone by another time: a later one, or at once if another holds the Lease.
    MoveHardDeadline {
        /// The term.
        term: FencingToken,
        /// When its work must be gone.
        hard_deadline: Instant,
    },
    /// Stop the work of this term, and report [`Report::WorkEnded`] once nothing of it is left.
    StopWork {
        /// The term.
        term: FencingToken,
        /// When its work must be gone: it is killed then if need be.
        hard_deadline: Instant,
        /// Why.
        reason: StopReason,
    },
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StartWork { term, hard_deadline } => {
                write!(f, "start the work of term {term}, to be gone by {hard_deadline}")
            }
            Self::MoveHardDeadline { term, hard_deadline } => {
                write!(f, "the work of term {term} must be gone by {hard_deadline}")
            }
            Self::StopWork { term, hard_deadline, reason } => {
                write!(f, "stop the work of term {term}, to be gone by {hard_deadline}: {reason}")
            }
        }
    }
}

/// What the host of an election has to say.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Report {
    /// End: stop the work, then release, and never stand again.
    Shutdown,
    /// Stand again after a [`StepDown`](Self::StepDown), or after work that ended by itself.
    Stand,
    /// Stop the work, then release, and do not stand until told to.
    StepDown,
    /// Nothing is left of the work of this term: it was stopped, or it ended by itself, which is a step-down.
    WorkEnded {
        /// The term.
        term: FencingToken,
    },
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shutdown => f.write_str("shut down"),
            Self::Stand => f.write_str("stand"),
            Self::StepDown => f.write_str("step down"),
            Self::WorkEnded { term } => write!(f, "the work of term {term} has ended"),
        }
    }
}
