//! How faults begin and end.

use alloc::vec::Vec;

use super::node::{Node, Slowness};
use super::queue::{Event, Micros, Process};
use super::{Application, Fault, Partition, Planned, Simulation, Whom};
use crate::election::Report as ElectionReport;
use crate::name::NodeName;
use crate::testing::promises::Broken;

/// How long a server that has just started refuses some requests.
const SHAKY_FOR: Micros = 1_000_000;

/// A fault that holds.
#[derive(Clone, Debug)]
pub(super) struct Active {
    /// Its number in the plan.
    pub(super) index: usize,
    pub(super) fault: Fault,
    /// The pods that it befalls.
    pods: Vec<u64>,
}

impl<A: Application> Simulation<A> {
    /// A fault begins.
    pub(super) fn begin(&mut self, index: usize) -> Result<(), Broken> {
        let Some(fault) = self.plan.faults.get(index).map(|planned| self.resolve(planned)) else { return Ok(()) };
        if fault.node().is_some_and(|node| node >= self.nodes.len()) {
            return Ok(());
        }
        let count = self.report.faults.entry(fault.kind()).or_default();
        *count = count.saturating_add(1);
        self.disturb(&fault);
        if let Some(until) = self.until(&fault) {
            let pods = self.befallen(&fault);
            self.active.push(Active { index, fault: fault.clone(), pods });
            self.queue.plan(until, Event::End(index));
        }
        self.draw_fault(&fault, true);
        self.apply(index, &fault)?;
        self.follow_conditions();
        Ok(())
    }

    /// A fault as it befalls whom it is meant for now.
    pub(super) fn resolve(&self, planned: &Planned) -> Fault {
        let mut fault = planned.fault.clone();
        if let Some(node) = fault.node_mut() {
            *node = self.meant(planned.whom, *node).unwrap_or(*node);
        }
        fault
    }

    fn meant(&self, whom: Whom, number: usize) -> Option<usize> {
        let leads = |node: &&Node| node.is_leading(self.real);
        let found = match whom {
            Whom::Named => None,
            Whom::Leader => self.nodes.iter().find(leads),
            Whom::Standby => {
                let standbys =
                    || self.nodes.iter().filter(|node| node.is_up && node.election.is_some() && !leads(node));
                standbys().nth(number.checked_rem(standbys().count())?)
            }
        };
        found.map(|node| node.process.node)
    }

    /// A fault ends.
    pub(super) fn end(&mut self, index: usize) {
        let Some(place) = self.active.iter().position(|active| active.index == index) else { return };
        let Active { fault, pods, .. } = self.active.remove(place);
        self.draw_fault(&fault, false);
        match fault {
            Fault::FlapReadiness { .. } => {
                for pod in pods {
                    // A process that is down has no ready pod.
                    let node = self.cluster.pods.get(&pod).and_then(|pod| pod.node);
                    if node.is_none_or(|node| self.nodes.get(node).is_some_and(|node| node.is_up)) {
                        self.cluster.set_ready(self.real, pod, true);
                    }
                }
            }
            Fault::Kill { node, .. } => self.queue.plan(self.real, Event::Restart(node)),
            Fault::RestartServer { .. } => self.shaky_until = self.real.saturating_add(SHAKY_FOR),
            Fault::Suspend { .. } | Fault::Pause { .. } | Fault::Unreachable { .. } => {
                self.links_disturbed_at = self.real;
            }
            _ => {}
        }
        self.follow_conditions();
    }

    /// Notes who is not to be held to the shortest bounds. Wall clocks, and what happens to pods, are no excuse.
    fn disturb(&mut self, fault: &Fault) {
        let until = self.until(fault).unwrap_or(self.real).saturating_add(match fault {
            Fault::RestartServer { .. } => SHAKY_FOR,
            _ => 0,
        });
        let until = match fault {
            Fault::RollingUpdate { .. } => {
                self.links_disturbed_at = self.real;
                return;
            }
            Fault::Compact
            | Fault::DeleteLease
            | Fault::DropLink { .. }
            | Fault::Drift { .. }
            | Fault::EditLabel
            | Fault::FlapReadiness { .. }
            | Fault::ReplaceLease
            | Fault::ScaleDown { .. }
            | Fault::ScaleUp { .. }
            | Fault::SlowWork { .. }
            | Fault::StopWall { .. }
            | Fault::Unreachable { .. }
            | Fault::WallJump { .. } => return,
            _ => until,
        };
        let befallen = fault.node();
        let nodes = self.nodes.iter_mut().enumerate();
        for (_, node) in nodes.filter(|(index, _)| befallen.is_none_or(|node| node == *index)) {
            node.disturbed_until = node.disturbed_until.max(until);
        }
    }

    /// How long a fault holds: none outlasts the plan's duration.
    fn until(&self, fault: &Fault) -> Option<Micros> {
        let end = self.plan.duration_ms.saturating_mul(1000);
        let for_micros = fault.duration_ms()?.saturating_mul(1000);
        Some(self.real.saturating_add(for_micros).min(end.max(self.real)))
    }

    fn befallen(&mut self, fault: &Fault) -> Vec<u64> {
        match fault {
            Fault::Unreachable { member, .. } => self.cluster.pods.keys().nth(*member).copied().into_iter().collect(),
            Fault::FlapReadiness { percent, .. } => {
                let chance = &mut self.chance;
                let pods = self.cluster.pods.iter().filter(|(_, pod)| !pod.is_terminating);
                pods.filter(|_| chance.percent(*percent)).map(|(number, _)| *number).collect()
            }
            _ => Vec::new(),
        }
    }

    /// What a fault does once.
    fn apply(&mut self, index: usize, fault: &Fault) -> Result<(), Broken> {
        let real = self.real;
        let until = self.until(fault).unwrap_or(real);
        match fault {
            Fault::Compact => self.cluster.api.compact(),
            Fault::Cut { node, is_told } => self.cut(*node, *is_told),
            Fault::DeleteLease => {
                self.cluster.delete_lease(real);
                self.election.edited(super::duration(real));
            }
            Fault::DropLink { node, peer, is_told } => {
                if let Some(name) = self.nth_link(*node, *peer) {
                    self.drop_link(*node, &name, *is_told);
                }
            }
            Fault::EditLabel => self.cluster.edit_label(real),
            Fault::EndWork { node, .. } => {
                self.end_work(*node, false);
                self.stand_at(*node, until);
            }
            Fault::FlapReadiness { .. } => {
                let pods = self.active.iter().find(|active| active.index == index).map(|active| active.pods.clone());
                for pod in pods.unwrap_or_default() {
                    // Before the flap ends: what comes after would last.
                    let within = until.saturating_sub(real).min(1_000_000);
                    let at = real.saturating_add(self.chance.below(within));
                    self.queue.plan(at, Event::PodReady(pod, false));
                }
            }
            Fault::Kill { node, .. } => self.kill(*node),
            Fault::ReplaceLease => self.replace_lease(),
            Fault::RestartServer { .. } => (0..self.nodes.len()).for_each(|node| self.cut(node, true)),
            Fault::RollingUpdate { batch, every_ms } => {
                let pods = self.cluster.pods.keys().copied().collect();
                return self.roll(*batch, every_ms.saturating_mul(1000), pods);
            }
            Fault::ScaleDown { members } => self.scale_down(*members),
            Fault::ScaleUp { members } => self.scale_up(*members),
            Fault::StepDown { node, .. } => {
                let process = self.nodes.get(*node).map(|node| (node.process, node.stands_still_until() <= real));
                if let Some((process, true)) = process {
                    self.tell_election(process, &ElectionReport::StepDown)?;
                }
                self.stand_at(*node, until);
            }
            _ => self.apply_to_node(fault, until),
        }
        Ok(())
    }

    /// Whoever sees the new Lease must have seen the old one: those who start later wait for as long as that may be held.
    fn replace_lease(&mut self) {
        let real = self.real;
        let mut candidates = self.nodes.iter().filter(|node| node.is_up).filter_map(|node| node.election.as_ref());
        if candidates.all(|election| election.changed_at().is_some()) {
            self.cluster.replace_lease(real);
            self.election.edited(super::duration(real));
            let held = self.plan.election.lease_duration_ms.saturating_mul(1000);
            self.none_starts_until = real.saturating_add(held);
        }
    }

    fn apply_to_node(&mut self, fault: &Fault, until: Micros) {
        let real = self.real;
        let Some(node) = fault.node().and_then(|node| self.nodes.get_mut(node)) else { return };
        match fault {
            Fault::Drift { rate_permille, .. } => node.clock.drift(real, *rate_permille),
            Fault::Pause { .. } => node.paused_until = node.paused_until.max(until),
            Fault::SlowWork { stop_ms, .. } => node.stop = stop_ms.saturating_mul(1000),
            Fault::Suspend { .. } => node.suspended_until = node.suspended_until.max(until),
            Fault::WallJump { by_ms, .. } => node.clock.set_wall(*by_ms),
            _ => {}
        }
    }

    fn stand_at(&mut self, node: usize, at: Micros) {
        if let Some(node) = self.nodes.get(node) {
            self.queue.plan(at, Event::Stand(node.process));
        }
    }

    /// A node stands again, unless another fault keeps it from that.
    pub(super) fn stand(&mut self, process: Process) -> Result<(), Broken> {
        let keeps_away = |fault: &Fault| match fault {
            Fault::EndWork { node, .. } | Fault::StepDown { node, .. } => *node == process.node,
            _ => false,
        };
        if self.active.iter().any(|active| keeps_away(&active.fault)) {
            return Ok(());
        }
        self.tell_election(process, &ElectionReport::Stand)
    }

    fn nth_link(&self, node: usize, nth: usize) -> Option<NodeName> {
        let links = &self.nodes.get(node)?.connector.links;
        links.keys().nth(nth.checked_rem(links.len())?).cloned()
    }

    /// Lets everything be as the faults that hold would have it: of several of a kind, the last one counts.
    fn follow_conditions(&mut self) {
        (self.errors, self.down_until) = (None, 0);
        self.unreachable.clear();
        let mut overload = None;
        for active in &self.active {
            match &active.fault {
                Fault::Errors { status, percent, .. } => self.errors = Some((*status, *percent)),
                Fault::RestartServer { .. } => self.down_until = Micros::MAX,
                Fault::Throttle { retry_after_s, .. } => overload = Some(*retry_after_s),
                Fault::Unreachable { is_silent, .. } => {
                    self.unreachable.extend(active.pods.iter().map(|pod| (*pod, *is_silent)));
                }
                _ => {}
            }
        }
        self.cluster.api.overload(overload);
        (0..self.nodes.len()).for_each(|node| self.follow_conditions_of(node));
    }

    fn follow_conditions_of(&mut self, index: usize) {
        let (mut partition, mut slow, mut lost_percent) = (None, None, 0);
        let (mut may, mut is_expired, mut wall_stops) = (true, false, false);
        let of_node = self.active.iter().map(|active| &active.fault);
        for fault in of_node.filter(|fault| fault.node().is_none_or(|node| node == index)) {
            match fault {
                Fault::Partition { how, .. } => partition = Some(*how),
                Fault::Latency { base_ms, tail_percent, tail_ms, .. } => {
                    let (base, tail) = (base_ms.saturating_mul(1000), tail_ms.saturating_mul(1000));
                    slow = Some(Slowness { base, tail_percent: *tail_percent, tail });
                }
                Fault::LoseAnswers { percent, .. } => lost_percent = *percent,
                Fault::Forbid { .. } => may = false,
                Fault::ExpireToken { .. } => is_expired = true,
                Fault::StopWall { .. } => wall_stops = true,
                _ => {}
            }
        }
        let Some(node) = self.nodes.get_mut(index) else { return };
        let before = core::mem::replace(&mut node.line.partition, partition);
        (node.line.slow, node.line.lost_percent) = (slow, lost_percent);
        node.clock.stop_wall(wall_stops, self.real);
        self.cluster.permit(index, may);
        self.cluster.expire(self.real, index, &node.token, is_expired);
        if partition == before {
            return;
        }
        // What was late arrives now, in order, and before whatever was sent since.
        for event in core::mem::take(&mut node.line.held) {
            self.queue.plan(self.real, event);
        }
        match partition {
            Some(Partition::Refused) => self.cut(index, true),
            Some(Partition::Silent) => self.cut(index, false),
            Some(Partition::Late) | None => {}
        }
    }
}
