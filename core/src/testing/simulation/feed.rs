//! Feeding machines, and carrying out what they ask for.

use alloc::string::ToString as _;
use core::fmt::Display;

use super::clock::duration;
use super::letter::{Letter, version_of};
use super::node::{Way, Work};
use super::queue::{Event, Exchange, Micros, Part, Process};
use super::{Application, Fault, Partition, Simulation};
use crate::api::{Request, Sent};
use crate::election::{FencingToken, Order as ElectionOrder, Report as ElectionReport};
use crate::machine::{Action, Input, Machine as _, RequestId};
use crate::membership::{Event as MembershipEvent, Report as MembershipReport};
use crate::testing::promises::{Broken, Promise};
use crate::time::Instant;

impl<A: Application> Simulation<A> {
    pub(super) fn feed_election(&mut self, index: usize, input: Input<'_, ElectionReport>) -> Result<(), Broken> {
        let real = self.real;
        let Some(node) = self.nodes.get_mut(index) else { return Ok(()) };
        let now = node.clock.now(real);
        let (process, Some(election)) = (node.process, &mut node.election) else { return Ok(()) };
        let actions = election.handle(now, input);
        let leading_until = election.leading_until();
        for action in actions {
            self.note(&action);
            match action {
                Action::Send { id, request } => {
                    self.send(index, Exchange { part: Part::Election, id }, request, now.instant)?
                }
                Action::Cancel(id) => self.cancel(index, Exchange { part: Part::Election, id }),
                Action::Order(order) => {
                    self.election.ordered(process.id(), now.instant, leading_until, &order)?;
                    self.obey(process, order)?;
                }
                Action::Emit(_) => {}
            }
        }
        let Some(node) = self.nodes.get(index) else { return Ok(()) };
        let runs_on = node.work.as_ref().is_some_and(|work| !work.is_gone && !work.is_stopping);
        self.election.guards(process.id(), now.instant, leading_until, runs_on)
    }

    pub(super) fn feed_membership(&mut self, index: usize, input: Input<'_, MembershipReport>) -> Result<(), Broken> {
        let real = self.real;
        let Some(node) = self.nodes.get_mut(index) else { return Ok(()) };
        let now = node.clock.now(real);
        if let Input::Report(report) = input {
            node.promises.reported(report);
        }
        let actions = node.membership.handle(now, input);
        for action in actions {
            self.note(&action);
            match action {
                Action::Send { id, request } => {
                    self.send(index, Exchange { part: Part::Membership, id }, request, now.instant)?;
                }
                Action::Cancel(id) => self.cancel(index, Exchange { part: Part::Membership, id }),
                Action::Order(order) => {
                    if let Some(node) = self.nodes.get_mut(index) {
                        node.promises.ordered(&order, node.membership.members())?;
                    }
                    self.attempt(index, order);
                }
                Action::Emit(event) => self.hear(index, &event)?,
            }
        }
        Ok(())
    }

    fn hear(&mut self, index: usize, event: &MembershipEvent) -> Result<(), Broken> {
        match self.nodes.get_mut(index) {
            Some(node) => node.promises.heard(event, &self.cluster.truth),
            None => Ok(()),
        }
    }

    /// Tells the election of a process something, if it is still there.
    pub(super) fn tell_election(&mut self, process: Process, report: &ElectionReport) -> Result<(), Broken> {
        if self.is_alive(process) { self.feed_election(process.node, Input::Report(report)) } else { Ok(()) }
    }

    pub(super) fn is_alive(&self, process: Process) -> bool {
        self.nodes.get(process.node).is_some_and(|node| node.is_up && node.process == process)
    }

    fn note(&mut self, action: &impl Display) {
        if self.timeline.is_some() {
            self.notes.push(action.to_string());
        }
    }

    fn obey(&mut self, of: Process, order: ElectionOrder) -> Result<(), Broken> {
        let (real, now) = (self.real, duration(self.real));
        let Some(node) = self.nodes.get_mut(of.node) else { return Ok(()) };
        match order {
            ElectionOrder::StartWork { term, hard_deadline } => {
                if node.work.is_some() {
                    return Err(Broken::new(Promise::E1, alloc::format!("{} has two works", of.id())));
                }
                let work = Work {
                    term: term.clone(),
                    deadline: hard_deadline,
                    is_stopping: false,
                    is_gone: false,
                    is_killed: false,
                };
                node.work = Some(work);
                self.application.start_work(of.node, &term, now);
                self.plan_work(of, term);
            }
            ElectionOrder::MoveHardDeadline { term, hard_deadline } => {
                if let Some(work) = node.work.as_mut().filter(|work| work.term == term) {
                    work.deadline = hard_deadline;
                }
            }
            ElectionOrder::StopWork { term, hard_deadline, .. } => {
                if let Some(work) = node.work.as_mut().filter(|work| work.term == term) {
                    work.deadline = hard_deadline;
                    work.is_stopping = true;
                    // What is gone already has nothing to stop: only its machine had yet to be told.
                    if !work.is_gone {
                        self.queue.plan(real.saturating_add(node.stop), Event::WorkStopped { of, term: term.clone() });
                        self.application.stop_work(of.node, &term, now);
                    }
                }
            }
        }
        Ok(())
    }

    fn plan_work(&mut self, of: Process, term: FencingToken) {
        if let Some(period) = self.application.work_period() {
            let period = super::micros(period).max(1000);
            self.queue.plan(self.real.saturating_add(period), Event::WorkTick { of, term });
        }
    }

    pub(super) fn has_work(&self, of: Process, term: &FencingToken) -> bool {
        let node = self.nodes.get(of.node).filter(|node| node.process == of);
        node.and_then(|node| node.work.as_ref()).is_some_and(|work| work.term == *term && !work.is_gone)
    }

    pub(super) fn tick_work(&mut self, of: Process, term: FencingToken) {
        if self.has_work(of, &term) && self.nodes.get(of.node).is_some_and(|node| node.works(self.real)) {
            self.application.work(of.node, &term, duration(self.real));
            self.plan_work(of, term);
        }
    }

    /// The work of a node is gone: the machine is told as soon as its process can.
    pub(super) fn end_work(&mut self, index: usize, is_killed: bool) {
        let Some(work) = self.nodes.get_mut(index).and_then(|node| node.work.as_mut()) else { return };
        if !work.is_gone {
            (work.is_gone, work.is_killed) = (true, is_killed);
            self.application.work_ended(index, &work.term, is_killed, duration(self.real));
        }
    }

    fn send(&mut self, index: usize, exchange: Exchange, request: Request, sent_at: Instant) -> Result<(), Broken> {
        let (real, least, is_down) = (self.real, self.plan.latency_us, self.real < self.down_until);
        let Some(node) = self.nodes.get_mut(index) else { return Ok(()) };
        let from = node.process;
        let is_watch = request.target().contains("watch=true");
        let same = |(other, way): (&Exchange, &Way)| other.part == exchange.part && way.is_watch == is_watch;
        let promise = if exchange.part == Part::Election { Promise::E7 } else { Promise::M6 };
        if node.line.in_flight.insert(exchange, Way { is_watch, is_cut: false }).is_some()
            || node.line.in_flight.iter().filter(|entry| same(*entry)).count() > 1
        {
            let what = alloc::format!("{} has two requests in flight: {request}", from.id());
            return Err(Broken::new(promise, what));
        }
        let at = real.saturating_add(node.latency(least));
        if is_down || node.line.partition == Some(Partition::Refused) {
            self.queue.plan(at, Event::Answer { to: from, exchange, letter: Letter::failed(Sent::No) });
            return Ok(());
        }
        self.queue.plan(at, Event::Arrive { from, exchange, request, sent_at });
        Ok(())
    }

    fn cancel(&mut self, index: usize, exchange: Exchange) {
        let Some(node) = self.nodes.get_mut(index) else { return };
        node.line.in_flight.remove(&exchange);
        let process = node.process;
        self.close_watches(|of, other| of == process && other == exchange);
    }

    pub(super) fn close_watches(&mut self, is_meant: impl Fn(Process, Exchange) -> bool) {
        let api = &mut self.cluster.api;
        self.watches.retain(|watch, (of, exchange)| {
            let is_closed = is_meant(*of, *exchange);
            if is_closed {
                api.close(*watch);
            }
            !is_closed
        });
    }

    /// Something of an answer reaches a process: also what it does not wait for any more.
    pub(super) fn deliver(&mut self, to: Process, exchange: Exchange, letter: Letter) -> Result<(), Broken> {
        let Some(node) = self.nodes.get_mut(to.node).filter(|node| node.is_up && node.process == to) else {
            return Ok(());
        };
        let is_word_of_failure = matches!(letter, Letter::Failed(_));
        match node.line.partition {
            Some(Partition::Late) if !is_word_of_failure => {
                node.line.held.push(Event::Answer { to, exchange, letter });
                return Ok(());
            }
            Some(Partition::Silent | Partition::Refused) if !is_word_of_failure => return Ok(()),
            _ => {}
        }
        if node.line.in_flight.get(&exchange).is_some_and(|way| way.is_cut) && !is_word_of_failure {
            return Ok(());
        }
        if letter.is_last() {
            node.line.in_flight.remove(&exchange);
        }
        if let (Letter::Line(line), Part::Membership) = (&letter, exchange.part)
            && node.line.in_flight.contains_key(&exchange)
            && let Some(version) = version_of(line)
        {
            node.promises.told(version);
        }
        let retry_after = letter.retry_after();
        for part in letter.parts(retry_after.as_deref()) {
            let id: RequestId = exchange.id;
            match exchange.part {
                Part::Election => self.feed_election(to.node, Input::Answer { id, part })?,
                Part::Membership => self.feed_membership(to.node, Input::Answer { id, part })?,
            }
        }
        Ok(())
    }

    /// How long a fault holds: none outlasts the plan's duration.
    pub(super) fn until(&self, fault: &Fault) -> Option<Micros> {
        let end = self.plan.duration_ms.saturating_mul(1000);
        let for_micros = fault.duration_ms()?.saturating_mul(1000);
        Some(self.real.saturating_add(for_micros).min(end.max(self.real)))
    }
}
