//! Transitions: what an observation, a report or the time makes of the stage, and the exchange that follows.

use alloc::string::ToString as _;
use core::mem;

use super::answer::{Call, InFlight};
use super::config::Create;
use super::decide::Step;
use super::event::{Event, StopReason};
use super::observation::{News, Sight};
use super::order::{Order, Report};
use super::stage::{Releasing, Stage, Stopping, Then};
use super::term::{FencingToken, Term};
use super::watch::{Stream, Watch};
use super::write::{Purpose, Write};
use super::{Actions, Election, LEASE_BYTES};
use crate::api::exchange::Exchange;
use crate::api::lease::{Claim, Lease};
use crate::api::{Request, ResourceVersion};
use crate::text;
use crate::time::{Instant, Now};

impl Election {
    pub(super) fn start(&mut self, actions: &mut Actions) {
        if self.stage == Stage::Idle {
            self.stand(actions);
        }
    }

    /// Stands, again or for the first time. Whatever was sent before can begin no term.
    fn stand(&mut self, actions: &mut Actions) {
        self.void_writes();
        self.pace.doubt = true;
        self.stage = Stage::Standing;
        actions.emit(Event::Standing);
    }

    /// Terms end with all that was sent in them: a late answer shows that the record is ours, and nothing else.
    fn void_writes(&mut self) {
        self.unanswered.void();
        if let Some(InFlight { call: Call::Write { is_void, .. }, .. }) = &mut self.in_flight {
            *is_void = true;
        }
    }

    /// Takes in a Lease, from an answer (with the version known when it was asked for) or from the watch.
    pub(super) fn observe(&mut self, asked_at: Option<&ResourceVersion>, lease: Lease, actions: &mut Actions) -> News {
        // Chance is used up by what changes something, and only by that.
        let mut jitter = self.jitter.clone();
        let lag = jitter.up_to(self.config.jitter());
        // After a release nobody works, and whoever comes second is merely refused: a crowd is spread over less.
        let lag = if lease.holder().is_some() { lag } else { lag.checked_div(4).unwrap_or_default() };
        let before = self.observation.lease().map(|lease| (self.holder(), self.config.is_ours(lease)));
        let had_strategy = self.observation.lease().is_some_and(|lease| lease.strategy().is_some());
        let news = match asked_at {
            Some(version) => self.observation.take_answer(lease, version, self.latest, lag, &self.config),
            None => self.observation.take_event(lease, self.latest, lag, &self.config),
        };
        if news == News::Outdated {
            return news;
        }
        let Some(lease) = self.observation.lease().cloned() else { return news };
        if matches!(news, News::Changed | News::HistoryBreak) {
            self.jitter = jitter;
        }
        if news == News::HistoryBreak {
            actions.emit(Event::HistoryBreak);
        }
        let (holder, is_ours) = (self.holder(), self.config.is_ours(&lease));
        if before != Some((holder.clone(), is_ours)) {
            actions.emit(Event::ObservedHolder { holder, is_ours });
        }
        if let Some(strategy) = lease.strategy().filter(|_| !had_strategy) {
            actions.emit(Event::ForeignStrategy { strategy: text::name(strategy) });
        }
        self.recognize(&lease, is_ours, actions);
        self.judge_record(&lease, is_ours, actions);
        news
    }

    /// A write without an answer, read back by identity and renewTime, has taken effect.
    fn recognize(&mut self, lease: &Lease, is_ours: bool, actions: &mut Actions) {
        let awaited = match &self.in_flight {
            Some(InFlight { call: Call::Write { write, is_void: false }, .. }) if write.is_in(lease) => {
                Some(write.clone())
            }
            _ => None,
        };
        let remembered = self.unanswered.take(lease);
        if remembered.as_ref().is_some_and(|write| write.purpose == Purpose::Release) {
            actions.emit(Event::Released);
        }
        if let Some(write) = awaited.or(remembered).filter(|_| is_ours) {
            self.credit(&write, lease.version(), actions);
        }
    }

    /// A write of ours has taken effect, in the object of this version.
    pub(super) fn credit(&mut self, write: &Write, version: &ResourceVersion, actions: &mut Actions) {
        let config = &self.config;
        match &mut self.stage {
            Stage::Standing => {
                let wins = match write.purpose {
                    Purpose::Win => true,
                    Purpose::Create => config.options().create == Create::Fast,
                    Purpose::Release | Purpose::Renew => false,
                };
                let transitions = self.observation.lease().map_or(0, Lease::transitions);
                let term = Term { token: FencingToken::new(version.clone()), transitions, sent_at: write.sent_at };
                let is_alive = self.latest < term.leading_until(config);
                // A term cannot begin in a record that has gone on to somebody else.
                let is_ours = self.observation.lease().is_some_and(|lease| config.is_ours(lease));
                if wins && is_alive && is_ours {
                    self.begin_term(term, actions);
                }
            }
            Stage::Leading(term) if write.sent_at > term.sent_at => {
                term.sent_at = write.sent_at;
                let (token, hard_deadline) = (term.token.clone(), term.hard_deadline(config));
                actions.emit(Event::Renewed { term: token.clone() });
                actions.order(Order::MoveHardDeadline { term: token, hard_deadline });
            }
            // The guard has ended, but others wait from this write on: the work has more time.
            Stage::Stopping(Stopping { term, is_voluntary: true, .. }) if write.sent_at > term.sent_at => {
                term.sent_at = write.sent_at;
                let (token, hard_deadline) = (term.token.clone(), term.hard_deadline(config));
                actions.order(Order::MoveHardDeadline { term: token, hard_deadline });
            }
            _ => {}
        }
    }

    fn begin_term(&mut self, term: Term, actions: &mut Actions) {
        actions.emit(Event::Acquired { term: term.token.clone() });
        let hard_deadline = term.hard_deadline(&self.config);
        actions.order(Order::StartWork { term: term.token.clone(), hard_deadline });
        self.stage = Stage::Leading(term);
    }

    /// What the newest record means to a term: not ours is evidence against it.
    fn judge_record(&mut self, lease: &Lease, is_ours: bool, actions: &mut Actions) {
        let cause = match lease.holder() {
            _ if is_ours && lease.strategy().is_some() => StopReason::ForeignStrategy,
            _ if is_ours => return,
            Some(holder) => StopReason::Superseded { holder: text::name(&holder) },
            None => StopReason::Cleared,
        };
        let is_ours_still = cause == StopReason::ForeignStrategy;
        match &mut self.stage {
            Stage::Leading(term) => {
                // On evidence of another holder the hard deadline is now.
                let hard_deadline = if is_ours_still { term.hard_deadline(&self.config) } else { self.latest };
                let term = term.clone();
                self.lose(term, cause, hard_deadline, actions);
            }
            Stage::Stopping(Stopping { term, is_voluntary, .. }) if *is_voluntary => {
                *is_voluntary = false;
                if !is_ours_still {
                    actions.order(Order::MoveHardDeadline { term: term.token.clone(), hard_deadline: self.latest });
                }
            }
            _ => {}
        }
    }

    /// E2: a term ends at its deadline, whatever comes in.
    pub(super) fn end_overdue_term(&mut self, actions: &mut Actions) {
        if let Stage::Leading(term) = &self.stage
            && self.latest >= term.leading_until(&self.config)
        {
            let (term, hard_deadline) = (term.clone(), term.hard_deadline(&self.config));
            self.lose(term, StopReason::Deadline, hard_deadline, actions);
        }
    }

    fn lose(&mut self, term: Term, cause: StopReason, hard_deadline: Instant, actions: &mut Actions) {
        self.void_writes();
        let token = term.token.clone();
        actions.emit(Event::Lost { term: token.clone(), cause: cause.clone() });
        actions.order(Order::StopWork { term: token, hard_deadline, reason: cause.clone() });
        self.stage = Stage::Stopping(Stopping { term, is_voluntary: false, reason: cause, then: Then::Stand });
    }

    pub(super) fn take_report(&mut self, report: &Report, actions: &mut Actions) {
        match (report, mem::replace(&mut self.stage, Stage::Ended)) {
            (_, Stage::Ended) => {}
            (Report::WorkEnded { term: ended }, Stage::Leading(term)) if *ended == term.token => {
                actions.emit(Event::SteppingDown { term: term.token.clone(), reason: StopReason::WorkEnded });
                self.work_ended(&term, Then::Withdraw);
            }
            (Report::WorkEnded { term: ended }, Stage::Stopping(stopping)) if *ended == stopping.term.token => {
                match (stopping.is_voluntary, stopping.then) {
                    // What is still ours after a loss is won again, not released.
                    (false, Then::Stand) => self.stand(actions),
                    (_, then) => self.work_ended(&stopping.term, then),
                }
            }
            (Report::StepDown, stage) => self.leave(stage, StopReason::StepDown, Then::Withdraw, actions),
            (Report::Shutdown, stage) => self.leave(stage, StopReason::Shutdown, Then::End, actions),
            (Report::Stand, Stage::Withdrawn) => self.stand(actions),
            (Report::Stand, Stage::Stopping(mut stopping)) => {
                if stopping.then == Then::Withdraw {
                    stopping.then = Then::Stand;
                }
                self.stage = Stage::Stopping(stopping);
            }
            (Report::Stand, Stage::Releasing(mut releasing)) => {
                if releasing.then == Then::Withdraw {
                    releasing.then = Then::Stand;
                }
                self.stage = Stage::Releasing(releasing);
            }
            (Report::Stand | Report::WorkEnded { .. }, stage) => self.stage = stage,
        }
    }

    /// Stop, then release: the record is freed only once the work is gone.
    fn leave(&mut self, stage: Stage, reason: StopReason, then: Then, actions: &mut Actions) {
        self.stage = match stage {
            Stage::Leading(term) => {
                let token = term.token.clone();
                let hard_deadline = term.hard_deadline(&self.config);
                actions.emit(Event::SteppingDown { term: token.clone(), reason: reason.clone() });
                actions.order(Order::StopWork { term: token, hard_deadline, reason: reason.clone() });
                Stage::Stopping(Stopping { term, is_voluntary: true, reason, then })
            }
            Stage::Stopping(stopping) => {
                let then = if stopping.then == Then::End { Then::End } else { then };
                Stage::Stopping(Stopping { then, ..stopping })
            }
            Stage::Releasing(releasing) => {
                let then = if releasing.then == Then::End { Then::End } else { then };
                Stage::Releasing(Releasing { then, ..releasing })
            }
            Stage::Standing if !self.may_hold() => {
                if let Some(in_flight) = self.in_flight.take() {
                    actions.cancel(in_flight.id);
                }
                return self.finish(then, actions);
            }
            Stage::Standing => {
                self.void_writes();
                let until = self.latest.saturating_add(self.config.options().lease_duration);
                Stage::Releasing(Releasing { until, then })
            }
            Stage::Idle | Stage::Withdrawn if then == Then::Withdraw => stage,
            Stage::Ended | Stage::Idle | Stage::Withdrawn => Stage::Ended,
        };
    }

    /// Whether the record is ours, or may be without our knowing.
    fn may_hold(&self) -> bool {
        let is_writing = matches!(self.in_flight, Some(InFlight { call: Call::Write { .. }, .. }));
        let is_ours = self.observation.lease().is_some_and(|lease| self.config.is_ours(lease));
        is_ours || is_writing || !self.unanswered.is_empty()
    }

    fn work_ended(&mut self, term: &Term, then: Then) {
        self.void_writes();
        // Somebody waits for it.
        self.pace.not_before = self.latest;
        let until = term.sent_at.saturating_add(self.config.options().lease_duration);
        self.stage = Stage::Releasing(Releasing { until, then });
    }

    /// Ends a release that is done, or that cannot be: the record is not ours, or time has freed it, or nobody may be let in.
    pub(super) fn settle(&mut self, actions: &mut Actions) {
        let Stage::Releasing(Releasing { until, then }) = &self.stage else { return };
        let (until, then) = (*until, *then);
        if self.in_flight.is_some() {
            return;
        }
        let is_over = self.latest >= until;
        let is_ours = self.observation.lease().is_some_and(|lease| self.config.is_ours(lease));
        // A Lease that we created lately, or whose history broke, is not for anyone to win yet.
        let must_keep = is_ours && self.observation.is_barred(self.latest);
        let is_known = !self.pace.doubt;
        if is_over || must_keep || (is_known && !is_ours) {
            if is_ours {
                actions.emit(Event::NotReleased);
            }
            self.finish(then, actions);
        }
    }

    fn finish(&mut self, then: Then, actions: &mut Actions) {
        match then {
            Then::Stand => self.stand(actions),
            Then::Withdraw | Then::End => {
                if let Watch::Open { id, .. } = &self.watch {
                    actions.cancel(*id);
                }
                self.watch = Watch::Closed { reopen_at: self.latest };
                self.stage = if then == Then::End { Stage::Ended } else { Stage::Withdrawn };
                actions.emit(Event::Withdrawn);
            }
        }
    }

    /// What people should know of a write that took effect.
    pub(super) fn announce_write(&self, write: &Write, actions: &mut Actions) {
        match (write.purpose, &self.stage, self.observation.barred_until()) {
            (Purpose::Release, ..) => actions.emit(Event::Released),
            (Purpose::Create, Stage::Standing, Some(until)) => {
                actions.emit(Event::Created { wait: until.saturating_since(self.latest) });
            }
            _ => {}
        }
    }

    /// When the watch is to be opened.
    pub(super) fn watch_opens_at(&self) -> Option<Instant> {
        let is_wanted = matches!(self.stage, Stage::Standing | Stage::Leading(_) | Stage::Stopping(_));
        match &self.watch {
            Watch::Closed { reopen_at } if is_wanted && self.observation.sight != Sight::Unread && !self.pace.doubt => {
                Some(*reopen_at)
            }
            _ => None,
        }
    }

    /// Sends what is due.
    pub(super) fn proceed(&mut self, now: Now, actions: &mut Actions) {
        if self.is_watch_deaf {
            self.is_watch_deaf = false;
            if let Watch::Open { id, .. } = &self.watch {
                actions.cancel(*id);
                self.watch = Watch::Closed { reopen_at: self.latest };
            }
        }
        if self.in_flight.is_none()
            && let Some(next) = self.next().filter(|next| next.at <= self.latest)
        {
            self.send(now, next.step, actions);
        }
        if self.watch_opens_at().is_some_and(|at| at <= self.latest) {
            let options = self.config.options();
            let after = self.observation.lease().map(Lease::version);
            let request = Request::watch_lease(&options.namespace, &options.name, after);
            let id = self.ids.next();
            self.watch = Watch::Open { id, stream: Stream::Asked };
            actions.send(id, request);
        }
    }

    fn send(&mut self, now: Now, step: Step, actions: &mut Actions) {
        let id = self.ids.next();
        let pause = self.config.options().retry_period.saturating_add(self.jitter.up_to(self.config.jitter()));
        let asked_at = self.observation.newest().clone();
        let (call, request) = match step {
            Step::Read { for_safety } => (Call::Read { for_safety }, self.read_request()),
            Step::Write(purpose) => {
                let renew_time = self.renew_times.next(now);
                let write = Write { purpose, renew_time, sent_at: now.instant, base: asked_at.clone() };
                let request = self.write_request(&write);
                (Call::Write { write, is_void: false }, request)
            }
        };
        self.in_flight = Some(InFlight {
            id,
            exchange: Exchange::new(LEASE_BYTES),
            sent_at: now.instant,
            asked_at,
            next_at: now.instant.saturating_add(pause),
            call,
        });
        actions.send(id, request);
    }

    fn read_request(&self) -> Request {
        let options = self.config.options();
        Request::get_lease(&options.namespace, &options.name, LEASE_BYTES)
    }

    fn write_request(&self, write: &Write) -> Request {
        let options = self.config.options();
        let time = write.renew_time.to_string();
        let is_renewal = write.purpose == Purpose::Renew;
        let lease = self.observation.lease();
        let transitions = match (write.purpose, &self.stage) {
            // A leader that creates its Lease again goes on counting.
            (Purpose::Create, Stage::Leading(term)) => Some(term.transitions),
            (Purpose::Create, Stage::Stopping(stopping)) => Some(stopping.term.transitions),
            (Purpose::Create, _) => Some(0),
            (Purpose::Win, _) => lease.map(Lease::next_transitions),
            (Purpose::Release | Purpose::Renew, _) => None,
        };
        let claim = Claim {
            holder: self.config.identity(),
            duration_seconds: options.lease_duration.as_secs(),
            acquire_time: if is_renewal { None } else { Some(&time) },
            renew_time: &time,
            transitions,
            nonce: self.config.nonce(),
        };
        // client-go's form: held by nobody, for one second, transitions kept.
        let claim = match write.purpose {
            Purpose::Release => Claim { holder: "", duration_seconds: 1, ..claim },
            Purpose::Create | Purpose::Renew | Purpose::Win => claim,
        };
        match lease.filter(|_| write.purpose != Purpose::Create) {
            Some(lease) => {
                Request::replace_lease(&options.namespace, &options.name, lease.claimed(&claim), LEASE_BYTES)
            }
            None => {
                let body = claim.new_lease(&options.namespace, &options.name);
                Request::create_lease(&options.namespace, body, LEASE_BYTES)
            }
        }
    }
}
