//! The watch on the one Lease: from the parts of a stream to what each line says.

use alloc::vec::Vec;

use super::failure::ElectionFailure;
use crate::api::exchange::Exchange;
use crate::api::lease::Lease;
use crate::api::watch::{Lines, WatchEvent, WatchStatus, decode_event};
use crate::api::{AnswerPart, Failure, FailureKind, LeaseName, Refusal, Resource, Sent};
use crate::machine::RequestId;
use crate::time::Instant;

/// The longest line that is accepted, in bytes: etcd takes no object of that size.
const LINE_LIMIT: usize = 2 * 1024 * 1024;

/// The watch.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Watch {
    /// To be opened, once the Lease was read.
    Closed { reopen_at: Instant },
    /// Open, or being opened.
    Open { id: RequestId, stream: Stream },
}

/// One stream on its way in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Stream {
    /// Its head has yet to come.
    Asked,
    /// It was refused; the rest says why.
    Refused(Exchange),
    /// Line after line.
    Lines(Lines),
}

/// What a stream says.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Frame {
    Present(Lease),
    Deleted(Lease),
    /// Nothing that matters here.
    Bookmark,
}

impl Stream {
    /// Takes the next part: what it says, and, if nothing more is to come, how it ended (`Ok` if cleanly).
    pub(super) fn feed(
        &mut self,
        part: AnswerPart<'_>,
        name: &LeaseName,
    ) -> (Vec<Frame>, Option<Result<(), ElectionFailure>>) {
        match (part, &mut *self) {
            (AnswerPart::Head(head), Self::Asked) if head.status == 200 => {
                *self = Self::Lines(Lines::new(LINE_LIMIT));
                (Vec::new(), None)
            }
            (part, Self::Asked) => {
                *self = Self::Refused(Exchange::new(0));
                self.feed(part, name)
            }
            (part, Self::Refused(exchange)) => {
                let end = exchange.feed(part).map(|answer| match answer {
                    Ok(answer) => Err(ElectionFailure::of_answer(&answer)),
                    Err(failure) => Err(ElectionFailure::Failed(failure)),
                });
                (Vec::new(), end)
            }
            (AnswerPart::Chunk(bytes), Self::Lines(lines)) => take_lines(lines, bytes, name),
            (AnswerPart::End, Self::Lines(_)) => (Vec::new(), Some(Ok(()))),
            (AnswerPart::Failed(failure), Self::Lines(_)) => {
                (Vec::new(), Some(Err(ElectionFailure::Failed(failure.clone()))))
            }
            (AnswerPart::Head(_), Self::Lines(_)) => (Vec::new(), Some(Err(impossible("a second head")))),
        }
    }
}

/// Takes what a chunk completes.
fn take_lines(
    lines: &mut Lines,
    mut chunk: &[u8],
    name: &LeaseName,
) -> (Vec<Frame>, Option<Result<(), ElectionFailure>>) {
    let mut frames = Vec::new();
    while let Some(line) = lines.next(&mut chunk) {
        let frame = match line {
            Ok(line) => decode(&line, name),
            Err(_) => Err(impossible("a line of the watch longer than any object")),
        };
        match frame {
            Ok(frame) => frames.push(frame),
            Err(failure) => return (frames, Some(Err(failure))),
        }
    }
    (frames, None)
}

fn decode(line: &[u8], name: &LeaseName) -> Result<Frame, ElectionFailure> {
    let lease = |object: &[u8]| Lease::decode(object, name).map_err(ElectionFailure::Undecodable);
    match decode_event(line, Resource::LEASES.kind()).map_err(ElectionFailure::Undecodable)? {
        WatchEvent::Put(object) => lease(object).map(Frame::Present),
        WatchEvent::Deleted(object) => lease(object).map(Frame::Deleted),
        WatchEvent::Bookmark(_) => Ok(Frame::Bookmark),
        WatchEvent::Error(WatchStatus { code, message, .. }) => {
            Err(ElectionFailure::Refused(Refusal::of(code, message)))
        }
    }
}

fn impossible(what: &str) -> ElectionFailure {
    ElectionFailure::Failed(Failure { sent: Sent::Unknown, kind: FailureKind::Interrupted, message: what.into() })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::api::Head;

    const ADDED: &str =
        r#"{"type":"ADDED","object":{"kind":"Lease","metadata":{"name":"demo","uid":"u","resourceVersion":"7"}}}"#;

    fn open() -> (Stream, LeaseName) {
        let mut stream = Stream::Asked;
        let name = LeaseName::parse("demo").unwrap();
        let head = AnswerPart::Head(Head { status: 200, retry_after: None });
        assert_eq!(stream.feed(head, &name), (Vec::new(), None));
        (stream, name)
    }

    proptest! {
        #[test]
        fn how_a_stream_is_cut_into_chunks_means_nothing(size in 1..300_usize) {
            let text = alloc::format!("{ADDED}\n{}\n", ADDED.replace("ADDED", "DELETED"));
            let (mut stream, name) = open();
            let frames: Vec<_> =
                text.as_bytes().chunks(size).flat_map(|chunk| stream.feed(AnswerPart::Chunk(chunk), &name).0).collect();
            prop_assert!(matches!(frames[..], [Frame::Present(_), Frame::Deleted(_)]));
        }
    }

    #[test]
    fn a_410_inside_the_stream_ends_it() {
        let (mut stream, name) = open();
        let line = br#"{"type":"ERROR","object":{"kind":"Status","message":"too old","code":410}}
"#;
        let (frames, end) = stream.feed(AnswerPart::Chunk(line), &name);
        assert_eq!(
            (frames.len(), end),
            (0, Some(Err(ElectionFailure::Refused(Refusal::Expired { message: "too old".into() }))))
        );
    }

    #[test]
    fn a_refusal_says_why() {
        let mut stream = Stream::Asked;
        let name = LeaseName::parse("demo").unwrap();
        for part in [AnswerPart::Head(Head { status: 403, retry_after: None }), AnswerPart::Chunk(b"no")] {
            assert_eq!(stream.feed(part, &name), (Vec::new(), None));
        }
        let end = stream.feed(AnswerPart::End, &name).1;
        assert_eq!(end, Some(Err(ElectionFailure::Refused(Refusal::Forbidden { message: "no".into() }))));
    }
}
