//! What is the same for every host: it feeds what is due, and holds the machine to what it promises of its deadline.

mod clock;
mod exchanges;

use std::time::Duration;

use quorate_core::api::AnswerPart;
use quorate_core::machine::{Action, Actions, Input, Machine, RequestId};

use crate::answer::Piece;
use crate::line::assert_is_line;
pub(crate) use clock::Clock;
pub(crate) use exchanges::{Exchange, Exchanges, is_watch, version_asked_for};

/// Everything that a machine asked for.
pub(crate) type Trace<M> = Vec<Action<<M as Machine>::Event, <M as Machine>::Order>>;

/// A machine, the clocks that it is told the time of, and what it has asked for.
pub(crate) struct Driver<M: Machine> {
    pub(crate) machine: M,
    pub(crate) clock: Clock,
    pub(crate) exchanges: Exchanges,
    pub(crate) trace: Trace<M>,
}

impl<M: Machine> Driver<M> {
    pub(crate) fn new(machine: M, exchanges: Exchanges) -> Self {
        Self { machine, clock: Clock::default(), exchanges, trace: Vec::new() }
    }

    /// Feeds the machine, and nobody else.
    pub(crate) fn handle(&mut self, input: Input<'_, M::Report>) -> Actions<M::Event, M::Order> {
        self.machine.handle(self.clock.tell(), input)
    }

    pub(crate) fn is_due(&self) -> bool {
        self.machine.deadline().is_some_and(|deadline| deadline.at <= self.clock.latest())
    }

    pub(crate) fn explain(&self) -> String {
        self.machine.explain(self.clock.now()).to_string()
    }

    /// To describe the machine takes longer than all else that happens.
    pub(crate) fn check_description(&self) {
        assert_is_line(&self.explain());
    }

    /// A timeout that comes early changes nothing.
    fn check_early_timeout(&self) {
        let mut early = self.machine.clone();
        let deadline = early.deadline();
        assert!(early.handle(self.clock.now(), Input::Timeout).as_slice().is_empty() && early.deadline() == deadline);
    }

    /// A copy is told that all time has passed, and then something more.
    pub(crate) fn end_of_time(&self, last: &M::Report) {
        let mut copy = self.machine.clone();
        let _ = (copy.handle(Clock::END, Input::Timeout), copy.handle(Clock::END, Input::Report(last)));
    }
}

/// One who drives a machine.
pub(crate) trait Host {
    type Machine: Machine;

    /// How many timeouts in a row may serve what has come due: a host never spins.
    const TIMEOUTS: usize;

    fn driver(&self) -> &Driver<Self::Machine>;

    fn driver_mut(&mut self) -> &mut Driver<Self::Machine>;

    /// Feeds one input, and does what is asked for.
    fn handle(&mut self, input: Input<'_, <Self::Machine as Machine>::Report>);

    /// What holds between any two inputs.
    fn check_state(&self);

    fn feed(&mut self, input: Input<'_, <Self::Machine as Machine>::Report>) {
        self.handle(input);
        self.serve_deadline();
        self.check_state();
    }

    /// Takes one part of an answer, if it is in flight.
    fn take(&mut self, id: RequestId, part: AnswerPart<'_>) {
        if self.driver().exchanges.contains(id) {
            self.feed(Input::Answer { id, part });
        }
    }

    fn take_all(&mut self, id: RequestId, pieces: &[Piece]) {
        pieces.iter().for_each(|piece| self.take(id, piece.part()));
    }

    fn pass(&mut self, time: Duration) {
        self.driver_mut().clock.pass(time);
        self.serve_deadline();
        self.check_state();
    }

    fn rewind(&mut self, time: Duration) {
        self.driver_mut().clock.rewind(time);
    }

    /// Lets time pass up to the machine's own deadline.
    fn wait(&mut self) {
        if let Some(deadline) = self.driver().machine.deadline() {
            self.pass(deadline.at.saturating_since(self.driver().clock.now().instant));
        }
    }

    fn serve_deadline(&mut self) {
        for _ in 0..Self::TIMEOUTS {
            if self.driver().is_due() {
                self.driver_mut().clock.catch_up();
                self.handle(Input::Timeout);
            }
        }
        assert!(!self.driver().is_due(), "{}", self.driver().explain());
        self.driver().check_early_timeout();
    }
}
