//! Puts the parts of one answer together, within a bound.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::answer::{AnswerPart, Failure, FailureKind, Head, Sent};

/// How much of an unsuccessful answer's body is kept: enough for any Status.
const ERROR_BODY_LIMIT: usize = 64 * 1024;

/// A complete answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) const fn is_success(&self) -> bool {
        matches!(self.status, 200..=299)
    }
}

/// One answer on its way in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Exchange {
    body_limit: usize,
    answer: Option<Answer>,
}

impl Exchange {
    pub(crate) const fn new(body_limit: usize) -> Self {
        Self { body_limit, answer: None }
    }

    /// Takes the next part; `Some` when nothing more is to come.
    pub(crate) fn feed(&mut self, part: AnswerPart<'_>) -> Option<Result<Answer, Failure>> {
        match part {
            AnswerPart::Head(head) => self.begin(head),
            AnswerPart::Chunk(bytes) => self.extend(bytes),
            AnswerPart::End => Some(self.answer.take().ok_or_else(out_of_order)),
            AnswerPart::Failed(failure) => Some(Err(failure.clone())),
        }
    }

    fn begin(&mut self, head: Head<'_>) -> Option<Result<Answer, Failure>> {
        if self.answer.is_some() {
            return Some(Err(out_of_order()));
        }
        let retry_after = head.retry_after.and_then(parse_retry_after);
        self.answer = Some(Answer { status: head.status, retry_after, body: Vec::new() });
        None
    }

    fn extend(&mut self, bytes: &[u8]) -> Option<Result<Answer, Failure>> {
        let Some(answer) = &mut self.answer else { return Some(Err(out_of_order())) };
        if !answer.is_success() {
            // Only the beginning of an error's body is of use; its status says the rest.
            let room = ERROR_BODY_LIMIT.saturating_sub(answer.body.len());
            answer.body.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
            return None;
        }
        if answer.body.len().saturating_add(bytes.len()) > self.body_limit {
            return Some(Err(too_large(self.body_limit)));
        }
        answer.body.extend_from_slice(bytes);
        None
    }
}

/// Kubernetes sends whole seconds. The other form, a date, would need trust in two wall clocks: it reads as absent.
fn parse_retry_after(header: &str) -> Option<Duration> {
    header.trim().parse().ok().map(Duration::from_secs)
}

fn too_large(limit: usize) -> Failure {
    let message = alloc::format!("the answer is longer than {limit} bytes");
    Failure { sent: Sent::Unknown, kind: FailureKind::BodyTooLarge, message }
}

fn out_of_order() -> Failure {
    let message = String::from("the transport gave the parts of the answer in an impossible order");
    Failure { sent: Sent::Unknown, kind: FailureKind::Interrupted, message }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn head(status: u16, retry_after: Option<&str>) -> AnswerPart<'_> {
        AnswerPart::Head(Head { status, retry_after })
    }

    #[test]
    fn parts_become_an_answer() {
        let mut exchange = Exchange::new(4);
        assert_eq!(exchange.feed(head(200, Some("2"))), None);
        assert_eq!(exchange.feed(AnswerPart::Chunk(b"ab")), None);
        assert_eq!(exchange.feed(AnswerPart::Chunk(b"cd")), None);
        let answer = Answer { status: 200, retry_after: Some(Duration::from_secs(2)), body: b"abcd".to_vec() };
        assert_eq!(exchange.feed(AnswerPart::End), Some(Ok(answer)));
    }

    #[test]
    fn a_body_over_the_limit_fails_and_an_error_body_is_cut() {
        let mut exchange = Exchange::new(3);
        assert_eq!(exchange.feed(head(200, None)), None);
        let failure = exchange.feed(AnswerPart::Chunk(b"abcd")).unwrap().unwrap_err();
        assert_eq!(failure.kind, FailureKind::BodyTooLarge);

        let mut exchange = Exchange::new(3);
        assert_eq!(exchange.feed(head(500, None)), None);
        assert_eq!(exchange.feed(AnswerPart::Chunk(&[b'x'; ERROR_BODY_LIMIT + 9])), None);
        assert_eq!(exchange.feed(AnswerPart::Chunk(b"y")), None);
        assert_eq!(exchange.feed(AnswerPart::End).unwrap().unwrap().body.len(), ERROR_BODY_LIMIT);
    }

    #[test]
    fn parts_in_an_impossible_order_are_a_failure_not_an_answer() {
        assert!(Exchange::new(9).feed(AnswerPart::End).unwrap().is_err());
        assert!(Exchange::new(9).feed(AnswerPart::Chunk(b"x")).unwrap().is_err());
        let mut twice = Exchange::new(9);
        assert_eq!(twice.feed(head(200, None)), None);
        assert!(twice.feed(head(200, None)).unwrap().is_err());
    }

    #[test]
    fn a_date_to_retry_after_reads_as_absent() {
        for (header, expected) in
            [("7", Some(7)), (" 1 ", Some(1)), ("-1", None), ("Fri, 20 Nov 2026 18:04:59 GMT", None)]
        {
            assert_eq!(parse_retry_after(header), expected.map(Duration::from_secs), "{header}");
        }
    }

    proptest! {
        #[test]
        fn how_a_body_is_cut_into_chunks_means_nothing(body in any::<Vec<u8>>(), size in 1..40_usize) {
            let mut exchange = Exchange::new(usize::MAX);
            prop_assert_eq!(exchange.feed(head(200, None)), None);
            for chunk in body.chunks(size) {
                prop_assert_eq!(exchange.feed(AnswerPart::Chunk(chunk)), None);
            }
            prop_assert_eq!(exchange.feed(AnswerPart::End).unwrap().unwrap().body, body);
        }
    }
}
