//! Feeding machines, and handing on what they ask for.

use alloc::string::ToString as _;
use core::fmt::Display;

use super::clock::duration;
use super::queue::{Exchange, Part, Process};
use super::{Application, Simulation};
use crate::election::{Order as ElectionOrder, Report as ElectionReport};
use crate::machine::{Action, Input, Machine as _};
use crate::membership::{Event as MembershipEvent, Report as MembershipReport};
use crate::testing::promises::Broken;

impl<A: Application> Simulation<A> {
    pub(super) fn feed_election(&mut self, index: usize, input: Input<'_, ElectionReport>) -> Result<(), Broken> {
        let real = self.real;
        let Some(node) = self.nodes.get_mut(index) else { return Ok(()) };
        let now = node.clock.now(real);
        let (process, Some(election)) = (node.process, &mut node.election) else { return Ok(()) };
        let actions = election.handle(now, input);
        let leading_until = election.leading_until();
        node.election_due = election.deadline().map(|due| due.at);
        for action in actions {
            self.note(&action);
            match action {
                Action::Send { id, request } => {
                    self.send(index, Exchange { part: Part::Election, id }, request, now.instant)?
                }
                Action::Cancel(id) => self.cancel(index, Exchange { part: Part::Election, id }),
                Action::Order(order) => {
                    self.election.ordered(process.id(), now.instant, leading_until, &order)?;
                    self.hold_to_term(index, &order)?;
                    self.obey(process, order)?;
                }
                Action::Emit(_) => {}
            }
        }
        let Some(node) = self.nodes.get(index) else { return Ok(()) };
        let runs_on = node.work.as_ref().is_some_and(|work| !work.is_gone && !work.is_stopping);
        self.election.guards(process.id(), now.instant, leading_until, runs_on)
    }

    /// E5: who is left in peace keeps its term.
    fn hold_to_term(&self, index: usize, order: &ElectionOrder) -> Result<(), Broken> {
        match (order, self.nodes.get(index)) {
            (ElectionOrder::StopWork { .. }, Some(node)) => {
                let since = node.started_at.max(node.disturbed_until).max(node.stands_still_until());
                self.election.lost(duration(self.real), node.process.id(), duration(since))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn feed_membership(&mut self, index: usize, input: Input<'_, MembershipReport>) -> Result<(), Broken> {
        let real = self.real;
        let Some(node) = self.nodes.get_mut(index) else { return Ok(()) };
        let now = node.clock.now(real);
        if let Input::Report(report) = input {
            node.promises.reported(report);
        }
        let actions = node.membership.handle(now, input);
        node.membership_due = node.membership.deadline().map(|due| due.at);
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
}
