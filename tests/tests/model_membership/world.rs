//! A membership, the server that it follows, the links that it keeps, and what happens between them.
//!
//! Time passes only when the machine, or the server, has waited for long enough: it jumps to the next deadline, and does so a
//! limited number of times. Nothing else bounds a history but the budgets.

use std::sync::Arc;
use std::time::Duration;

use quorate_core::api::{AnswerPart, Head};
use quorate_core::machine::{Action, Input, Machine as _, RequestId};
use quorate_core::membership::{
    Admission, Follow, LinkId, LinkOptions, Membership, MembershipOptions, Report, Share, Source,
};
use quorate_core::time::{Instant, Now};
use serde_json::json;

use super::connector::Connector;
use super::promises::Witness;
use super::server::{Edit, Server, listing, policy, self_name};
use super::wire::{Exchange, Part, Stage, Wire, expiry, interrupted, refusal, version};

/// Links are compared with what was told of them seldom: an attempt's own end tells most.
const LIST_LINKS: Duration = Duration::from_secs(60);

/// How often each thing happens, at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Budget {
    /// Changes at the server.
    pub(crate) edits: u8,
    /// Jumps to a deadline.
    pub(crate) wakes: u8,
    /// The server forgets its history.
    pub(crate) compactions: u8,
    /// The server tells a watch that it is behind what is remembered.
    pub(crate) expiries: u8,
    /// The server ends a watch, cleanly.
    pub(crate) ends: u8,
    /// A connection fails.
    pub(crate) cuts: u8,
    /// A connection dies without a word.
    pub(crate) silences: u8,
    /// A list is answered from the version before the last.
    pub(crate) stale_lists: u8,
    /// A list is answered, in perfect form, as if nobody were there.
    pub(crate) empty_lists: u8,
    pub(crate) refusals: u8,
    /// An answer, or a line, arrives spoilt.
    pub(crate) spoils: u8,
    /// An attempt on a link fails.
    pub(crate) failed_attempts: u8,
    /// An attempt succeeds, and is never reported on.
    pub(crate) lost_reports: u8,
    /// A link goes down, told or untold.
    pub(crate) drops: u8,
}

/// What takes its time, so that other things happen meanwhile. All else is done at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slow {
    Wire,
    Links,
}

/// What is checked.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) source: Source,
    pub(crate) follow: Follow,
    pub(crate) slow: Slow,
    /// Whether the first list is read before anything happens.
    pub(crate) is_synced: bool,
    /// What may happen at the server, in any order.
    pub(crate) edits: &'static [Edit],
    /// What it may refuse requests with.
    pub(crate) statuses: &'static [u16],
    /// Which part of the members may go on one list's word.
    pub(crate) confirm_removals_over: Share,
    pub(crate) budget: Budget,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct State {
    pub(crate) membership: Arc<Membership>,
    pub(crate) server: Arc<Server>,
    pub(crate) wire: Wire,
    pub(crate) connector: Connector,
    pub(crate) witness: Witness,
    pub(crate) now: Instant,
    pub(crate) budget: Budget,
}

/// Exchanges go by their place, the oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Happening {
    Edit(Edit),
    Compact,
    /// Time passes up to the next deadline.
    Wake,
    /// A request reaches the server.
    Arrive(usize),
    ArriveStale(usize),
    ArriveToNobody(usize),
    Refuse(usize, u16),
    /// The next part of an answer reaches the host.
    Deliver(usize),
    Spoil(usize),
    Cut(usize),
    Silence(usize),
    End(usize),
    Expire(usize),
    Succeed(LinkId),
    Fail(LinkId),
    Lose(LinkId),
    Drop(String, Told),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Told {
    Yes,
    No,
}

impl World {
    pub(crate) fn new(source: Source, follow: Follow) -> Self {
        let budget = Budget::default();
        let confirm_removals_over = Share::default();
        let (slow, edits, statuses): (_, &[Edit], &[u16]) = (Slow::Wire, &[], &[]);
        Self { source, follow, slow, is_synced: true, edits, statuses, confirm_removals_over, budget }
    }

    /// Whether anything can degrade the view.
    pub(crate) fn has_trouble(&self) -> bool {
        let Budget { expiries, cuts, silences, stale_lists, refusals, spoils, .. } = self.budget;
        [expiries, cuts, silences, stale_lists, refusals, spoils].into_iter().any(|count| count > 0)
    }

    pub(crate) fn start(&self) -> State {
        let options = MembershipOptions {
            listing: listing(self.source),
            policy: policy(Admission::Ready),
            follow: self.follow,
            confirm_removals_over: self.confirm_removals_over,
        };
        let server = Server::new(self.source);
        let own = server.truth.keys().map(|(name, _)| name).find(|name| name.as_str() == self_name());
        let self_name = Some(own.cloned().unwrap());
        let links = LinkOptions { self_name, list_interval: LIST_LINKS, ..LinkOptions::default() };
        let mut state = State {
            membership: Arc::new(Membership::linked(options.build().unwrap(), links.build().unwrap())),
            server: Arc::new(server),
            wire: Wire::default(),
            connector: Connector::new(),
            witness: Witness::default(),
            now: Instant::ORIGIN,
            budget: self.budget,
        };
        state.feed(Input::Start);
        match self.slow {
            Slow::Wire if !self.is_synced => state.carry(false, true),
            Slow::Wire => state.carry(true, true),
            Slow::Links => state.carry(true, false),
        }
        state
    }

    pub(crate) fn happenings(&self, state: &State, found: &mut Vec<Happening>) {
        let budget = &state.budget;
        let mut offer = |happening, is_possible: bool| found.extend(is_possible.then_some(happening));
        for edit in self.edits {
            offer(Happening::Edit(*edit), budget.edits > 0 && state.server.can(*edit));
        }
        offer(Happening::Compact, budget.compactions > 0);
        offer(Happening::Wake, budget.wakes > 0 || state.is_due());
        if self.slow == Slow::Wire {
            for (index, exchange) in state.wire.exchanges.iter().enumerate() {
                self.exchange_happenings(index, exchange, budget, found);
            }
        } else {
            self.link_happenings(state, found);
        }
    }

    fn exchange_happenings(&self, index: usize, exchange: &Exchange, budget: &Budget, found: &mut Vec<Happening>) {
        let mut offer = |happening, is_possible: bool| found.extend(is_possible.then_some(happening));
        let is_asked = exchange.stage == Stage::Asked;
        offer(Happening::Arrive(index), is_asked);
        offer(Happening::ArriveStale(index), is_asked && exchange.is_first_page() && budget.stale_lists > 0);
        offer(Happening::ArriveToNobody(index), is_asked && exchange.is_first_page() && budget.empty_lists > 0);
        for status in self.statuses {
            offer(Happening::Refuse(index, *status), is_asked && budget.refusals > 0);
        }
        offer(Happening::Deliver(index), exchange.has_parts());
        offer(Happening::Spoil(index), exchange.has_parts() && budget.spoils > 0);
        let is_alive = exchange.stage != Stage::Mute;
        offer(Happening::Cut(index), is_alive && budget.cuts > 0);
        offer(Happening::Silence(index), is_alive && budget.silences > 0);
        let is_open = exchange.watch().is_some();
        offer(Happening::End(index), is_open && budget.ends > 0);
        offer(Happening::Expire(index), is_open && budget.expiries > 0);
    }

    fn link_happenings(&self, state: &State, found: &mut Vec<Happening>) {
        let budget = &state.budget;
        for id in state.connector.pending() {
            found.push(Happening::Succeed(id));
            let can_fail = budget.failed_attempts > 0 && state.connector.can_fail(id);
            found.extend(can_fail.then_some(Happening::Fail(id)));
            found.extend((budget.lost_reports > 0).then_some(Happening::Lose(id)));
        }
        for name in state.connector.links.keys().filter(|_| budget.drops > 0) {
            // Reports come in the order in which things happen: an attempt that has yet to be reported goes first.
            if !state.connector.is_trying(name) {
                found.extend([Told::Yes, Told::No].map(|told| Happening::Drop(name.clone(), told)));
            }
        }
    }

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
    fn is_due(&self) -> bool {
        self.membership.deadline().is_some_and(|deadline| deadline.at <= self.now)
    }

    fn spend(&mut self, happening: &Happening) {
        let is_due = self.is_due();
        let budget = &mut self.budget;
        let spent = match happening {
            Happening::Edit(_) => &mut budget.edits,
            Happening::Compact => &mut budget.compactions,
            Happening::Wake if !is_due => &mut budget.wakes,
            Happening::ArriveStale(_) => &mut budget.stale_lists,
            Happening::ArriveToNobody(_) => &mut budget.empty_lists,
            Happening::Refuse(..) => &mut budget.refusals,
            Happening::Spoil(_) => &mut budget.spoils,
            Happening::Cut(_) => &mut budget.cuts,
            Happening::Silence(_) => &mut budget.silences,
            Happening::End(_) => &mut budget.ends,
            Happening::Expire(_) => &mut budget.expiries,
            Happening::Fail(_) => &mut budget.failed_attempts,
            Happening::Lose(_) => &mut budget.lost_reports,
            Happening::Drop(..) => &mut budget.drops,
            Happening::Wake | Happening::Arrive(_) | Happening::Deliver(_) | Happening::Succeed(_) => return,
        };
        *spent -= 1;
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

    fn feed(&mut self, input: Input<'_, Report>) {
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
