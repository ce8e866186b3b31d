//! What is on its way from the server to a process.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use serde_json::json;

use crate::api::{AnswerPart, Failure, FailureKind, Head, Sent};
use crate::testing::answer::FakeResponse;

#[derive(Clone, Debug)]
pub(super) enum Letter {
    /// The head of a watch.
    Head,
    /// A line of a watch.
    Line(Vec<u8>),
    /// The clean end of a watch.
    End,
    Whole(FakeResponse),
    Failed(Failure),
}

impl Letter {
    pub(super) fn failed(sent: Sent) -> Self {
        let (kind, message) = match sent {
            Sent::No => (FailureKind::Unreachable, "the server cannot be reached"),
            Sent::Unknown => (FailureKind::Interrupted, "the connection was cut"),
        };
        Self::Failed(Failure { sent, kind, message: message.into() })
    }

    pub(super) fn refusal(status: u16) -> Self {
        Self::Whole(FakeResponse::json(status, &json!({"kind": "Status", "message": "not now", "code": status})))
    }

    /// Whether nothing more comes of the exchange.
    pub(super) const fn is_last(&self) -> bool {
        matches!(self, Self::End | Self::Whole(_) | Self::Failed(_))
    }

    /// The header `Retry-After`.
    pub(super) fn retry_after(&self) -> Option<String> {
        match self {
            Self::Whole(response) => response.retry_after.map(|seconds| seconds.to_string()),
            _ => None,
        }
    }

    pub(super) fn parts<'a>(&'a self, retry_after: Option<&'a str>) -> Vec<AnswerPart<'a>> {
        let head = |status| AnswerPart::Head(Head { status, retry_after });
        match self {
            Self::Head => [head(200)].into(),
            Self::Line(line) => [AnswerPart::Chunk(line)].into(),
            Self::End => [AnswerPart::End].into(),
            Self::Whole(whole) => [head(whole.status), AnswerPart::Chunk(&whole.body), AnswerPart::End].into(),
            Self::Failed(failure) => [AnswerPart::Failed(failure)].into(),
        }
    }

    /// For people.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Head => "the head of a watch".into(),
            Self::Line(line) => alloc::format!("a line of a watch, {} bytes", line.len()),
            Self::End => "the end of a watch".into(),
            Self::Whole(whole) => alloc::format!("{}, {} bytes", whole.status, whole.body.len()),
            Self::Failed(failure) => failure.message.clone(),
        }
    }
}

/// The version of the object that a line of a watch is about: its metadata come first.
pub(super) fn version_of(line: &[u8]) -> Option<u64> {
    let line = core::str::from_utf8(line).ok()?;
    let (_, rest) = line.split_once("\"resourceVersion\":\"")?;
    rest.split('"').next()?.parse().ok()
}
