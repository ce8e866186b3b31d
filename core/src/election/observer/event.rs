//! What an observer tells.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::cmp::Ordering;
use core::fmt;
use core::time::Duration;

use super::sighting::Sighting;
use crate::api::lease::Lease;
use crate::election::failure::ElectionError;
use crate::election::observation::{Observation, Sight};
use crate::machine::Severity;

/// The news of an observer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Event {
    /// An attempt failed that nobody has to know of yet; another follows.
    AttemptFailed(Box<ElectionError>),
    /// The Lease is there, and something of it is another than before.
    Changed {
        /// What happened.
        change: Change,
        /// Who held it before; `None` if nobody did, or nothing was known.
        previous_holder: Option<Arc<str>>,
        /// How it is now.
        sighting: Box<Sighting>,
    },
    /// What was told may be old: nothing newer can be had as it should. Attempts go on.
    Degraded {
        /// How long ago something was heard of the Lease; `None` if nothing ever was.
        age: Option<Duration>,
        /// Why.
        error: Box<ElectionError>,
    },
    /// The Lease is gone.
    Deleted,
    /// There is no answer, and no further attempt: nothing is followed.
    Failed(Box<ElectionError>),
    /// What was told is current.
    Live,
    /// There is no such Lease, at the first look.
    Missing,
}

impl Event {
    /// How much a human should care.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        match self {
            Self::AttemptFailed(_) => Severity::Debug,
            Self::Changed { .. } | Self::Deleted | Self::Live | Self::Missing => Severity::Info,
            Self::Degraded { .. } | Self::Failed(_) => Severity::Warning,
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AttemptFailed(error) | Self::Failed(error) => error.fmt(f),
            Self::Changed { change, sighting, .. } => match &sighting.record.holder {
                Some(holder) => write!(f, "{change}: {holder} holds the Lease"),
                None => write!(f, "{change}: nobody holds the Lease"),
            },
            Self::Degraded { error, .. } => write!(f, "degraded: {error}"),
            Self::Deleted => f.write_str("the Lease is gone"),
            Self::Live => f.write_str("live"),
            Self::Missing => f.write_str("there is no such Lease"),
        }
    }
}

/// What happened to a Lease that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Change {
    /// It is there again, or at last.
    Created,
    /// Something of the record is another, but not who holds it, nor `renewTime` while it is held.
    Edited,
    /// A held record has stood for its duration: it may be taken over.
    Expired,
    /// The first look found it.
    Found,
    /// Nobody holds it any more.
    Released,
    /// The holder wrote again.
    Renewed,
    /// It is another one than before: it was deleted and made again unseen. All waits begin again.
    Replaced,
    /// It is an older state than was seen already: etcd was restored, as a rule. All waits begin again.
    Rewound,
    /// Another holds it, or the same one took it anew: a term has begun, if its holder heard of its own write.
    TakenOver,
}

impl Change {
    /// In one word, such as `taken_over`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Edited => "edited",
            Self::Expired => "expired",
            Self::Found => "found",
            Self::Released => "released",
            Self::Renewed => "renewed",
            Self::Replaced => "replaced",
            Self::Rewound => "rewound",
            Self::TakenOver => "taken_over",
        }
    }

    /// What led from what was known to this Lease, whose content or history is another.
    pub(super) fn between(before: &Observation, lease: &Lease) -> Self {
        let known = match &before.sight {
            Sight::Unread => return Self::Found,
            Sight::Missing => return Self::Created,
            Sight::Present(known) => known,
        };
        if lease.version().newness().cmp(&known.version().newness()) == Ordering::Less {
            return Self::Rewound;
        }
        if known.uid() != lease.uid() {
            return Self::Replaced;
        }
        match (known.holder(), lease.holder()) {
            (Some(_), None) => Self::Released,
            (None, None) => Self::Edited,
            (old, new) if old != new || known.transitions() != lease.transitions() => Self::TakenOver,
            _ if known.renew_time() != lease.renew_time() => Self::Renewed,
            _ => Self::Edited,
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
