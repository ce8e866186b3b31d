//! What can be seen of a run: by people, and by whoever draws it.

use alloc::string::{String, ToString};
use core::time::Duration;

use super::clock::duration;
use super::timeline::{Lane, Timeline};
use super::{Application, Fault, Plan, Report, Simulation};
use crate::election::FencingToken;
use crate::machine::Machine as _;
use crate::membership::Membership;
use crate::name::NodeName;

impl<A: Application> Simulation<A> {
    /// The plan.
    #[must_use]
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// How much real time has passed.
    #[must_use]
    pub const fn now(&self) -> Duration {
        duration(self.real)
    }

    /// The application.
    #[must_use]
    pub const fn application(&self) -> &A {
        &self.application
    }

    /// What the run amounts to so far.
    #[must_use]
    pub const fn report(&self) -> &Report {
        &self.report
    }

    /// How many nodes and observers there are.
    #[must_use]
    pub const fn nodes(&self) -> usize {
        self.nodes.len()
    }

    /// Whether the process of a node runs.
    #[must_use]
    pub fn is_up(&self, node: usize) -> bool {
        self.nodes.get(node).is_some_and(|node| node.is_up)
    }

    /// What the pod of a node is called among its peers; observers have none.
    #[must_use]
    pub fn name(&self, node: usize) -> Option<&NodeName> {
        self.cluster.pods.get(&self.nodes.get(node)?.pod?).map(|pod| &pod.name)
    }

    /// Whose guards say "leading", and in which terms.
    pub fn leaders(&self) -> impl Iterator<Item = (usize, &FencingToken)> {
        let leading = self.nodes.iter().filter(|node| node.is_leading(self.real));
        leading.filter_map(|node| Some((node.process.node, node.election.as_ref()?.term()?)))
    }

    /// Whose work runs, and of which terms.
    pub fn workers(&self) -> impl Iterator<Item = (usize, &FencingToken)> {
        let working = self.nodes.iter().filter(|node| node.works(self.real));
        working.filter_map(|node| Some((node.process.node, &node.work.as_ref()?.term)))
    }

    /// To whom a node is linked.
    pub fn links(&self, node: usize) -> impl Iterator<Item = &NodeName> {
        self.nodes.get(node).into_iter().flat_map(|node| node.connector.links.keys())
    }

    /// The view of a node, and how current it is.
    #[must_use]
    pub fn membership(&self, node: usize) -> Option<&Membership> {
        self.nodes.get(node).map(|node| &node.membership)
    }

    /// Which faults hold.
    pub fn faults(&self) -> impl Iterator<Item = &Fault> {
        self.active.iter().map(|active| &active.fault)
    }

    /// Why a node does what it does: a line for its election, if it stands, and one for its membership.
    #[must_use]
    pub fn explain(&self, node: usize) -> String {
        let Some(it) = self.nodes.get(node) else { return String::new() };
        if !it.is_up {
            return alloc::format!("node {node} is down");
        }
        let now = it.clock.now(self.real);
        let membership = it.membership.explain(now).to_string();
        match &it.election {
            Some(election) => alloc::format!("{}\n{membership}", election.explain(now)),
            None => membership,
        }
    }

    /// Who led, worked and was linked when, and which faults held, up to now; only of a run that is
    /// [recorded](Self::record).
    #[must_use]
    pub fn timeline(&self) -> Option<Timeline> {
        self.timeline.clone().map(|timeline| timeline.until(duration(self.real)))
    }

    /// Notes who leads, works and is down.
    pub(super) fn draw(&mut self) {
        let real = self.real;
        let Some(timeline) = self.timeline.as_mut().filter(|_| !self.is_over) else { return };
        for node in &self.nodes {
            let index = node.process.node;
            let leads = node.election.as_ref().filter(|_| node.is_leading(real)).and_then(|election| election.term());
            let works = node.work.as_ref().filter(|_| node.works(real)).map(|work| &work.term);
            timeline.show(duration(real), Lane::Leads(index), leads.map(ToString::to_string));
            timeline.show(duration(real), Lane::Works(index), works.map(ToString::to_string));
            timeline.show(duration(real), Lane::Down(index), (!node.is_up).then(|| "down".into()));
        }
    }

    pub(super) fn draw_link(&mut self, node: usize, peer: &NodeName, is_up: bool) {
        let at = duration(self.real);
        let Some(timeline) = &mut self.timeline else { return };
        if is_up {
            timeline.open(at, Lane::Linked(node), peer.to_string());
        } else {
            timeline.close(at, Lane::Linked(node), peer.as_str());
        }
    }

    /// A fault that ends by itself is a span, any other a moment.
    pub(super) fn draw_fault(&mut self, fault: &Fault, begins: bool) {
        let at = duration(self.real);
        let Some(timeline) = &mut self.timeline else { return };
        let (lane, what) = (Lane::Fault(fault.node()), fault.to_string());
        if begins {
            timeline.open(at, lane, what.clone());
        }
        if !begins || fault.duration_ms().is_none() {
            timeline.close(at, lane, &what);
        }
    }
}
