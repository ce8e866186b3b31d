//! The host of one candidate: what it is fed, and what it promises of itself.

use std::mem;

use quorate_core::api::{AnswerPart, Request};
use quorate_core::election::{Election, ElectionConfig, FencingToken, Order, Report};
use quorate_core::machine::{Action, Input, RequestId};

use super::answer::{Body, Part, Word};
use super::log::Entry;
use super::reference::Reference;
use super::script::{Ending, Said};
use super::server::Server;
use super::waiting;
use crate::answer::{Kind, Piece};
use crate::host::{self, Driver, Exchanges, Host as _, is_watch};
use crate::received::Heard;

pub(super) type Trace = host::Trace<Election>;

/// A description of the machine takes no more than this, and what it was given last a few times over.
const SMALL_BYTES: usize = 24_000;

pub(super) struct Host {
    pub(super) driver: Driver<Election>,
    pub(super) server: Server,
    pub(super) is_started: bool,
    tokens: Vec<FencingToken>,
    /// Only the first of two plays is judged; the second one goes by copies.
    pub(super) reference: Option<Reference>,
}

impl Host {
    pub(super) fn new(config: ElectionConfig, is_judged: bool) -> Self {
        Self {
            driver: Driver::new(Election::new(config.clone()), Exchanges::new(&[200])),
            server: Server::new(),
            is_started: false,
            tokens: Vec::new(),
            reference: is_judged.then(|| Reference::new(config)),
        }
    }

    /// Goes on with a sane server, if there is to be one.
    pub(super) fn end(mut self, ending: Option<Ending>) -> Trace {
        let trace = mem::take(&mut self.driver.trace);
        if let Some(ending) = ending.filter(|_| self.reference.is_some()) {
            self.settle(ending);
        }
        let given = self.driver.exchanges.largest_bytes();
        let (description, limit) = (format!("{:?}", self.driver.machine).len(), SMALL_BYTES + 10 * given);
        assert!(description <= limit, "{description} bytes, for {given} that were given");
        trace
    }

    pub(super) fn token(&self, age: usize) -> Option<FencingToken> {
        self.tokens.iter().rev().nth(age).cloned()
    }

    pub(super) fn config(&self) -> ElectionConfig {
        self.driver.machine.config().clone()
    }

    /// What is in flight besides the watch.
    pub(super) fn exchange(&self) -> Option<(RequestId, Request)> {
        self.driver.exchanges.of_kind(false).next().map(|(id, exchange)| (id, exchange.request.clone()))
    }

    pub(super) fn watch_id(&self) -> Option<RequestId> {
        self.driver.exchanges.of_kind(true).next().map(|(id, _)| id)
    }

    // What the server says.

    /// Does what was asked for, and answers.
    pub(super) fn serve(&mut self) {
        let Some((id, request)) = self.exchange() else { return };
        if request.is_lease_write() {
            self.server.apply(&request);
        }
        let (status, body) = self.server.read();
        self.take_all(id, &Piece::answer(status, None, body));
    }

    pub(super) fn lose(&mut self, kind: Kind) {
        let Some((id, request)) = self.exchange() else { return };
        self.server.apply(&request);
        self.take(id, Piece::failed(kind, false).part());
    }

    pub(super) fn answer(&mut self, status: u16, retry_after: Option<String>, body: &Body<'_>) {
        let config = self.config();
        let body = self.server.bytes(&config, body);
        if let Some((id, _)) = self.exchange() {
            self.take_all(id, &Piece::answer(status, retry_after, body));
        }
    }

    pub(super) fn part(&mut self, part: &Part<'_>) {
        if let Some((id, _)) = self.exchange() {
            let piece = self.make(part);
            self.take(id, piece.part());
        }
    }

    fn make(&mut self, part: &Part<'_>) -> Piece {
        let config = self.config();
        part.make(|body| self.server.bytes(&config, body))
    }

    pub(super) fn watch(&mut self, word: &Word<'_>) {
        let Some(id) = self.watch_id() else { return };
        let config = self.config();
        let pieces = word.make(|event| self.server.event(&config, event), |()| Server::bookmark());
        self.take_all(id, &pieces);
    }

    /// A part for something that is not, or no longer, in flight.
    pub(super) fn stale(&mut self, age: u8, part: &Part<'_>) {
        let Some(id) = self.driver.exchanges.former(age) else { return };
        let effects = |trace: &Trace| trace.iter().filter(|action| !matches!(action, Action::Cancel(_))).count();
        // Time alone may have an effect.
        self.feed(Input::Timeout);
        let before = effects(&self.driver.trace);
        let piece = self.make(part);
        self.feed(Input::Answer { id, part: piece.part() });
        assert_eq!(effects(&self.driver.trace), before, "an answer that nobody waits for had an effect");
    }

    // What the machine is fed.

    pub(super) fn say(&mut self, said: Said) {
        if let Some(report) = said.report(self) {
            self.feed(Input::Report(&report));
        }
    }

    /// Writes into the log what an input says.
    fn note(&mut self, input: Input<'_, Report>) {
        let at = self.driver.clock.latest();
        match input {
            Input::Start => {
                self.is_started = true;
                if let Some(reference) = &mut self.reference {
                    reference.note(at, Entry::Started);
                }
            }
            Input::Report(report) => {
                if let Some(reference) = &mut self.reference {
                    reference.report(at, report);
                }
            }
            Input::Answer { id, part } => self.note_part(id, part),
            _ => {}
        }
    }

    fn note_part(&mut self, id: RequestId, part: AnswerPart<'_>) {
        let at = self.driver.clock.latest();
        let heard = self.driver.exchanges.take(at, id, part);
        let (Some((_, heard)), Some(reference)) = (heard, &mut self.reference) else { return };
        match heard {
            Heard::Nothing => {}
            Heard::Whole { status, body } => reference.answered(at, id, status, &body),
            Heard::Lines(lines) => {
                let _ = lines.iter().all(|line| reference.told(at, line));
            }
        }
    }

    fn carry_out(&mut self, action: <Trace as IntoIterator>::Item) {
        assert!(!action.to_string().is_empty());
        let now = self.driver.clock.at_latest();
        if let Some(reference) = &mut self.reference {
            reference.act(now, &action);
        }
        match &action {
            Action::Send { id, request } => {
                let is_there = self.driver.exchanges.of_kind(is_watch(request)).next().is_some();
                assert!(!is_there, "two at once: {action}");
                self.driver.exchanges.send(now.instant, *id, request);
            }
            Action::Cancel(id) => self.driver.exchanges.cancel(*id),
            Action::Order(Order::StartWork { term, .. }) => self.tokens.push(term.clone()),
            _ => {}
        }
        self.driver.trace.push(action);
    }

    /// Once an operation.
    pub(super) fn check_description(&self) {
        if self.reference.is_some() {
            self.driver.check_description();
        }
    }
}

impl host::Host for Host {
    type Machine = Election;

    const TIMEOUTS: usize = 1;

    fn driver(&self) -> &Driver<Election> {
        &self.driver
    }

    fn driver_mut(&mut self) -> &mut Driver<Election> {
        &mut self.driver
    }

    fn handle(&mut self, input: Input<'_, Report>) {
        if let Some(reference) = &mut self.reference {
            reference.begin_call();
        } else {
            // The copy is the machine: one knows nothing that the other does not.
            self.driver.machine = self.driver.machine.clone();
        }
        self.note(input);
        let actions = self.driver.handle(input);
        let sends = actions.as_slice().iter().filter(|action| matches!(action, Action::Send { .. })).count();
        assert!(sends <= 2, "{actions}");
        actions.into_iter().for_each(|action| self.carry_out(action));
        if let Some(reference) = &self.reference {
            reference.check(self.driver.clock.latest(), &self.driver.machine);
        }
    }

    /// E7: nothing that was read lets it wait for ever.
    fn check_state(&self) {
        if let Some(reference) = &self.reference {
            waiting::check(reference, &self.driver);
        }
    }
}
