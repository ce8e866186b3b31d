//! What any transport and any server may say, whatever was asked for.

use arbitrary::Arbitrary;
use quorate_core::api::{Failure, FailureKind, Sent};

#[derive(Arbitrary, Clone, Copy, Debug)]
pub(crate) enum RetryAfter {
    Absent,
    Date,
    Seconds(u64),
}

impl RetryAfter {
    pub(crate) fn text(self) -> Option<String> {
        match self {
            Self::Absent => None,
            Self::Date => Some("Fri, 20 Nov 2026 18:04:59 GMT".into()),
            Self::Seconds(seconds) => Some(seconds.to_string()),
        }
    }
}

#[derive(Arbitrary, Clone, Copy, Debug)]
pub(crate) enum Kind {
    BodyTooLarge,
    Credentials,
    Interrupted,
    TimedOut,
    Unreachable,
    Untrusted,
}

impl Kind {
    const fn kind(self) -> FailureKind {
        match self {
            Self::BodyTooLarge => FailureKind::BodyTooLarge,
            Self::Credentials => FailureKind::Credentials,
            Self::Interrupted => FailureKind::Interrupted,
            Self::TimedOut => FailureKind::TimedOut,
            Self::Unreachable => FailureKind::Unreachable,
            Self::Untrusted => FailureKind::Untrusted,
        }
    }
}

pub(crate) fn fail(kind: Kind, is_unsent: bool) -> Failure {
    let sent = if is_unsent { Sent::No } else { Sent::Unknown };
    Failure { sent, kind: kind.kind(), message: String::new() }
}
