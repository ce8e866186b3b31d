//! What any transport and any server may say, whatever was asked for.

use arbitrary::Arbitrary;
use quorate_core::api::{AnswerPart, Failure, FailureKind, Head, Sent};

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

/// The statuses that mean something to a target, and all others.
///
/// Each target has its own: how many there are decides what a script's bytes mean.
macro_rules! statuses {
    ($($name:ident = $code:literal),* $(,)?) => {
        #[derive(arbitrary::Arbitrary, Clone, Copy, Debug)]
        pub(super) enum Status {
            $($name,)*
            Any(u16),
        }

        impl From<Status> for u16 {
            fn from(status: Status) -> Self {
                match status {
                    $(Status::$name => $code,)*
                    Status::Any(code) => code,
                }
            }
        }
    };
}

pub(crate) use statuses;

/// A part of an answer, with a target's statuses and bodies.
#[derive(Arbitrary, Debug)]
pub(crate) enum Part<S, B> {
    Head { status: S, retry_after: RetryAfter },
    Chunk(B),
    End,
    Failed { kind: Kind, is_unsent: bool },
}

impl<S: Copy + Into<u16>, B> Part<S, B> {
    pub(crate) fn make(&self, bytes: impl FnOnce(&B) -> Vec<u8>) -> Piece {
        match self {
            Self::Head { status, retry_after } => {
                Piece::Head { status: (*status).into(), retry_after: retry_after.text() }
            }
            Self::Chunk(body) => Piece::Chunk(bytes(body)),
            Self::End => Piece::End,
            Self::Failed { kind, is_unsent } => Piece::failed(*kind, *is_unsent),
        }
    }
}

/// A part of an answer that is made, and yet to be fed.
#[derive(Debug)]
pub(crate) enum Piece {
    Head { status: u16, retry_after: Option<String> },
    Chunk(Vec<u8>),
    End,
    Failed(Failure),
}

impl Piece {
    pub(crate) fn head(status: u16) -> Self {
        Self::Head { status, retry_after: None }
    }

    pub(crate) fn failed(kind: Kind, is_unsent: bool) -> Self {
        let sent = if is_unsent { Sent::No } else { Sent::Unknown };
        Self::Failed(Failure { sent, kind: kind.kind(), message: String::new() })
    }

    /// A whole answer.
    pub(crate) fn answer(status: u16, retry_after: Option<String>, body: Vec<u8>) -> [Self; 3] {
        [Self::Head { status, retry_after }, Self::Chunk(body), Self::End]
    }

    pub(crate) fn part(&self) -> AnswerPart<'_> {
        match self {
            Self::Head { status, retry_after } => {
                AnswerPart::Head(Head { status: *status, retry_after: retry_after.as_deref() })
            }
            Self::Chunk(bytes) => AnswerPart::Chunk(bytes),
            Self::End => AnswerPart::End,
            Self::Failed(failure) => AnswerPart::Failed(failure),
        }
    }
}
