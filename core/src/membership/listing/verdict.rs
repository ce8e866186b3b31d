//! What an answer means: a pure function of its status and body.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::failure::ListingFailure;
use crate::api::exchange::Answer;
use crate::api::{Failure, Refusal, status};

/// What to make of one answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::membership) enum Verdict {
    /// It is what was asked for.
    Success(Vec<u8>),
    /// The pages read so far belong to a state that the server no longer has.
    Expired { message: String },
    /// It may be different later.
    Retry { failure: ListingFailure, after: Option<Duration> },
    /// Asking again brings the same.
    GiveUp(ListingFailure),
}

pub(in crate::membership) fn judge(answer: Result<Answer, Failure>) -> Verdict {
    let Answer { status, retry_after: after, body } = match answer {
        Ok(answer) if answer.is_success() => return Verdict::Success(answer.body),
        Ok(answer) => answer,
        Err(failure) if failure.kind.is_transient() => {
            return Verdict::Retry { failure: ListingFailure::Failed(failure), after: None };
        }
        Err(failure) => return Verdict::GiveUp(ListingFailure::Failed(failure)),
    };
    judge_status(status, status::message(&body), after)
}

/// What a status means, wherever it stands: a watch tells it in its stream as well.
pub(in crate::membership) fn judge_status(status: u16, message: String, after: Option<Duration>) -> Verdict {
    let refusal = Refusal::of(status, message);
    match refusal {
        // The fresh token inside continues inconsistently: design §3 begins again at the first page.
        Refusal::Expired { message } => Verdict::Expired { message },
        // Every API server gives some 403s while it starts, so one proves nothing.
        Refusal::Forbidden { .. } | Refusal::ServerError { .. } | Refusal::Throttled { .. } => {
            Verdict::Retry { failure: ListingFailure::Refused(refusal), after }
        }
        Refusal::Conflict { .. }
        | Refusal::NotFound { .. }
        | Refusal::Rejected { .. }
        | Refusal::Unauthorized { .. } => Verdict::GiveUp(ListingFailure::Refused(refusal)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{FailureKind, Sent};

    fn verdict(status: u16) -> Verdict {
        judge(Ok(Answer { status, retry_after: Some(Duration::from_secs(1)), body: b"said".to_vec() }))
    }

    #[test]
    fn each_status_means_one_thing() {
        let after = Some(Duration::from_secs(1));
        let message = || "said".into();
        assert_eq!(verdict(200), Verdict::Success(b"said".to_vec()));
        assert_eq!(
            verdict(307),
            Verdict::GiveUp(ListingFailure::Refused(Refusal::Rejected { status: 307, message: message() }))
        );
        assert_eq!(
            verdict(400),
            Verdict::GiveUp(ListingFailure::Refused(Refusal::Rejected { status: 400, message: message() }))
        );
        assert_eq!(
            verdict(401),
            Verdict::GiveUp(ListingFailure::Refused(Refusal::Unauthorized { message: message() }))
        );
        assert_eq!(
            verdict(403),
            Verdict::Retry { failure: ListingFailure::Refused(Refusal::Forbidden { message: message() }), after }
        );
        assert_eq!(verdict(404), Verdict::GiveUp(ListingFailure::Refused(Refusal::NotFound { message: message() })));
        assert_eq!(verdict(410), Verdict::Expired { message: message() });
        assert_eq!(
            verdict(429),
            Verdict::Retry { failure: ListingFailure::Refused(Refusal::Throttled { message: message() }), after }
        );
        for status in [500, 502, 503, 504, 599] {
            let failure = ListingFailure::Refused(Refusal::ServerError { status, message: message() });
            assert_eq!(verdict(status), Verdict::Retry { failure, after });
        }
    }

    #[test]
    fn only_failures_that_time_may_mend_are_tried_again() {
        for (kind, tried_again) in [
            (FailureKind::Unreachable, true),
            (FailureKind::Interrupted, true),
            (FailureKind::TimedOut, true),
            (FailureKind::Untrusted, false),
            (FailureKind::Credentials, false),
            (FailureKind::BodyTooLarge, false),
        ] {
            let verdict = judge(Err(Failure { sent: Sent::Unknown, kind, message: "x".into() }));
            assert_eq!(matches!(verdict, Verdict::Retry { .. }), tried_again, "{kind:?}");
        }
    }
}
