//! The connectors: attempts on links, and links that go down by themselves.

use alloc::collections::BTreeSet;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::clock::duration;
use super::node::Attempt;
use super::queue::{Event, Micros, Process};
use super::{Application, Simulation};
use crate::machine::Input;
use crate::membership::{LinkFailure, LinkId, Member, Order, Report};
use crate::name::NodeName;
use crate::testing::promises::Broken;

/// How long an attempt takes at least and at most.
const ATTEMPT: (Micros, Micros) = (2_000, 60_000);

impl<A: Application> Simulation<A> {
    /// Begins what a machine has ordered.
    pub(super) fn attempt(&mut self, index: usize, order: Order) {
        let Some(node) = self.nodes.get_mut(index) else { return };
        let id = match &order {
            Order::Connect { id, .. } | Order::Disconnect { id, .. } | Order::ListConnected { id } => *id,
            Order::Abandon(id) => {
                node.connector.attempts.remove(id);
                return;
            }
        };
        let of = node.process;
        let half = node.chance.between(ATTEMPT.0, ATTEMPT.1).checked_div(2).unwrap_or_default();
        node.connector.attempts.insert(id, Attempt { order, outcome: Ok(()), is_lost: false });
        let acts = self.real.saturating_add(half);
        self.queue.plan(acts, Event::LinkActs { of, id });
        self.queue.plan(acts.saturating_add(half), Event::LinkEnds { of, id });
    }

    /// An attempt does what it does.
    pub(super) fn link_acts(&mut self, of: Process, id: LinkId) {
        let now = duration(self.real);
        if !self.is_alive(of) {
            return;
        }
        let attempt = self.nodes.get(of.node).and_then(|node| node.connector.attempts.get(&id));
        let Some(order) = attempt.map(|attempt| attempt.order.clone()) else { return };
        let (outcome, is_lost) = match &order {
            Order::Connect { peer, .. } => self.connect(of.node, peer),
            Order::Disconnect { peer, .. } => {
                let outcome = self.application.disconnect(of.node, peer, now);
                match &outcome {
                    Ok(()) => {
                        self.unlink(of.node, &peer.name);
                        self.report.disconnects = self.report.disconnects.saturating_add(1);
                    }
                    Err(failure) if failure.answers() => self.hand_over(of.node, &peer.name),
                    Err(_) => {}
                }
                (outcome, false)
            }
            _ => (Ok(()), false),
        };
        let attempts = self.nodes.get_mut(of.node).map(|node| &mut node.connector.attempts);
        if let Some(attempt) = attempts.and_then(|attempts| attempts.get_mut(&id)) {
            attempt.outcome = outcome;
            attempt.is_lost = is_lost;
        }
    }

    /// The link by that name is whose name it is now.
    fn hand_over(&mut self, index: usize, name: &NodeName) {
        if let (Ok(pod), Some(node)) = (self.reach(name), self.nodes.get_mut(index)) {
            node.connector.links.insert(name.clone(), pod);
        }
    }

    fn connect(&mut self, index: usize, peer: &Member) -> (Result<(), LinkFailure>, bool) {
        let (outcome, is_lost) = match self.reach(&peer.name) {
            Ok(pod) => (self.application.connect(index, peer, duration(self.real)).map(|()| pod), false),
            Err(is_silent) => return (Err(LinkFailure::new("the peer cannot be reached")), is_silent),
        };
        let Some(node) = self.nodes.get_mut(index) else { return (Ok(()), false) };
        match outcome {
            Ok(pod) => {
                node.connector.links.insert(peer.name.clone(), pod);
                node.connector.refused.remove(&peer.name);
                self.report.connects = self.report.connects.saturating_add(1);
                self.draw_link(index, &peer.name, true);
                (Ok(()), false)
            }
            Err(failure) => {
                node.connector.refused.insert(peer.name.clone());
                (Err(failure), is_lost)
            }
        }
    }

    /// The pod behind a name, if it can be connected to; else, whether it gives no answer at all.
    pub(super) fn reach(&self, name: &NodeName) -> Result<u64, bool> {
        let (number, pod) = self.cluster.by_name(name).ok_or(false)?;
        match (self.unreachable.get(&number), pod.node.and_then(|node| self.nodes.get(node))) {
            (Some(is_silent), _) => Err(*is_silent),
            (None, Some(node)) if !node.is_up => Err(false),
            (None, Some(node)) if node.stands_still_until() > self.real => Err(true),
            (None, _) => Ok(number),
        }
    }

    /// An attempt is reported.
    pub(super) fn link_ends(&mut self, of: Process, id: LinkId) -> Result<(), Broken> {
        let Some(node) = self.nodes.get_mut(of.node).filter(|node| node.is_up && node.process == of) else {
            return Ok(());
        };
        if node.connector.attempts.get(&id).is_none_or(|attempt| attempt.is_lost) {
            return Ok(());
        }
        let Some(Attempt { order, outcome, .. }) = node.connector.attempts.remove(&id) else { return Ok(()) };
        let report = match order {
            Order::ListConnected { .. } => {
                let names: BTreeSet<String> = node.connector.links.keys().map(ToString::to_string).collect();
                Report::Listed { id, names: Ok(Some(names)) }
            }
            _ => Report::Ended { id, outcome },
        };
        self.feed_membership(of.node, Input::Report(&report))
    }

    fn unlink(&mut self, index: usize, name: &NodeName) -> bool {
        let node = self.nodes.get_mut(index);
        let was_linked = node.is_some_and(|node| node.connector.links.remove(name).is_some());
        if was_linked {
            self.draw_link(index, name, false);
        }
        was_linked
    }

    /// A link goes down by itself; its connector notices at once, or does not.
    pub(super) fn drop_link(&mut self, index: usize, name: &NodeName, is_told: bool) {
        if !self.unlink(index, name) {
            return;
        }
        self.links_disturbed_at = self.real;
        self.application.dropped(index, name.as_str(), duration(self.real));
        // Reports come in the order in which things happen: an attempt that has yet to be reported would come after.
        if let Some(node) = self.nodes.get(index).filter(|node| is_told && !node.connector.is_busy_with(name)) {
            self.queue.plan(self.real, Event::Dropped { of: node.process, name: name.to_string() });
        }
    }

    /// All links to a peer go down.
    pub(super) fn drop_links_to(&mut self, name: &NodeName) {
        let linked = self.nodes.iter().enumerate().filter(|(_, node)| node.connector.links.contains_key(name));
        for index in linked.map(|(index, _)| index).collect::<Vec<_>>() {
            let is_told = self.chance.coin();
            self.drop_link(index, name, is_told);
        }
    }

    pub(super) fn report_drop(&mut self, of: Process, name: String) -> Result<(), Broken> {
        if !self.is_alive(of) {
            return Ok(());
        }
        self.feed_membership(of.node, Input::Report(&Report::Dropped { name }))
    }
}
