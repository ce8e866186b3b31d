//! Reads of the Lease: the first, which may be all that is wanted, and those that stand in for a watch that says nothing.

use alloc::boxed::Box;
use core::cmp::Ordering;
use core::time::Duration;

use super::event::Event;
use super::{Actions, Observer, Phase};
use crate::api::exchange::{Answer, Exchange};
use crate::api::lease::Lease;
use crate::api::{AnswerPart, Failure, Refusal, Request, ResourceVersion};
use crate::election::LEASE_BYTES;
use crate::election::failure::{ElectionError, ElectionFailure};
use crate::election::observation::{News, Sight};
use crate::election::watch::{Stream, Watch};
use crate::machine::RequestId;
use crate::time::Instant;

/// The shortest time from one read to the next, if the first succeeded.
const READ_PAUSE: Duration = Duration::from_secs(2);

/// How long a watch has to bring what a read brought already.
const MOMENT: Duration = Duration::from_secs(1);

/// The longest that a server may ask us to wait.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// How long a 403 is tried again where one answer is all that is wanted: an API server that starts gives some.
const FORBIDDEN_PATIENCE: Duration = Duration::from_secs(1);

/// The one read in flight.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Reading {
    id: RequestId,
    exchange: Exchange,
    sent_at: Instant,
    /// The newest version that was known when it was sent.
    asked_at: ResourceVersion,
}

impl Observer {
    /// When the next read is to be sent.
    pub(super) fn reads_at(&self) -> Option<Instant> {
        if self.in_flight.is_some() {
            return None;
        }
        match self.phase {
            Phase::Idle | Phase::Done => None,
            _ if self.doubt => Some(self.read_not_before),
            Phase::Reading | Phase::Following => Some(self.read_not_before.max(self.observation.safety_read_at())),
        }
    }

    pub(super) fn send_read(&mut self, actions: &mut Actions) {
        if self.reads_at().is_none_or(|at| at > self.latest) {
            return;
        }
        let options = self.config.options();
        let request = Request::get_lease(&options.namespace, &options.name, LEASE_BYTES);
        let id = self.ids.next();
        self.in_flight = Some(Reading {
            id,
            exchange: Exchange::new(LEASE_BYTES),
            sent_at: self.latest,
            asked_at: self.observation.newest().clone(),
        });
        actions.send(id, request);
    }

    pub(super) fn times_out_at(&self, reading: &Reading) -> Instant {
        let attempt = reading.sent_at.saturating_add(self.config.attempt_timeout());
        self.gives_up_at().map_or(attempt, |limit| limit.min(attempt))
    }

    /// When an answer comes too late, if one is all that is wanted.
    fn gives_up_at(&self) -> Option<Instant> {
        let options = self.config.options();
        (!options.follow).then(|| self.started_at.saturating_add(options.request_timeout))
    }

    pub(super) fn take_part(&mut self, id: RequestId, part: AnswerPart<'_>, actions: &mut Actions) {
        if let Some(reading) = self.in_flight.as_mut().filter(|reading| reading.id == id) {
            let Some(answer) = reading.exchange.feed(part) else { return };
            // The transport may go on sending after a failure that was found here.
            if answer.is_err() && !matches!(part, AnswerPart::Failed(_) | AnswerPart::End) {
                actions.cancel(id);
            }
            if let Some(reading) = self.in_flight.take() {
                self.conclude(&reading, answer, actions);
            }
        } else if matches!(&self.watch, Watch::Open { id: wanted, .. } if *wanted == id) {
            self.take_watch_part(id, part, actions);
        }
    }

    pub(super) fn give_up_silent_read(&mut self, actions: &mut Actions) {
        let is_silent = self.in_flight.as_ref().is_some_and(|reading| self.latest >= self.times_out_at(reading));
        let Some(reading) = self.in_flight.take_if(|_| is_silent) else { return };
        actions.cancel(reading.id);
        self.read_failed(ElectionFailure::TimedOut, None, actions);
    }

    fn conclude(&mut self, reading: &Reading, answer: Result<Answer, Failure>, actions: &mut Actions) {
        let answer = match answer {
            Ok(answer) => answer,
            Err(failure) => return self.read_failed(ElectionFailure::Failed(failure), None, actions),
        };
        if answer.status == 404 {
            return self.take_absence(reading, actions);
        }
        if !answer.is_success() {
            return self.read_failed(ElectionFailure::of_answer(&answer), answer.retry_after, actions);
        }
        match Lease::decode(&answer.body, &self.config.options().name) {
            Ok(lease) => self.take_lease(reading, lease, actions),
            Err(error) => self.read_failed(ElectionFailure::Undecodable(error), None, actions),
        }
    }

    fn take_lease(&mut self, reading: &Reading, lease: Lease, actions: &mut Actions) {
        self.read_succeeded(reading);
        let is_news = lease.version().newness().cmp(&self.observation.newest().newness()) == Ordering::Greater;
        if is_news && self.waits_for_watch() {
            return;
        }
        self.observe(Some(&reading.asked_at), lease, actions);
        self.close_deaf_watch(is_news, actions);
    }

    fn take_absence(&mut self, reading: &Reading, actions: &mut Actions) {
        self.read_succeeded(reading);
        let is_news = matches!(self.observation.sight, Sight::Present(_));
        if is_news && self.waits_for_watch() {
            return;
        }
        let was_unread = self.observation.sight == Sight::Unread;
        if self.observation.take_absence(&reading.asked_at, self.latest) == News::Changed {
            self.observe_absence(was_unread, actions);
        }
        self.close_deaf_watch(is_news, actions);
    }

    fn read_succeeded(&mut self, reading: &Reading) {
        self.doubt = false;
        self.read_trouble = None;
        self.forbidden_since = None;
        self.read_backoff.reset();
        self.read_not_before = reading.sent_at.saturating_add(READ_PAUSE);
        self.phase = if self.config.options().follow { Phase::Following } else { Phase::Done };
    }

    /// Whether a watch that is open has yet to bring what a read brought. Only a watch tells all that happened, so it gets a
    /// moment before the read is believed.
    fn waits_for_watch(&mut self) -> bool {
        let newest = self.observation.newest();
        let is_open = matches!(self.watch, Watch::Open { stream: Stream::Lines(_), .. });
        if !is_open || self.suspicion.take_if(|known| known == newest).is_some() {
            return false;
        }
        self.suspicion = Some(newest.clone());
        self.doubt = true;
        self.read_not_before = self.latest.saturating_add(MOMENT);
        true
    }

    /// A watch that did not say what a read says is opened anew.
    fn close_deaf_watch(&mut self, was_news: bool, actions: &mut Actions) {
        self.suspicion = None;
        if let Watch::Open { id, .. } = &self.watch
            && was_news
        {
            actions.cancel(*id);
            self.watch = Watch::Closed { reopen_at: self.latest };
        }
    }

    fn read_failed(&mut self, failure: ElectionFailure, after: Option<Duration>, actions: &mut Actions) {
        let pause = self.read_backoff.next().max(after.unwrap_or_default().min(LONGEST_WAIT));
        self.doubt = true;
        self.read_not_before = self.latest.saturating_add(pause);
        if self.config.options().follow {
            let before = self.read_trouble.replace(failure.clone());
            return self.tell_trouble("get", failure, before.as_ref(), actions);
        }
        if self.may_try_again(&failure) {
            let error = self.error("get", failure.clone());
            // Silence says less than what came before it.
            if failure != ElectionFailure::TimedOut || self.read_trouble.is_none() {
                self.read_trouble = Some(failure);
            }
            return actions.emit(Event::AttemptFailed(error));
        }
        self.phase = Phase::Done;
        let failure = match (failure, self.read_trouble.take()) {
            (ElectionFailure::TimedOut, Some(before)) => before,
            (failure, _) => failure,
        };
        let error = self.error("get", failure);
        actions.emit(Event::Failed(error));
    }

    fn may_try_again(&mut self, failure: &ElectionFailure) -> bool {
        let is_forbidden = matches!(failure, ElectionFailure::Refused(Refusal::Forbidden { .. }));
        if !is_forbidden {
            self.forbidden_since = None;
        }
        let since = *self.forbidden_since.get_or_insert(self.latest);
        let is_worth_it = match is_forbidden {
            true => self.latest < since.saturating_add(FORBIDDEN_PATIENCE),
            false => failure.is_transient(),
        };
        is_worth_it && self.gives_up_at().is_none_or(|limit| self.read_not_before < limit)
    }

    /// What goes wrong is told once for each reason; `before` is what went wrong with the last such attempt.
    pub(super) fn tell_trouble(
        &mut self,
        verb: &'static str,
        failure: ElectionFailure,
        before: Option<&ElectionFailure>,
        actions: &mut Actions,
    ) {
        // A network that fails reads and the watch is one reason, a right that either lacks is its own.
        let is_refused = matches!(failure, ElectionFailure::Refused(_));
        let others = [&self.read_trouble, &self.watch_trouble].map(|trouble| trouble.as_ref().filter(|_| !is_refused));
        let count = others.into_iter().flatten().filter(|other| other.is_like(&failure)).count();
        let is_told = before.is_some_and(|before| before.is_like(&failure)) || count > 1;
        let error = self.error(verb, failure);
        if is_told && !self.is_current {
            return actions.emit(Event::AttemptFailed(error));
        }
        self.is_current = false;
        let was_heard = self.observation.sight != Sight::Unread;
        let age = was_heard.then(|| self.latest.saturating_since(self.observation.heard_at));
        actions.emit(Event::Degraded { age, error });
    }

    pub(super) fn error(&self, verb: &'static str, failure: ElectionFailure) -> Box<ElectionError> {
        let options = self.config.options();
        let needed: &[_] = if options.follow { &["get", "watch"] } else { &["get"] };
        ElectionError::of(verb, needed, &options.namespace, failure)
    }
}
