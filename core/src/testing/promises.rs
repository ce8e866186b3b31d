//! What must hold, as plain values that any world can be held against: yours, or [a simulation](super::simulation).
//!
//! They are told what happens, and say at once which promise is broken by it:
//!
//! - [`ElectionPromises`] looks after one Lease and all its candidates (E1 to E6);
//! - [`MembershipPromises`] looks after one follower of the members (M1 to M5), and [`ServerTruth`] is what the server has.
//!
//! What they are told costs the same however many members there are; only [`MembershipPromises::settled`] looks at a view.

mod election;
mod lease;
mod membership;

use alloc::string::String;
use core::fmt;

use serde::{Deserialize, Serialize};

pub use election::{ElectionPromises, LeaseWrite, ProcessId};
pub use membership::{MembershipPromises, ServerTruth};

/// A promise of Quorate's, or of an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Promise {
    /// At most one leads, and at most one works.
    E1,
    /// A leader that is cut off stops in time.
    E2,
    /// Nobody takes a held Lease over before its holder's hard deadline.
    E3,
    /// Fencing tokens grow from term to term.
    E4,
    /// While a candidate can reach the API, some candidate leads.
    E5,
    /// No write alters what is not ours.
    E6,
    /// Nothing makes an election spin.
    E7,
    /// No failed, partial or stale answer removes or revives a member.
    M1,
    /// Once events stop, links follow the view.
    M2,
    /// Nobody is dialled who is connected, and nobody is disconnected who is kept or not managed.
    M3,
    /// Once events stop, the view is the server's.
    M4,
    /// Every name parses back into its parts.
    M5,
    /// Of memory that goes by the members: what is in flight is bounded.
    M6,
    /// What the application under test promises.
    Application,
}

impl fmt::Display for Promise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// A promise that is broken, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Broken {
    /// Which one.
    pub promise: Promise,
    /// What happened, in a line for people.
    pub what: String,
}

impl Broken {
    /// A broken promise.
    #[must_use]
    pub const fn new(promise: Promise, what: String) -> Self {
        Self { promise, what }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.promise, self.what)
    }
}

impl core::error::Error for Broken {}
