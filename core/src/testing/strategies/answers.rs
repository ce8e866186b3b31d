//! Answers of a server, part by part.
//!
//! ```
//! use proptest::prelude::*;
//! use quorate_core::api::AnswerPart;
//! use quorate_core::testing::strategies::{answers, records};
//!
//! proptest!(|(answer in answers::to(records::leases()))| {
//!     let parts = answer.parts();
//!     prop_assert!(matches!(parts.last(), Some(AnswerPart::End | AnswerPart::Failed(_))));
//! });
//! ```

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

use crate::api::{AnswerPart, Failure, FailureKind, Head, Sent};

/// One answer, as a transport would hand it over.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "tests make their own")]
pub struct Answer {
    /// Status and `Retry-After`; `None` when not even that came.
    pub head: Option<(u16, Option<String>)>,
    /// The body, cut anywhere.
    pub chunks: Vec<Vec<u8>>,
    /// Why there is no more; `None` when it is complete.
    pub failure: Option<Failure>,
}

impl Answer {
    /// The parts, in the order in which they come. The last is always an end or a failure.
    #[must_use]
    pub fn parts(&self) -> Vec<AnswerPart<'_>> {
        let head = self.head.as_ref();
        let head = head.map(|(status, retry_after)| {
            AnswerPart::Head(Head { status: *status, retry_after: retry_after.as_deref() })
        });
        let chunks = self.chunks.iter().map(|chunk| AnswerPart::Chunk(chunk));
        let end = self.failure.as_ref().map_or(AnswerPart::End, AnswerPart::Failed);
        head.into_iter().chain(chunks).chain([end]).collect()
    }

    /// The same with another body, where it is a whole success.
    pub(super) fn echoing(&self, body: Vec<u8>) -> Self {
        Self { chunks: [body].into(), ..self.clone() }
    }

    pub(super) fn is_whole_success(&self) -> bool {
        self.failure.is_none() && matches!(self.head, Some((200..=299, _)))
    }
}

/// Mostly a success with such a body; sometimes a refusal, garbage, or an answer that is cut.
pub fn to(bodies: impl Strategy<Value = Value> + 'static) -> impl Strategy<Value = Answer> {
    prop_oneof![6 => successes(bodies), 2 => refusals(), 1 => garbage(), 2 => failures()]
}

/// A success with such a body, cut into two chunks anywhere.
pub fn successes(bodies: impl Strategy<Value = Value>) -> impl Strategy<Value = Answer> {
    (bodies, any::<Index>()).prop_map(|(body, cut)| {
        let body = body.to_string().into_bytes();
        let (first, second) = body.split_at(cut.index(body.len()));
        Answer { head: Some((200, None)), chunks: [first.into(), second.into()].into(), failure: None }
    })
}

/// A refusal by status, with or without `Retry-After`.
pub fn refusals() -> impl Strategy<Value = Answer> {
    let statuses = select(&[400_u16, 401, 403, 404, 409, 410, 422, 429, 500, 503, 504][..]);
    let waits = prop_oneof![3 => Just(None), 2 => (0..40_u32).prop_map(|seconds| Some(seconds.to_string())), 1 => Just(Some(String::from("soon")))];
    (statuses, waits).prop_map(|(status, retry_after)| {
        let body = json!({"kind": "Status", "status": "Failure", "message": "no", "code": status});
        Answer { head: Some((status, retry_after)), chunks: [body.to_string().into_bytes()].into(), failure: None }
    })
}

/// A success whose body is no JSON, or another object than was asked for.
pub fn garbage() -> impl Strategy<Value = Answer> {
    let bodies = prop_oneof![
        any::<Vec<u8>>(),
        select(&["", "null", "[]", "<html>", r#"{"kind":"Status"}"#][..]).prop_map(|text| text.as_bytes().into())
    ];
    bodies.prop_map(|body: Vec<u8>| Answer { head: Some((200, None)), chunks: [body].into(), failure: None })
}

/// An exchange that brought no complete answer, whether a head came or not.
pub fn failures() -> impl Strategy<Value = Answer> {
    let kinds = [
        (Sent::Unknown, FailureKind::BodyTooLarge),
        (Sent::No, FailureKind::Credentials),
        (Sent::Unknown, FailureKind::Interrupted),
        (Sent::Unknown, FailureKind::TimedOut),
        (Sent::No, FailureKind::Unreachable),
        (Sent::No, FailureKind::Untrusted),
    ];
    (select(kinds.to_vec()), any::<bool>()).prop_map(|((sent, kind), has_head)| Answer {
        head: (has_head && sent == Sent::Unknown).then_some((200, None)),
        chunks: Vec::new(),
        failure: Some(Failure { sent, kind, message: "it failed".into() }),
    })
}
