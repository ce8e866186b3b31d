//! The work of terms.

use super::clock::duration;
use super::node::Work;
use super::queue::{Event, Process};
use super::{Application, Simulation};
use crate::election::{FencingToken, Order as ElectionOrder};
use crate::testing::promises::{Broken, Promise};

impl<A: Application> Simulation<A> {
    /// Carries out what an election orders.
    pub(super) fn obey(&mut self, of: Process, order: ElectionOrder) -> Result<(), Broken> {
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
}
