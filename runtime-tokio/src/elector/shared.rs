//! What the election's task and its handles share: the guard, the term, and what was told last.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use quorate_core::election::{Election, Event, FencingToken, Order, Report, StopReason};
use quorate_core::machine::Machine as _;
use quorate_core::time::Instant;
use tokio::sync::{broadcast, mpsc, watch};
use tracing::Span;

use super::guard::Lead;
use super::term::Term;
use super::{Candidacy, DEFAULT_GRACE, RunError, Shutdown};
use crate::clock::Clock;
use crate::reader;

type Step = reader::Step<Event>;

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) clock: Clock,
    pub(super) span: Span,
    /// The guard of any term.
    pub(super) lead: Lead,
    state: Mutex<State>,
    /// Marked whenever the state has changed.
    changed: watch::Sender<()>,
    reports: mpsc::UnboundedSender<Report>,
}

#[derive(Debug)]
pub(super) struct State {
    /// As it was after its last step.
    machine: Election,
    /// The guard's end, as the machine said last.
    leading_until: Option<Instant>,
    term: Option<Arc<Term>>,
    /// Whether the term has work, which may still run after the term.
    is_claimed: bool,
    /// The last term that is done with: its work is gone, and its record is freed if it could be.
    settled: u64,
    /// Somebody runs work while we lead.
    is_running: bool,
    /// When the grace period of a stop of our own choice ends.
    grace_end: Option<Instant>,
    is_shutting_down: bool,
    /// We were asked to step down, and the machine may have yet to hear of it.
    is_leaving: bool,
    /// The task has ended, or is about to.
    is_ended: bool,
    outcome: Shutdown,
    pub(super) candidacy: Candidacy,
    /// What was told last of who holds the Lease, and of how we stand.
    pub(super) present: [Option<Event>; 2],
    /// How many events were told.
    pub(super) told: usize,
    /// Absent once the task has ended.
    steps: Option<broadcast::Sender<Step>>,
}

impl Shared {
    /// The clock must be the one that the machine goes by.
    pub(super) fn new(clock: Clock, machine: Election, span: Span, reports: mpsc::UnboundedSender<Report>) -> Self {
        let state = State {
            machine,
            leading_until: None,
            term: None,
            is_claimed: false,
            settled: 0,
            is_running: false,
            grace_end: None,
            is_shutting_down: false,
            is_leaving: false,
            is_ended: false,
            outcome: Shutdown::NotHeld,
            candidacy: Candidacy::Standing,
            present: [None, None],
            told: 0,
            steps: Some(broadcast::Sender::new(reader::BACKLOG)),
        };
        let lead = Lead::none(clock);
        Self { clock, span, lead, state: Mutex::new(state), changed: watch::Sender::new(()), reports }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that is done under the lock can leave it half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Completes when there is an answer. Dropping the future loses nothing.
    pub(super) async fn wait_for<T>(&self, mut answer: impl FnMut(&mut State) -> Option<T> + Send) -> T {
        let mut changed = self.changed.subscribe();
        loop {
            if let Some(answer) = answer(&mut self.lock()) {
                return answer;
            }
            // The sender lives as long as this borrow of it.
            let _ = changed.changed().await;
        }
    }

    fn report(&self, report: Report) {
        // It fails only when the task has ended, and then nobody leads.
        let _ = self.reports.send(report);
    }

    pub(super) fn led_token(&self) -> Option<FencingToken> {
        let state = self.lock();
        state.term.as_ref().filter(|term| term.lead.holds()).map(|term| term.token.clone())
    }

    pub(super) fn explain(&self) -> String {
        self.lock().machine.explain(self.clock.now()).to_string()
    }

    pub(super) fn holder(&self) -> Option<Arc<str>> {
        self.lock().machine.holder()
    }
}

/// For the task that runs the machine.
impl Shared {
    /// Shows the guard what the machine says, before anything of the step is carried out or told.
    pub(super) fn publish(&self, machine: &Election) {
        let mut state = self.lock();
        state.leading_until = machine.leading_until();
        let led = state.term.as_ref().filter(|term| machine.term() == Some(&term.token) && !term.is_stopped());
        // E1: a term that was stopped here is not revived, even if the machine has yet to hear of it.
        match (led, state.leading_until) {
            (Some(term), Some(until)) => {
                term.lead.set(until);
                self.lead.set(until);
            }
            _ => self.end_guards(&state),
        }
    }

    fn end_guards(&self, state: &State) {
        self.lead.end();
        if let Some(term) = &state.term {
            term.lead.end();
        }
    }

    pub(super) fn carry_out(&self, order: Order) {
        let mut state = self.lock();
        match order {
            Order::StartWork { term, hard_deadline } => self.begin_term(&mut state, term, hard_deadline),
            Order::MoveHardDeadline { term, hard_deadline } => {
                if let Some(term) = state.term_of(&term) {
                    term.move_hard_deadline(hard_deadline);
                }
            }
            Order::StopWork { term, hard_deadline, reason } => self.stop_work(&state, term, hard_deadline, &reason),
            // `Order` may grow; this crate and the core are released together.
            _ => {}
        }
        drop(state);
        self.changed.send_replace(());
    }

    fn begin_term(&self, state: &mut State, token: FencingToken, hard_deadline: Instant) {
        let number = state.term.as_ref().map_or(1, |term| term.number.saturating_add(1));
        let term = Arc::new(Term::new(number, token, self.clock, hard_deadline));
        if state.is_ended || state.is_shutting_down {
            term.stop(&StopReason::Shutdown, state.grace_end);
        } else if state.is_leaving {
            // The answer that began it was under way already.
            term.stop(&StopReason::StepDown, state.grace_end);
        } else if let Some(until) = state.leading_until {
            term.lead.set(until);
            self.lead.set(until);
        }
        state.term = Some(term);
    }

    fn stop_work(&self, state: &State, token: FencingToken, hard_deadline: Instant, reason: &StopReason) {
        self.lead.end();
        if let Some(term) = state.term_of(&token) {
            let is_chosen = matches!(reason, StopReason::Shutdown | StopReason::StepDown);
            let default_end = || self.clock.instant().saturating_add(DEFAULT_GRACE);
            let grace_end = is_chosen.then(|| state.grace_end.unwrap_or_else(default_end));
            term.move_hard_deadline(hard_deadline);
            term.stop(reason, grace_end);
        }
        if !state.is_claimed {
            self.report(Report::WorkEnded { term: token });
        }
    }

    /// Takes in what one step brought, and tells everybody: under one lock, so that a stream that begins meanwhile misses
    /// nothing.
    pub(super) fn settle(&self, events: Vec<Event>, machine: &Election) {
        let mut state = self.lock();
        state.machine.clone_from(machine);
        for event in &events {
            state.take_in(event);
        }
        if !events.is_empty() {
            state.told = state.told.wrapping_add(events.len());
            if let Some(steps) = &state.steps {
                // It fails when nobody listens.
                let _ = steps.send(events.into());
            }
        }
        drop(state);
        self.changed.send_replace(());
    }

    /// Ends the guards, the work and all streams: the task has ended, or is about to.
    pub(super) fn end(&self) {
        let mut state = self.lock();
        state.is_ended = true;
        state.steps = None;
        // A stream that begins from here on is told nothing: what was so may not be so any more.
        state.present = [None, None];
        state.candidacy = Candidacy::Ended;
        self.end_guards(&state);
        if let Some(term) = &state.term {
            term.stop(&StopReason::Shutdown, Some(Instant::ORIGIN));
        }
        drop(state);
        self.changed.send_replace(());
    }
}

/// For the handle.
impl Shared {
    pub(super) fn stand(&self) {
        self.stand_again(&mut self.lock());
    }

    fn stand_again(&self, state: &mut State) {
        if !state.is_shutting_down {
            state.grace_end = None;
        }
        state.is_leaving = false;
        self.report(Report::Stand);
    }

    pub(super) fn step_down(&self, grace: Duration) {
        let mut state = self.lock();
        state.is_leaving = true;
        self.leave(&mut state, Report::StepDown, &StopReason::StepDown, grace);
    }

    pub(super) fn shut_down(&self, grace: Duration) {
        let mut state = self.lock();
        if !state.is_shutting_down {
            state.is_shutting_down = true;
            state.outcome = Shutdown::NotHeld;
        }
        self.leave(&mut state, Report::Shutdown, &StopReason::Shutdown, grace);
    }

    /// Ends the guard here and now; the machine hears of it by the report.
    fn leave(&self, state: &mut State, report: Report, reason: &StopReason, grace: Duration) {
        let end = self.clock.instant().saturating_add(grace);
        state.grace_end = Some(state.grace_end.map_or(end, |before| before.min(end)));
        self.lead.end();
        if let Some(term) = state.term.as_ref().filter(|term| term.number > state.settled) {
            term.stop(reason, Some(end));
        }
        self.report(report);
    }

    /// How the shutdown went, once it is over.
    pub(super) async fn shut_down_outcome(&self) -> Shutdown {
        self.wait_for(|state| {
            let outcome = if state.machine.has_ended() { state.outcome } else { Shutdown::NotReleased };
            state.is_ended.then_some(outcome)
        })
        .await
    }

    pub(super) fn has_work(&self) -> bool {
        self.lock().is_claimed
    }
}

/// For whoever runs work.
impl Shared {
    /// Takes the one place of whoever runs work, and stands.
    pub(super) fn begin_running(&self) -> Result<(), RunError> {
        let mut state = self.lock();
        if let Some(error) = state.no_more_terms() {
            return Err(error);
        }
        if state.is_running {
            return Err(RunError::Busy);
        }
        state.is_running = true;
        self.stand_again(&mut state);
        Ok(())
    }

    /// A candidate whose work nobody runs would lead in vain, so it steps down.
    pub(super) fn end_running(&self) {
        let mut state = self.lock();
        state.is_running = false;
        state.is_leaving = true;
        self.leave(&mut state, Report::StepDown, &StopReason::StepDown, DEFAULT_GRACE);
    }

    /// The next term that we lead in and that has had no work yet, for the caller to work in.
    pub(super) async fn claim(&self) -> Result<Arc<Term>, RunError> {
        self.wait_for(State::claim).await
    }

    /// Nothing is left of the term's work. Says whether it ended by itself, while we led.
    pub(super) fn end_work(&self, term: &Term) -> bool {
        let mut state = self.lock();
        state.is_claimed = false;
        // A term that is over by the clock was lost, whether or not the machine has said so yet.
        let is_by_itself = !term.is_stopped() && term.lead.holds();
        self.lead.end();
        term.stop(if is_by_itself { &StopReason::WorkEnded } else { &StopReason::Deadline }, None);
        self.report(Report::WorkEnded { term: term.token.clone() });
        is_by_itself
    }

    /// Completes when the term is done with.
    pub(super) async fn settled(&self, term: &Term) {
        self.wait_for(|state| (state.is_ended || state.settled >= term.number).then_some(())).await;
    }
}

impl State {
    pub(super) fn subscribe(&self) -> Option<broadcast::Receiver<Step>> {
        self.steps.as_ref().map(broadcast::Sender::subscribe)
    }

    fn term_of(&self, token: &FencingToken) -> Option<&Arc<Term>> {
        self.term.as_ref().filter(|term| term.token == *token)
    }

    fn no_more_terms(&self) -> Option<RunError> {
        match (self.is_shutting_down, self.is_ended) {
            (true, _) => Some(RunError::ShutDown),
            (false, true) => Some(RunError::TaskEnded),
            (false, false) => None,
        }
    }

    fn claim(&mut self) -> Option<Result<Arc<Term>, RunError>> {
        // Not before a shutdown is over: the Lease is released by then.
        if self.is_ended {
            return self.no_more_terms().map(Err);
        }
        let term = self.term.as_ref().filter(|term| !term.is_stopped() && term.lead.holds())?;
        self.is_claimed = true;
        Some(Ok(Arc::clone(term)))
    }

    fn take_in(&mut self, event: &Event) {
        let [holder, stand] = &mut self.present;
        match event {
            Event::ObservedHolder { .. } => *holder = Some(event.clone()),
            Event::Acquired { .. }
            | Event::Lost { .. }
            | Event::Standing
            | Event::SteppingDown { .. }
            | Event::Withdrawn => *stand = Some(event.clone()),
            _ => {}
        }
        match event {
            Event::Acquired { term } => {
                self.candidacy = Candidacy::Leading { term: term.clone() };
                self.outcome = Shutdown::NotHeld;
            }
            Event::Lost { term, cause: reason } | Event::SteppingDown { term, reason } => {
                self.candidacy = Candidacy::Stopping { term: term.clone(), reason: reason.clone() };
            }
            Event::Standing => self.end_term(Candidacy::Standing),
            Event::Withdrawn => self.end_term(Candidacy::Withdrawn),
            Event::Released => self.outcome = Shutdown::Released,
            Event::NotReleased => self.outcome = Shutdown::NotReleased,
            _ => {}
        }
    }

    fn end_term(&mut self, candidacy: Candidacy) {
        self.candidacy = candidacy;
        self.settled = self.term.as_ref().map_or(0, |term| term.number);
    }
}
