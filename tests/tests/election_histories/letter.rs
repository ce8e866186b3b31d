//! What is on its way to a candidate.

use quorate_core::api::{AnswerPart, Failure, FailureKind, Head, Sent};
use quorate_core::testing::FakeResponse;
use serde_json::{Value, json};

use super::history::Spoiled;

#[derive(Clone, Debug)]
pub(crate) enum Letter {
    /// The head of a watch.
    Head,
    Line(Vec<u8>),
    End,
    Whole(u16, Vec<u8>),
    Failed(Failure),
}

impl Letter {
    pub(crate) fn of(answer: FakeResponse) -> Self {
        Self::Whole(answer.status, answer.body)
    }

    pub(crate) fn refusal(status: u16) -> Self {
        let body = json!({"kind": "Status", "message": "not now", "code": status}).to_string();
        Self::Whole(status, body.into_bytes())
    }

    pub(crate) fn failed(sent: Sent) -> Self {
        Self::Failed(Failure { sent, kind: FailureKind::Interrupted, message: "the connection failed".to_owned() })
    }

    pub(crate) fn parts(&self) -> Vec<AnswerPart<'_>> {
        let head = |status| AnswerPart::Head(Head { status, retry_after: None });
        match self {
            Self::Head => vec![head(200)],
            Self::Line(line) => vec![AnswerPart::Chunk(line)],
            Self::End => vec![AnswerPart::End],
            Self::Whole(status, body) => vec![head(*status), AnswerPart::Chunk(body), AnswerPart::End],
            Self::Failed(failure) => vec![AnswerPart::Failed(failure)],
        }
    }

    /// Whether nothing more comes of the exchange.
    pub(crate) const fn is_last(&self) -> bool {
        matches!(self, Self::End | Self::Whole(..) | Self::Failed(_))
    }

    pub(crate) fn spoilt(self, spoiled: Spoiled) -> Self {
        match self {
            Self::Whole(status, body) => Self::Whole(status, spoil(body, spoiled)),
            Self::Line(line) => Self::Line(spoil(line, spoiled)),
            other => other,
        }
    }
}

fn spoil(mut body: Vec<u8>, spoiled: Spoiled) -> Vec<u8> {
    let Ok(mut json) = serde_json::from_slice::<Value>(&body) else { return body };
    let lease = if json["object"].is_object() { &mut json["object"] } else { &mut json };
    if spoiled == Spoiled::Cut {
        body.truncate(body.len() / 2);
        body.push(b'\n');
        return body;
    }
    if lease["kind"] != "Lease" {
        return body;
    }
    match spoiled {
        Spoiled::No | Spoiled::Cut => {}
        Spoiled::NoKind => drop(lease["kind"].take()),
        Spoiled::NoUid => drop(lease["metadata"]["uid"].take()),
        Spoiled::Absurd => {
            lease["spec"]["leaseDurationSeconds"] = json!("-15.5");
            lease["spec"]["leaseTransitions"] = json!([]);
            lease["spec"]["acquireTime"] = json!({});
        }
    }
    let mut body = json.to_string().into_bytes();
    body.push(b'\n');
    body
}
