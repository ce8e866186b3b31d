//! What an answer means: to what we know, and to the term.

use alloc::boxed::Box;
use core::time::Duration;

use super::event::Event;
use super::failure::{ElectionError, ElectionFailure};
use super::observation::News;
use super::stage::Stage;
use super::watch::{Frame, Watch};
use super::write::{Purpose, Write};
use super::{Actions, Election};
use crate::api::exchange::{Answer, Exchange};
use crate::api::lease::Lease;
use crate::api::{AnswerPart, Failure, Refusal, ResourceVersion};
use crate::machine::RequestId;
use crate::time::Instant;

/// Conflicts in a row that are followed by a read at once.
pub(super) const QUICK_CONFLICTS: u8 = 3;

/// What a candidate does to its Lease.
const NEEDED: &[&str] = &["create", "get", "update", "watch"];

/// The one exchange in flight.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct InFlight {
    pub(super) id: RequestId,
    pub(super) exchange: Exchange,
    pub(super) sent_at: Instant,
    /// The newest version that was known when it was sent.
    pub(super) asked_at: ResourceVersion,
    /// When the next attempt is due, if this one has ended by then.
    pub(super) next_at: Instant,
    pub(super) call: Call,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Call {
    Read {
        for_safety: bool,
    },
    /// `is_void` once its term has ended: it shows that the record is ours, and nothing else.
    Write {
        write: Write,
        is_void: bool,
    },
}

impl Call {
    const fn verb(&self) -> &'static str {
        match self {
            Self::Read { .. } => "get",
            Self::Write { write: Write { purpose: Purpose::Create, .. }, .. } => "create",
            Self::Write { .. } => "update",
        }
    }
}

impl Election {
    pub(super) fn times_out_at(&self, in_flight: &InFlight) -> Instant {
        in_flight.sent_at.saturating_add(self.config.attempt_timeout())
    }

    pub(super) fn take_part(&mut self, id: RequestId, part: AnswerPart<'_>, actions: &mut Actions) {
        if let Some(in_flight) = self.in_flight.as_mut().filter(|in_flight| in_flight.id == id) {
            let Some(answer) = in_flight.exchange.feed(part) else { return };
            // The transport may go on sending after a failure that was found here.
            if answer.is_err() && !matches!(part, AnswerPart::Failed(_) | AnswerPart::End) {
                actions.cancel(id);
            }
            if let Some(in_flight) = self.in_flight.take() {
                self.conclude(in_flight, answer, actions);
            }
        } else if matches!(&self.watch, Watch::Open { id: wanted, .. } if *wanted == id) {
            self.take_watch_part(id, part, actions);
        }
    }

    pub(super) fn give_up_silent_exchange(&mut self, actions: &mut Actions) {
        let is_silent = self.in_flight.as_ref().is_some_and(|in_flight| self.latest >= self.times_out_at(in_flight));
        let Some(in_flight) = self.in_flight.take_if(|_| is_silent) else { return };
        actions.cancel(in_flight.id);
        self.fail(in_flight, ElectionFailure::TimedOut, None, actions);
    }

    fn conclude(&mut self, in_flight: InFlight, answer: Result<Answer, Failure>, actions: &mut Actions) {
        let answer = match answer {
            Ok(answer) => answer,
            Err(failure) => return self.fail(in_flight, ElectionFailure::Failed(failure), None, actions),
        };
        let is_read = matches!(in_flight.call, Call::Read { .. });
        if is_read && answer.status == 404 {
            let news = self.observation.take_absence(&in_flight.asked_at, self.latest);
            self.read_succeeded(&in_flight, news);
            return;
        }
        if !answer.is_success() {
            let failure = ElectionFailure::of_answer(&answer);
            return self.fail(in_flight, failure, answer.retry_after, actions);
        }
        let lease = match Lease::decode(&answer.body, &self.config.options().name) {
            Ok(lease) => lease,
            Err(error) => return self.fail(in_flight, ElectionFailure::Undecodable(error), None, actions),
        };
        match &in_flight.call {
            Call::Read { .. } => {
                let news = self.observe(Some(&in_flight.asked_at), lease, actions);
                self.read_succeeded(&in_flight, news);
            }
            Call::Write { write, is_void } => {
                // A write that changes nothing is answered 200 without being one: others saw no renewal.
                if *lease.version() == write.base {
                    return self.fail(in_flight, ElectionFailure::Unchanged, None, actions);
                }
                if !self.is_effect_of(write, &lease) {
                    return self.fail(in_flight, ElectionFailure::Altered, None, actions);
                }
                let (write, is_void) = (write.clone(), *is_void);
                self.pace.not_before = match self.stage {
                    // Somebody waits for the release that comes next.
                    Stage::Releasing(_) => self.latest,
                    _ => in_flight.next_at.max(self.latest),
                };
                self.pace.conflicts = 0;
                let version = lease.version().clone();
                self.observe(Some(&in_flight.asked_at), lease, actions);
                if !is_void {
                    self.credit(&write, &version, actions);
                }
                self.announce_write(&write, actions);
            }
        }
    }

    fn is_effect_of(&self, write: &Write, lease: &Lease) -> bool {
        let is_in_place = match write.purpose {
            Purpose::Release => lease.holder().is_none(),
            Purpose::Create | Purpose::Renew | Purpose::Win => self.config.is_ours(lease),
        };
        is_in_place && write.is_in(lease)
    }

    fn read_succeeded(&mut self, in_flight: &InFlight, news: News) {
        self.pace.doubt = false;
        self.pace.not_before = self.latest;
        let was_silent = matches!(in_flight.call, Call::Read { for_safety: true });
        if was_silent && matches!(news, News::Changed | News::HistoryBreak) {
            // The watch should have said so.
            self.is_watch_deaf = true;
        }
    }

    /// One attempt has failed; the next follows at its time, or at once after a conflict.
    fn fail(&mut self, in_flight: InFlight, failure: ElectionFailure, after: Option<Duration>, actions: &mut Actions) {
        let verb = in_flight.call.verb();
        self.pace.not_before = in_flight.next_at.max(self.latest);
        // A server that is overloaded is left alone, but no longer than a leader can afford.
        let after = after.unwrap_or_default().min(self.config.longest_pause());
        self.pace.not_before = self.pace.not_before.max(self.latest.saturating_add(after));
        if let Call::Write { write, is_void } = in_flight.call {
            let is_stale =
                matches!(failure, ElectionFailure::Refused(Refusal::Conflict { .. } | Refusal::NotFound { .. }));
            if is_stale {
                self.pace.conflicts = self.pace.conflicts.saturating_add(1);
                if self.pace.conflicts <= QUICK_CONFLICTS {
                    self.pace.not_before = self.latest;
                }
            }
            // A leader repeats its write, and learns by a conflict if the first took effect: that is one exchange less.
            if is_stale || matches!(failure, ElectionFailure::Altered) || write.purpose != Purpose::Renew {
                self.pace.doubt = true;
            }
            if failure.is_ambiguous() && !is_void {
                self.unanswered.remember(write);
            }
        }
        let error = self.error(verb, failure);
        actions.emit(match (&self.stage, verb) {
            (Stage::Leading(term), "update" | "create") => {
                let left = term.leading_until(&self.config).saturating_since(self.latest);
                Event::RenewFailed { term: term.token.clone(), left, error }
            }
            (_, "get") => Event::ReadFailed(error),
            _ => Event::WriteFailed(error),
        });
    }

    fn error(&self, verb: &'static str, failure: ElectionFailure) -> Box<ElectionError> {
        ElectionError::of(verb, NEEDED, &self.config.options().namespace, failure)
    }

    fn take_watch_part(&mut self, id: RequestId, part: AnswerPart<'_>, actions: &mut Actions) {
        let Watch::Open { stream, .. } = &mut self.watch else { return };
        let (frames, end) = stream.feed(part, &self.config.options().name);
        for frame in frames {
            self.watch_backoff.reset();
            match frame {
                Frame::Bookmark => {}
                Frame::Present(lease) => {
                    self.observe(None, lease, actions);
                }
                Frame::Deleted(lease) => {
                    if self.observation.take_deletion(lease.version(), self.latest) == News::Changed {
                        self.pace.not_before = self.latest;
                    }
                }
            }
        }
        let Some(end) = end else { return };
        if end.is_err() && !matches!(part, AnswerPart::Failed(_) | AnswerPart::End) {
            actions.cancel(id);
        }
        self.close_watch();
        if let Err(failure) = end {
            // 410: what follows our version is no longer served, so what we know may be old.
            self.pace.doubt |= matches!(failure, ElectionFailure::Refused(Refusal::Expired { .. }));
            actions.emit(Event::WatchFailed(self.error("watch", failure)));
        }
    }

    pub(super) fn close_watch(&mut self) {
        self.watch = Watch::Closed { reopen_at: self.latest.saturating_add(self.watch_backoff.next()) };
    }
}
