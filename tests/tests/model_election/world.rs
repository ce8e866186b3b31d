//! Two candidates, the server, what is under way between them, and time, which passes in whole ticks.

use std::sync::Arc;
use std::time::Duration;

use quorate_core::api::{AnswerPart, Head, LeaseName, Namespace};
use quorate_core::election::{Election, ElectionOptions, FencingToken, Order, Report};
use quorate_core::machine::{Action, Input, Machine as _};
use quorate_core::time::{Instant, Now};

use super::names::{age, canonical};
use super::server::{Answer, Call, Life, Server, wall};

/// The clocks stand still here: all else moves into the past.
pub(crate) const NOW: Instant = Instant::since_origin(Duration::from_secs(100));

/// Three ticks of lease duration, two of renew deadline.
pub(crate) const LEASE_DURATION: u8 = 3;

/// What the world does to the candidates. Each number says how often.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Faults {
    /// Ticks that pass while a request or an answer is under way, or a host sleeps; [`u8::MAX`] is no limit. A write that is
    /// given up meanwhile may come much later.
    pub(crate) delays: u8,
    pub(crate) lost_answers: u8,
    pub(crate) stale_reads: u8,
    /// A leader cannot reach the server, for as long as may be.
    pub(crate) cut_offs: u8,
    pub(crate) crashes: u8,
    pub(crate) step_downs: u8,
    pub(crate) deletions: u8,
    pub(crate) labels: u8,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct State {
    pub(crate) nodes: [Node; 2],
    pub(crate) server: Server,
    /// The Lease before its last change, as long as reads may be stale.
    pub(crate) before: Option<super::server::Lease>,
    /// Writes that were given up, and may be carried out nevertheless.
    pub(crate) late: Vec<Call>,
    pub(crate) faults: Faults,
    /// The newest token.
    pub(crate) token: u64,
    /// Ticks since the content of the Lease was changed last; counted while everything is prompt.
    pub(crate) unchanged: u8,
    pub(crate) last_change: Change,
    pub(crate) broken: Option<Broken>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Node {
    pub(crate) election: Arc<Election>,
    pub(crate) life: Life,
    /// Under way to the server.
    pub(crate) call: Option<Call>,
    /// Under way from the server.
    pub(crate) answer: Option<Answer>,
    pub(crate) work: Option<Work>,
    pub(crate) is_cut_off: bool,
}

/// The work of a term. It is killed at its deadline, whatever its host does.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Work {
    pub(crate) token: FencingToken,
    pub(crate) deadline: Instant,
    pub(crate) is_stopping: bool,
}

/// How the present holder came to the Lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Change {
    First,
    Released,
    AfterRelease,
    TakeOver,
}

/// What no state can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Broken {
    /// The Lease was taken, or freed, while its holder worked.
    E3,
    /// A token was not newer than the last.
    E4,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Happening {
    /// A tick passes.
    Tick,
    /// A host heeds the deadline of its machine.
    Wake(usize),
    /// A request reaches the server.
    Arrive(usize),
    /// The same, and reads what was.
    ArriveStale(usize),
    /// An answer reaches its candidate.
    Return(usize),
    /// An answer does not.
    Lose(usize),
    /// A write that was given up reaches the server.
    ArriveLate(usize),
    /// The host learns that its work is gone.
    EndWork(usize),
    StepDown(usize),
    CutOff(usize),
    Heal(usize),
    /// A candidate dies with its work, and another is in its place.
    Crash(usize),
    Delete,
    Label,
}

/// What is checked.
#[derive(Clone, Debug)]
pub(crate) struct World {
    /// Whether there is an empty Lease from the first.
    pub(crate) has_lease: bool,
    pub(crate) faults: Faults,
    /// How many late writes may be under way.
    pub(crate) late: usize,
}

impl World {
    pub(crate) fn new(faults: Faults) -> Self {
        Self { has_lease: true, faults, late: 2 }
    }

    /// Whether nothing keeps a candidate from standing in: then E5 has a bound.
    pub(crate) fn is_prompt(&self) -> bool {
        let Faults { delays, lost_answers, stale_reads, deletions, cut_offs, .. } = self.faults;
        self.has_lease && delays == 0 && lost_answers == 0 && stale_reads == 0 && deletions == 0 && cut_offs == 0
    }

    fn election(&self, life: Life) -> Election {
        let (namespace, name) = (Namespace::parse("lab").unwrap(), LeaseName::parse("demo").unwrap());
        let options = ElectionOptions {
            lease_duration: Duration::from_secs(u64::from(LEASE_DURATION)),
            renew_deadline: Duration::from_secs(2),
            retry_period: Duration::from_millis(500),
            attempt_timeout: Some(Duration::from_millis(750)),
            jitter_percent: 0,
            rate_ratio_permille: 1000,
            seed: 0,
            ..ElectionOptions::new(namespace, name, super::NAME, u64::from(life))
        };
        Election::new(options.build().unwrap())
    }

    fn node(&self, life: Life) -> Node {
        let election = Arc::new(self.election(life));
        Node { election, life, call: None, answer: None, work: None, is_cut_off: false }
    }

    pub(crate) fn start(&self) -> State {
        let mut state = State {
            nodes: [self.node(1), self.node(2)],
            server: if self.has_lease { Server::with_empty_lease() } else { Server::default() },
            before: None,
            late: Vec::new(),
            faults: self.faults,
            token: 0,
            unchanged: 0,
            last_change: Change::First,
            broken: None,
        };
        for index in 0..2 {
            self.feed(&mut state, index, Input::Start);
        }
        canonical(&mut state, [Duration::ZERO; 2]);
        state
    }

    pub(crate) fn happenings(&self, state: &State, found: &mut Vec<Happening>) {
        let faults = &state.faults;
        let mut is_quiet = true;
        for (index, node) in state.nodes.iter().enumerate() {
            is_quiet &= node.is_quiet();
            let mut offer = |happening, is_possible: bool| found.extend(is_possible.then_some(happening));
            offer(Happening::Wake(index), node.is_due());
            offer(Happening::Arrive(index), node.call.is_some());
            let reads = node.call == Some(Call::Get);
            offer(Happening::ArriveStale(index), reads && faults.stale_reads > 0 && state.before.is_some());
            offer(Happening::Return(index), node.answer.is_some());
            offer(Happening::Lose(index), node.answer.is_some() && faults.lost_answers > 0);
            let is_over = node.work.as_ref().is_some_and(|work| work.is_stopping || work.deadline <= NOW);
            offer(Happening::EndWork(index), is_over);
            let leads = node.election.is_leading(NOW);
            offer(Happening::StepDown(index), leads && faults.step_downs > 0);
            offer(Happening::CutOff(index), leads && faults.cut_offs > 0);
            offer(Happening::Heal(index), node.is_cut_off);
            offer(Happening::Crash(index), leads && faults.crashes > 0);
        }
        found.extend((0..state.late.len()).map(Happening::ArriveLate));
        found.extend((faults.deletions > 0 && state.server.lease.is_some()).then_some(Happening::Delete));
        found.extend((faults.labels > 0 && state.server.lease.is_some()).then_some(Happening::Label));
        found.extend((is_quiet || faults.delays > 0).then_some(Happening::Tick));
    }

    pub(crate) fn after(&self, state: &State, happening: Happening) -> State {
        let mut state = state.clone();
        let mut passes = [Duration::ZERO; 2];
        match happening {
            Happening::Tick => {
                if state.faults.delays < u8::MAX && !state.nodes.iter().all(Node::is_quiet) {
                    state.faults.delays -= 1;
                }
                passes = [Duration::from_secs(1); 2];
                if self.is_prompt() {
                    state.unchanged = (state.unchanged + 1).min(2 * LEASE_DURATION);
                }
            }
            Happening::Wake(index) => self.feed(&mut state, index, Input::Timeout),
            Happening::Arrive(index) => {
                let call = state.nodes[index].call.take().unwrap();
                state.nodes[index].answer = Some(self.serve(&mut state, &call));
                if self.faults.delays == 0 && self.faults.lost_answers == 0 {
                    self.take_answer(&mut state, index);
                }
            }
            Happening::ArriveStale(index) => {
                state.faults.stale_reads -= 1;
                state.nodes[index].call = None;
                state.nodes[index].answer = Some(Answer { status: 200, lease: state.before.clone() });
            }
            Happening::Return(index) => self.take_answer(&mut state, index),
            Happening::Lose(index) => {
                state.faults.lost_answers -= 1;
                state.nodes[index].answer = None;
            }
            Happening::ArriveLate(index) => {
                let call = state.late.remove(index);
                self.serve(&mut state, &call);
            }
            Happening::EndWork(index) => {
                let term = state.nodes[index].work.take().unwrap().token;
                self.feed(&mut state, index, Input::Report(&Report::WorkEnded { term }));
            }
            Happening::StepDown(index) => {
                state.faults.step_downs -= 1;
                self.feed(&mut state, index, Input::Report(&Report::StepDown));
                self.feed(&mut state, index, Input::Report(&Report::Stand));
            }
            Happening::CutOff(index) => self.cut_off(&mut state, index),
            Happening::Heal(index) => state.nodes[index].is_cut_off = false,
            Happening::Crash(index) => self.crash(&mut state, index),
            Happening::Delete => {
                state.faults.deletions -= 1;
                state.server.delete();
            }
            Happening::Label => {
                state.faults.labels -= 1;
                state.server.label();
            }
        }
        let Server { lease, .. } = &state.server;
        let can_be_missing = state.faults.deletions > 0 || lease.is_none();
        let server = state.server.clone();
        state.late.retain(|call| can_be_missing || server.may_take(call));
        if state.faults.stale_reads == 0 {
            state.before = None;
        }
        canonical(&mut state, passes);
        state
    }

    fn crash(&self, state: &mut State, index: usize) {
        state.faults.crashes -= 1;
        let life = state.nodes.iter().map(|node| node.life).max().unwrap() + 1;
        let call = state.nodes[index].call.take();
        state.nodes[index] = self.node(life);
        self.give_up(state, call);
        self.feed(state, index, Input::Start);
    }

    fn cut_off(&self, state: &mut State, index: usize) {
        state.faults.cut_offs -= 1;
        let node = &mut state.nodes[index];
        (node.is_cut_off, node.answer) = (true, None);
        let call = node.call.take();
        self.give_up(state, call);
    }

    fn take_answer(&self, state: &mut State, index: usize) {
        let node = &mut state.nodes[index];
        let (answer, id) = (node.answer.take().unwrap(), node.election.awaited().unwrap());
        let body = answer.body();
        let head = Head { status: answer.status, retry_after: None };
        for part in [AnswerPart::Head(head), AnswerPart::Chunk(body.as_bytes()), AnswerPart::End] {
            self.feed(state, index, Input::Answer { id, part });
        }
    }

    /// A request that nobody waits for: a read is nothing any more, a write may come late.
    fn give_up(&self, state: &mut State, call: Option<Call>) {
        if state.late.len() < self.late {
            state.late.extend(call.filter(|call| *call != Call::Get));
        }
    }

    fn serve(&self, state: &mut State, call: &Call) -> Answer {
        let before = state.server.lease.clone();
        let answer = state.server.answer(call);
        let after = &state.server.lease;
        if before == *after {
            return answer;
        }
        state.unchanged = 0;
        let holder = |lease: &Option<super::server::Lease>| lease.as_ref().and_then(|lease| lease.spec.holder);
        let (from, to) = (holder(&before), holder(after));
        if from != to {
            let holds = |node: &&Node| Some(node.life) == from && node.is_working();
            if state.nodes.iter().any(|node| holds(&node)) {
                state.broken = Some(Broken::E3);
            }
            let is_told = self.faults.crashes > 0 || self.faults.cut_offs > 0 || self.faults.step_downs > 0;
            state.last_change = match (from, to) {
                _ if !is_told => Change::First,
                (Some(_), None) => Change::Released,
                (Some(_), Some(_)) => Change::TakeOver,
                (None, _) if state.last_change == Change::Released => Change::AfterRelease,
                (None, _) => Change::First,
            };
        }
        state.before = before;
        answer
    }

    fn feed(&self, state: &mut State, index: usize, input: Input<'_, Report>) {
        let node = &mut state.nodes[index];
        let awaited = node.election.awaited();
        let now = Now { instant: NOW, wall: wall(node.life) };
        for action in Arc::make_mut(&mut node.election).handle(now, input) {
            let node = &mut state.nodes[index];
            match action {
                // The watch is silent for ever: reads must make up for it.
                Action::Send { request, .. } if request.target().contains("watch=true") => {}
                Action::Send { .. } if node.is_cut_off => {}
                Action::Send { request, .. } => node.call = Some(Call::read(&request)),
                Action::Cancel(id) if Some(id) == awaited => {
                    node.answer = None;
                    let call = node.call.take();
                    self.give_up(state, call);
                }
                Action::Order(order) => carry_out(state, index, &order),
                _ => {}
            }
        }
    }
}

impl Node {
    fn is_due(&self) -> bool {
        self.election.deadline().is_some_and(|deadline| deadline.at <= NOW)
    }

    /// Whether nothing is under way, nor to be done.
    fn is_quiet(&self) -> bool {
        !self.is_due() && self.call.is_none() && self.answer.is_none()
    }

    pub(crate) fn is_working(&self) -> bool {
        self.work.as_ref().is_some_and(|work| NOW < work.deadline)
    }
}

fn carry_out(state: &mut State, index: usize, order: &Order) {
    let work = &mut state.nodes[index].work;
    match order {
        Order::StartWork { term, hard_deadline } => {
            let token = term.as_str().parse().unwrap();
            if token <= state.token {
                state.broken = Some(Broken::E4);
            }
            state.token = token;
            *work = Some(Work { token: term.clone(), deadline: *hard_deadline, is_stopping: false });
        }
        Order::MoveHardDeadline { term, hard_deadline } => {
            if let Some(work) = work.as_mut().filter(|work| work.token == *term) {
                work.deadline = *hard_deadline;
            }
        }
        Order::StopWork { term, hard_deadline, .. } => {
            if let Some(work) = work.as_mut().filter(|work| work.token == *term) {
                work.deadline = *hard_deadline;
                work.is_stopping = true;
            }
        }
        _ => {}
    }
    if let Some(work) = work {
        work.deadline = age(work.deadline, Duration::ZERO, Duration::ZERO);
    }
}
