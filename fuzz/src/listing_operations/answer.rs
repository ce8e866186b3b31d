//! The answers of a server that may say anything, but often says something sensible.

use std::fmt::Write as _;

use arbitrary::Arbitrary;

use crate::answer::statuses;
use crate::source::AnySource;

statuses! {
    Ok = 200,
    Forbidden = 403,
    Gone = 410,
    Throttled = 429,
    Unavailable = 503,
}

pub(super) type Part<'a> = crate::answer::Part<Status, Body<'a>>;

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
