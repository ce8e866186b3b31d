//! What becomes of a state when something happens.

use std::sync::Arc;

use quorate_core::api::{AnswerPart, Head};
use quorate_core::machine::{Action, Input, Machine as _, RequestId};
use quorate_core::membership::Report;
use quorate_core::time::{Instant, Now};
use serde_json::json;

use super::happenings::{Happening, Told};
use super::wire::{Exchange, Part, Stage, expiry, interrupted, refusal, version};
use super::world::{Slow, State, World};

impl World {
    pub(crate) fn after(&self, state: &State, happening: &Happening) -> State {
        let mut state = state.clone();
        state.spend(happening);
        let (now, server) = (state.clock(), Arc::make_mut(&mut state.server));
        match *happening {
            Happening::Edit(edit) => server.edit(now, edit),
            Happening::Compact => server.api.compact(),
            Happening::Wake => state.wake(),
            Happening::Arrive(index) => state.arrive(index),
            Happening::ArriveStale(index) => {
                server.api.lag(Some(1));
                server.api.stale_quorum(true);
                state.wire.arrive(index, now, server);
                server.api.lag(None);
                server.api.stale_quorum(false);
            }
            Happening::ArriveToNobody(index) => {
                let (version, resource) = (server.api.version().to_string(), self.source.resource());
                let kind = format!("{}List", resource.kind());
                let list = json!({"kind": kind, "metadata": {"resourceVersion": version}, "items": []});
                state.wire.answer(index, 200, &list);
            }
            Happening::Refuse(index, status) => state.wire.answer(index, status, &refusal(status)),
            Happening::Deliver(index) => state.deliver(index, false),
            Happening::Spoil(index) => state.deliver(index, true),
            Happening::Cut(index) => {
                let id = state.wire.exchanges[index].id;
                state.wire.forget(id, server);
                state.feed(Input::Answer { id, part: AnswerPart::Failed(&interrupted()) });
            }
            Happening::Silence(index) => state.wire.silence(index, server),
            Happening::End(index) => state.wire.end(index, None, server),
            Happening::Expire(index) => state.wire.end(index, Some(&expiry()), server),
            Happening::Succeed(id) => {
                let report = state.connector.succeed(id);
                state.report(&report);
            }
            Happening::Fail(id) => {
                let report = state.connector.fail(id);
                state.report(&report);
            }
            Happening::Lose(id) => state.connector.lose(id),
            Happening::Drop(ref name, told) => {
                state.connector.links.remove(name);
                if told == Told::Yes {
                    state.report(&Report::Dropped { name: name.clone() });
                }
            }
        }
        state.hear_server();
        state.carry(self.slow != Slow::Wire, self.slow != Slow::Links);
        state
    }
}

impl State {
    pub(crate) fn clock(&self) -> Now {
        Now { instant: self.now, ..Now::default() }
    }

    /// Whether the machine has something to do now.
    pub(crate) fn is_due(&self) -> bool {
        self.membership.deadline().is_some_and(|deadline| deadline.at <= self.now)
    }

    /// When anything happens by itself.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let membership = self.membership.deadline().map(|deadline| deadline.at);
        [membership, self.server.api.deadline()].into_iter().flatten().min()
    }

    /// Time passes up to the next deadline.
    pub(crate) fn wake(&mut self) {
        let Some(at) = self.deadline() else { return };
        self.now = self.now.max(at);
        self.hear_server();
        if self.is_due() {
            self.feed(Input::Timeout);
        }
    }

    fn hear_server(&mut self) {
        let now = self.clock();
        self.wire.hear(now, Arc::make_mut(&mut self.server));
    }

    fn arrive(&mut self, index: usize) {
        let (now, id) = (self.clock(), self.wire.exchanges[index].id);
        if self.wire.arrive(index, now, Arc::make_mut(&mut self.server)) {
            self.feed(Input::Answer { id, part: AnswerPart::Head(Head { status: 200, retry_after: None }) });
        }
        self.hear_server();
    }

    /// The next part of an answer reaches the machine, as it is or spoilt.
    fn deliver(&mut self, index: usize, is_spoilt: bool) {
        let exchange = &mut self.wire.exchanges[index];
        let id = exchange.id;
        match &mut exchange.stage {
            Stage::Asked | Stage::Mute => {}
            Stage::Answered(status, body) => {
                let (status, body) = (*status, std::mem::take(body));
                let end = if is_spoilt { body.len() / 2 } else { body.len() };
                self.wire.forget(id, Arc::make_mut(&mut self.server));
                for part in [
                    AnswerPart::Head(Head { status, retry_after: None }),
                    AnswerPart::Chunk(&body[..end]),
                    AnswerPart::End,
                ] {
                    self.feed(Input::Answer { id, part });
                }
            }
            Stage::Watching(_, parts) => match parts.pop_front() {
                Some(Part::Line(line)) => self.deliver_line(id, line, is_spoilt),
                Some(Part::End) => {
                    self.wire.forget(id, Arc::make_mut(&mut self.server));
                    self.feed(Input::Answer { id, part: AnswerPart::End });
                }
                None => {}
            },
        }
    }

    fn deliver_line(&mut self, id: RequestId, mut line: Vec<u8>, is_spoilt: bool) {
        if is_spoilt {
            line[0] = b'!';
        } else {
            self.witness.know(version(&line).unwrap_or_default());
        }
        self.feed(Input::Answer { id, part: AnswerPart::Chunk(&line) });
    }

    fn report(&mut self, report: &Report) {
        self.witness.see_report(report);
        self.feed(Input::Report(report));
    }

    /// Does at once what is to be done, on the wire, on the links, or both.
    pub(crate) fn carry(&mut self, on_the_wire: bool, on_links: bool) {
        for _ in 0..1_000 {
            let asked = |exchange: &Exchange| exchange.stage == Stage::Asked;
            let attempt = self.connector.pending().next();
            if let Some(index) = self.wire.exchanges.iter().position(asked).filter(|_| on_the_wire) {
                self.arrive(index);
            } else if let Some(index) = self.wire.exchanges.iter().position(Exchange::has_parts).filter(|_| on_the_wire)
            {
                self.deliver(index, false);
            } else if let Some(id) = attempt.filter(|_| on_links) {
                let report = self.connector.succeed(id);
                self.report(&report);
            } else {
                return;
            }
        }
        panic!("it spins: {}", self.membership.explain(self.clock()));
    }

    pub(crate) fn feed(&mut self, input: Input<'_, Report>) {
        let now = self.clock();
        let actions = Arc::make_mut(&mut self.membership).handle(now, input);
        for action in actions {
            match action {
                Action::Send { id, request } => self.wire.send(id, request.target()),
                Action::Cancel(id) => self.wire.forget(id, Arc::make_mut(&mut self.server)),
                Action::Emit(event) => self.witness.hear(&event, &self.server),
                Action::Order(order) => {
                    self.witness.obey(&order, &self.membership, &self.connector);
                    self.connector.take(order);
                }
                _ => panic!("an unknown action"),
            }
        }
        self.witness.check(&self.membership, &self.server);
    }
}
