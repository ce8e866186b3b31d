//! Why one attempt failed, and what right it takes.

use alloc::boxed::Box;
use core::fmt;
use core::mem::discriminant;

use crate::api::exchange::Answer;
use crate::api::{DecodeError, Failure, Namespace, Permission, Refusal, Resource, Sent, status};

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
    /// For an attempt on the Leases of this namespace.
    pub(super) fn of(
        verb: &'static str,
        needed: &'static [&'static str],
        namespace: &Namespace,
        failure: ElectionFailure,
    ) -> Box<Self> {
        let permission = Permission::new(verb, needed, Resource::LEASES, Some(namespace.clone()));
        Box::new(Self { permission, failure })
    }

    /// Another candidate was faster: that is how elections go.
    pub(super) const fn is_conflict(&self) -> bool {
        matches!(self.failure, ElectionFailure::Refused(Refusal::Conflict { .. }))
    }
}

/// `cannot update leases in namespace lab: …`
impl fmt::Display for ElectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {}: {}", self.permission, self.failure)?;
        match &self.failure {
            ElectionFailure::Refused(refusal) => self.permission.remedy(refusal).fmt(f),
            _ => Ok(()),
        }
    }
}

impl core::error::Error for ElectionError {}

/// What one attempt brought in place of an answer. None ends a candidacy: each is followed by another attempt.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ElectionFailure {
    /// There was no complete answer.
    Failed(Failure),
    /// The server refused, or could not answer.
    Refused(Refusal),
    /// No answer within the attempt timeout. A write may have taken effect.
    TimedOut,
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
        Self::Refused(Refusal::of(answer.status, status::message(&answer.body)))
    }

    /// Whether it is the same again, in other words and numbers perhaps.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Failed(one), Self::Failed(other)) => one.kind == other.kind,
            (Self::Refused(one), Self::Refused(other)) => one.is_like(other),
            (one, other) => discriminant(one) == discriminant(other),
        }
    }

    /// Whether the same request may succeed later without anyone changing a thing.
    pub(super) const fn is_transient(&self) -> bool {
        match self {
            Self::Failed(failure) => failure.kind.is_transient(),
            Self::Refused(Refusal::Expired { .. } | Refusal::ServerError { .. } | Refusal::Throttled { .. }) => true,
            Self::Altered | Self::TimedOut | Self::Unchanged | Self::Undecodable(_) => true,
            Self::Refused(_) => false,
        }
    }

    /// Whether a write that ended so may have taken effect, or take it yet.
    pub(super) const fn is_ambiguous(&self) -> bool {
        match self {
            Self::Altered | Self::Refused(Refusal::ServerError { .. }) | Self::TimedOut | Self::Undecodable(_) => true,
            Self::Failed(failure) => matches!(failure.sent, Sent::Unknown),
            Self::Refused(_) | Self::Unchanged => false,
        }
    }
}

impl fmt::Display for ElectionFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Altered => f.write_str("the server stored something else than was written"),
            Self::Failed(failure) => failure.fmt(f),
            Self::Refused(refusal) => refusal.fmt(f),
            Self::TimedOut => f.write_str("no answer in time"),
            Self::Unchanged => f.write_str("the server answered, but wrote nothing"),
            Self::Undecodable(error) => write!(f, "the answer is {error}"),
        }
    }
}
