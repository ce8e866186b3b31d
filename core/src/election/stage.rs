//! Where a candidate stands, and the pace of its attempts.

use super::event::StopReason;
use super::term::Term;
use crate::time::Instant;

/// Each stage with its data, and no more.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Stage {
    /// Not started.
    Idle,
    /// A candidate without a term; the record may be ours nevertheless.
    Standing,
    /// The guard says "leading".
    Leading(Term),
    /// The term has ended, its work runs on.
    Stopping(Stopping),
    /// The work is gone; a record that is ours is freed.
    Releasing(Releasing),
    /// Does not stand until it is asked to.
    Withdrawn,
    /// Shut down.
    Ended,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Stopping {
    pub(super) term: Term,
    /// We may renew while the work takes its time.
    pub(super) is_voluntary: bool,
    pub(super) reason: StopReason,
    pub(super) then: Then,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Releasing {
    /// From when on others take over anyway.
    pub(super) until: Instant,
    pub(super) then: Then,
}

/// What follows a term.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Then {
    Stand,
    Withdraw,
    End,
}

/// When the next attempt may be made, and whether it must be a read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Pace {
    pub(super) not_before: Instant,
    /// What is known of the Lease may be outdated: read before anything is written.
    pub(super) doubt: bool,
    /// Conflicts in a row.
    pub(super) conflicts: u8,
}
