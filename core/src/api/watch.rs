//! A watch, as it comes: lines cut out of chunks, and the event in each.
//!
//! See [watch semantics](https://kubernetes.io/docs/reference/using-api/api-concepts/#semantics-for-watch).

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::mem;
use core::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::decode::{DecodeError, Text, decode_object, object_or_null};
use super::meta::ResourceVersion;
use super::object_meta::ObjectMeta;
use crate::text::one_line;

/// How much of a message is kept, in bytes.
const MESSAGE_LIMIT: usize = 1000;

/// Cuts a body into its lines. However it came in chunks, the lines are the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Lines {
    limit: usize,
    /// The beginning of a line whose end is to come.
    begun: Vec<u8>,
}

/// A line over the limit. There is no use in what follows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LineTooLong;

impl Lines {
    /// Lines of `limit` bytes at most.
    pub(crate) const fn new(limit: usize) -> Self {
        Self { limit, begun: Vec::new() }
    }

    /// Takes the next line out of the chunk; `None` when the rest of the chunk only begins one.
    ///
    /// Blank lines are passed over. A line is borrowed unless it came in several chunks.
    pub(crate) fn next<'a>(&mut self, chunk: &mut &'a [u8]) -> Option<Result<Cow<'a, [u8]>, LineTooLong>> {
        loop {
            let bytes = *chunk;
            let mut parts = bytes.splitn(2, |byte| *byte == b'\n');
            let part = parts.next().unwrap_or_default();
            let rest = parts.next();
            *chunk = rest.unwrap_or_default();
            if self.begun.len().saturating_add(part.len()) > self.limit {
                return Some(Err(LineTooLong));
            }
            if rest.is_none() {
                self.begun.extend_from_slice(part);
                return None;
            }
            let mut line = Cow::Borrowed(part);
            if !self.begun.is_empty() {
                // M6: the buffer goes with the line.
                let mut whole = mem::take(&mut self.begun);
                whole.extend_from_slice(part);
                line = Cow::Owned(whole);
            }
            if !line.trim_ascii().is_empty() {
                return Some(Ok(line));
            }
        }
    }
}

/// One event of a watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum WatchEvent<'a> {
    /// ADDED or MODIFIED: an object as it is. To a selection these mean the same.
    Put(&'a [u8]),
    /// DELETED: an object as it was last. It no longer exists, or is no longer selected.
    Deleted(&'a [u8]),
    /// BOOKMARK: everything up to this version has been told.
    Bookmark(ResourceVersion),
    /// ERROR: why there is no more.
    Error(WatchStatus),
}

/// The Status in an ERROR event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WatchStatus {
    /// What would be the HTTP status.
    pub(crate) code: u16,
    /// What the server says.
    pub(crate) message: String,
    /// How long it asks us to wait.
    pub(crate) retry_after: Option<Duration>,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    r#type: Text<'a>,
    /// Kept raw: the type that says how to read it may come after it.
    #[serde(borrow, default)]
    object: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow, default)]
    kind: Text<'a>,
    #[serde(borrow, default, deserialize_with = "object_or_null")]
    metadata: ObjectMeta<'a>,
}

#[derive(Deserialize)]
struct Status<'a> {
    #[serde(borrow, default)]
    kind: Text<'a>,
    #[serde(borrow, default)]
    reason: Text<'a>,
    #[serde(borrow, default)]
    message: Text<'a>,
    #[serde(default)]
    code: Option<u16>,
    #[serde(default, deserialize_with = "object_or_null")]
    details: Details,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Details {
    retry_after_seconds: Option<u64>,
}

/// Decodes one line of a watch on objects of this kind.
pub(crate) fn decode_event<'a>(line: &'a [u8], kind: &'static str) -> Result<WatchEvent<'a>, DecodeError> {
    let Envelope { r#type, object } = decode_object(line)?;
    let object = object.map_or(b"null".as_slice(), |object| object.get().as_bytes());
    match &*r#type {
        "ADDED" | "MODIFIED" => named(object, kind).map(|()| WatchEvent::Put(object)),
        "DELETED" => named(object, kind).map(|()| WatchEvent::Deleted(object)),
        "BOOKMARK" => Ok(WatchEvent::Bookmark(ResourceVersion::new(&of_kind(object, kind)?.resource_version))),
        "ERROR" => Ok(WatchEvent::Error(status(object)?)),
        other => Err(DecodeError::kind("a watch event", other)),
    }
}

/// M1: something of another kind, or without a name, says nothing of a member.
fn named(object: &[u8], kind: &'static str) -> Result<(), DecodeError> {
    if of_kind(object, kind)?.name.is_empty() { Err(DecodeError::Unidentified { missing: "a name" }) } else { Ok(()) }
}

fn of_kind<'a>(object: &'a [u8], kind: &'static str) -> Result<ObjectMeta<'a>, DecodeError> {
    let named: Named<'a> = decode_object(object)?;
    if &*named.kind == kind { Ok(named.metadata) } else { Err(DecodeError::kind(kind, &named.kind)) }
}

fn status(object: &[u8]) -> Result<WatchStatus, DecodeError> {
    let status: Status<'_> = decode_object(object)?;
    if &*status.kind != "Status" {
        return Err(DecodeError::kind("Status", &status.kind));
    }
    let code = match (status.code, &*status.reason) {
        // The reason says it as well, and a Status need not have a code.
        (_, "Expired" | "Gone") => 410,
        (code, _) => code.unwrap_or(500),
    };
    let retry_after = status.details.retry_after_seconds.filter(|seconds| *seconds > 0).map(Duration::from_secs);
    Ok(WatchStatus { code, message: one_line(&status.message, MESSAGE_LIMIT), retry_after })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decode(line: &str) -> Result<WatchEvent<'_>, DecodeError> {
        decode_event(line.as_bytes(), "Pod")
    }

    /// The lines of a body that comes in chunks of this size, up to the one that is too long.
    fn lines(body: &[u8], size: usize, limit: usize) -> Vec<Result<Vec<u8>, LineTooLong>> {
        let (mut lines, mut found) = (Lines::new(limit), Vec::new());
        for mut chunk in body.chunks(size) {
            while let Some(line) = lines.next(&mut chunk) {
                found.push(line.map(Cow::into_owned));
                if found.last().is_some_and(Result::is_err) {
                    return found;
                }
            }
        }
        found
    }

    #[test]
    fn the_type_may_come_after_the_object() {
        let object = r#"{"kind":"Pod","metadata":{"name":"a"}}"#;
        for event in ["ADDED", "MODIFIED"] {
            let line = alloc::format!(r#"{{"object":{object},"type":"{event}"}}"#);
            assert_eq!(decode(&line), Ok(WatchEvent::Put(object.as_bytes())));
        }
        let line = alloc::format!(r#"{{"type":"DELETED","object":{object}}}"#);
        assert_eq!(decode(&line), Ok(WatchEvent::Deleted(object.as_bytes())));
    }

    #[test]
    fn a_bookmark_is_a_version() {
        let line = r#"{"type":"BOOKMARK","object":{"kind":"Pod","metadata":{"resourceVersion":"9"},"spec":{}}}"#;
        assert_eq!(decode(line), Ok(WatchEvent::Bookmark(ResourceVersion::new("9"))));
    }

    #[test]
    fn an_error_is_a_status_and_an_expired_one_a_410() {
        let error = |object: &str| match decode(&alloc::format!(r#"{{"type":"ERROR","object":{object}}}"#)) {
            Ok(WatchEvent::Error(status)) => status,
            other => panic!("{other:?}"),
        };
        let status = |code, retry_after| WatchStatus { code, message: "no".into(), retry_after };
        assert_eq!(error(r#"{"kind":"Status","message":"no","code":410}"#), status(410, None));
        assert_eq!(error(r#"{"kind":"Status","message":"no","reason":"Expired"}"#), status(410, None));
        assert_eq!(error(r#"{"kind":"Status","message":"no"}"#), status(500, None));
        let line = r#"{"kind":"Status","message":"no","code":429,"details":{"retryAfterSeconds":3}}"#;
        assert_eq!(error(line), status(429, Some(Duration::from_secs(3))));
    }

    #[test]
    fn what_is_no_event_is_refused() {
        for line in [
            "x",
            "[]",
            "{}",
            r#"{"type":"ADDED"}"#,
            r#"{"type":"ADDED","object":null}"#,
            r#"{"type":"ADDED","object":{"kind":"Pod"}}"#,
            r#"{"type":"ADDED","object":{"kind":"Node","metadata":{"name":"a"}}}"#,
            r#"{"type":"OTHER","object":{"kind":"Pod","metadata":{"name":"a"}}}"#,
            r#"{"type":"ERROR","object":{"kind":"Pod"}}"#,
            r#"{"type":"ADDED","type":"DELETED","object":{"kind":"Pod","metadata":{"name":"a"}}}"#,
        ] {
            assert!(decode(line).is_err(), "{line}");
        }
    }

    #[test]
    fn a_line_as_long_as_the_limit_is_one_and_a_longer_one_is_not() {
        for size in 1..10 {
            assert_eq!(lines(b"abc\n", size, 3), [Ok(b"abc".to_vec())]);
            assert_eq!(lines(b"a\nabcd\n", size, 3), [Ok(b"a".to_vec()), Err(LineTooLong)]);
            assert_eq!(lines(b"abcd", size, 3), [Err(LineTooLong)], "nothing grows while a line has no end");
        }
    }

    proptest! {
        #[test]
        fn how_a_body_is_cut_into_chunks_means_nothing(
            body in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b' '), any::<u8>()], 0..80),
            size in 1..40_usize,
            limit in 0..20_usize,
        ) {
            prop_assert_eq!(lines(&body, size, limit), lines(&body, usize::MAX, limit));
        }

        #[test]
        fn no_line_makes_it_panic(line in any::<Vec<u8>>()) {
            let _ = decode_event(&line, "Pod");
        }
    }
}
