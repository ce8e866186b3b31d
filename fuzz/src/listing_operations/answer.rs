//! The answers of a server that may say anything, but often says something sensible.

use std::fmt::Write as _;

use arbitrary::Arbitrary;
use quorate_core::api::{AnswerPart, Head};

use super::script::AnySource;
use crate::answer::{Kind, RetryAfter, fail};

#[derive(Arbitrary, Debug)]
pub(super) enum Part<'a> {
    Head { status: Status, retry_after: RetryAfter },
    Chunk(Body<'a>),
    End,
    Failed(Kind),
}

impl Part<'_> {
    pub(super) fn with(&self, feed: impl FnOnce(AnswerPart<'_>)) {
        match self {
            Self::Head { status, retry_after } => {
                let retry_after = retry_after.text();
                feed(AnswerPart::Head(Head { status: status.code(), retry_after: retry_after.as_deref() }));
            }
            Self::Chunk(body) => feed(AnswerPart::Chunk(&body.bytes())),
            Self::End => feed(AnswerPart::End),
            Self::Failed(kind) => feed(AnswerPart::Failed(&fail(*kind, false))),
        }
    }
}

#[derive(Arbitrary, Clone, Copy, Debug)]
pub(super) enum Status {
    Ok,
    Forbidden,
    Gone,
    Throttled,
    Unavailable,
    Any(u16),
}

impl Status {
    pub(super) const fn code(self) -> u16 {
        match self {
            Self::Ok => 200,
            Self::Forbidden => 403,
            Self::Gone => 410,
            Self::Throttled => 429,
            Self::Unavailable => 503,
            Self::Any(code) => code,
        }
    }
}

#[derive(Arbitrary, Debug)]
pub(super) enum Body<'a> {
    Bytes(&'a [u8]),
    /// A page, of the few versions and tokens, lest no two pages ever go together.
    Page {
        kind: AnySource,
        version: u8,
        token: u8,
        items: u8,
    },
    Service,
}

impl Body<'_> {
    pub(super) fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Bytes(bytes) => bytes.to_vec(),
            Self::Page { kind, version, token, items } => page(*kind, version % 3, token % 4, items % 4).into(),
            Self::Service => br#"{"kind":"Service","spec":{"selector":{"app":"web"}}}"#.into(),
        }
    }
}

/// Version and token zero are the empty ones.
fn page(kind: AnySource, version: u8, token: u8, items: u8) -> String {
    let text = |number: u8| if number == 0 { String::new() } else { number.to_string() };
    let items = vec!["{}"; items.into()].join(",");
    let mut page = String::new();
    let _ = write!(
        page,
        r#"{{"kind":"{kind:?}List","metadata":{{"resourceVersion":"{}","continue":"{}"}},"items":[{items}]}}"#,
        text(version),
        text(token)
    );
    page.replace("EndpointSlicesList", "EndpointSliceList").replace("PodsList", "PodList")
}
