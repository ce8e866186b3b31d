//! What an election tells the application.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;

use super::failure::ElectionError;
use super::term::FencingToken;
use crate::machine::Severity;

/// The news of an election.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Event {
    /// A term has begun: we lead.
    Acquired {
        /// The term.
        term: FencingToken,
    },
    /// There was no Lease, so we made one, and wait before we lead: somebody may still work under one that was deleted.
    Created {
        /// How long we wait.
        wait: Duration,
    },
    /// The Lease belongs to coordinated election (`spec.strategy` is set): we do not stand.
    ForeignStrategy {
        /// What it says.
        strategy: Arc<str>,
    },
    /// The Lease is another one than before, or an older state of it: all waits begin again.
    HistoryBreak,
    /// A term has ended against our will.
    Lost {
        /// The term.
        term: FencingToken,
        /// Why.
        cause: StopReason,
    },
    /// The Lease could not be released: others wait until it expires.
    NotReleased,
    /// Another holder, or none, stands in the Lease.
    ObservedHolder {
        /// Who; `None` if nobody does.
        holder: Option<Arc<str>>,
        /// Whether it is our own record.
        is_ours: bool,
    },
    /// A read of the Lease failed; another follows.
    ReadFailed(Box<ElectionError>),
    /// The Lease is free for others.
    Released,
    /// A renewal succeeded.
    Renewed {
        /// The term.
        term: FencingToken,
    },
    /// A write while we lead failed; another follows.
    RenewFailed {
        /// The term.
        term: FencingToken,
        /// How long we lead without a renewal.
        left: Duration,
        /// Why.
        error: Box<ElectionError>,
    },
    /// We stand for election.
    Standing,
    /// A term has ended because we were asked to, or because its work has ended.
    SteppingDown {
        /// The term.
        term: FencingToken,
        /// Why.
        reason: StopReason,
    },
    /// The watch failed; another follows. Until then we look now and then.
    WatchFailed(Box<ElectionError>),
    /// We do not stand any more.
    Withdrawn,
    /// A write while we do not lead failed; another follows.
    WriteFailed(Box<ElectionError>),
}

impl Event {
    /// How much a human should care.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        match self {
            Self::Renewed { .. } => Severity::Debug,
            Self::Acquired { .. }
            | Self::ObservedHolder { .. }
            | Self::Released
            | Self::Standing
            | Self::SteppingDown { .. }
            | Self::Withdrawn => Severity::Info,
            Self::WriteFailed(error) if error.is_conflict() => Severity::Info,
            // Whoever waits should know why.
            Self::Created { .. }
            | Self::ForeignStrategy { .. }
            | Self::HistoryBreak
            | Self::Lost { .. }
            | Self::NotReleased
            | Self::ReadFailed(_)
            | Self::RenewFailed { .. }
            | Self::WatchFailed(_)
            | Self::WriteFailed(_) => Severity::Warning,
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Acquired { term } => write!(f, "leading, term {term}"),
            Self::Created { wait } => write!(
                f,
                "created the Lease, and waiting {:.0} s before leading, in case somebody still works under one that was \
                 deleted; to lead at once, ship an empty Lease with the other manifests, or set create to fast if nobody \
                 ever deletes a held Lease",
                wait.as_secs_f64()
            ),
            Self::ForeignStrategy { strategy } => write!(
                f,
                "not standing: spec.strategy of the Lease is {strategy:?}, so it belongs to coordinated election; name \
                 another Lease"
            ),
            Self::HistoryBreak => f.write_str(
                "the Lease is another one than before, or an older state of it (deleted, or etcd restored); all waits begin \
                 again",
            ),
            Self::Lost { term, cause } => write!(f, "lost term {term}: {cause}"),
            Self::NotReleased => f.write_str("the Lease was not released; others wait until it expires"),
            Self::ObservedHolder { holder: None, .. } => f.write_str("nobody holds the Lease"),
            Self::ObservedHolder { holder: Some(holder), is_ours: true } => write!(f, "we hold the Lease, as {holder}"),
            Self::ObservedHolder { holder: Some(holder), is_ours: false } => write!(f, "{holder} holds the Lease"),
            Self::ReadFailed(error) | Self::WatchFailed(error) | Self::WriteFailed(error) => error.fmt(f),
            Self::Released => f.write_str("released the Lease"),
            Self::Renewed { term } => write!(f, "renewed term {term}"),
            Self::RenewFailed { term, left, error } => {
                write!(f, "term {term} not renewed, {:.1} s left: {error}", left.as_secs_f64())
            }
            Self::Standing => f.write_str("standing for election"),
            Self::SteppingDown { term, reason } => write!(f, "stepping down from term {term}: {reason}"),
            Self::Withdrawn => f.write_str("not standing for election"),
        }
    }
}

/// Why a term ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StopReason {
    /// Somebody freed our record.
    Cleared,
    /// No renewal succeeded in time.
    Deadline,
    /// The Lease was given to coordinated election.
    ForeignStrategy,
    /// We shut down.
    Shutdown,
    /// We were asked to step down.
    StepDown,
    /// Another holds the Lease.
    Superseded {
        /// Who.
        holder: Arc<str>,
    },
    /// The work ended by itself.
    WorkEnded,
}

impl fmt::Display for StopReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cleared => f.write_str("somebody freed our Lease"),
            Self::Deadline => f.write_str("no renewal succeeded in time"),
            Self::ForeignStrategy => f.write_str("the Lease was given to coordinated election"),
            Self::Shutdown => f.write_str("shutting down"),
            Self::StepDown => f.write_str("asked to"),
            Self::Superseded { holder } => write!(f, "{holder} holds the Lease"),
            Self::WorkEnded => f.write_str("the work has ended"),
        }
    }
}
