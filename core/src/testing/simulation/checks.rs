//! What is held against the promises after every step, and what once all is quiet.

use super::clock::duration;
use super::node::Node;
use super::queue::Micros;
use super::{Application, Simulation};
use crate::testing::promises::{Broken, Promise};

/// After this nothing waits any more that went wrong between a node and the server: the idle limit, then the longest pauses.
const CALM_LINE: Micros = 300_000_000;
/// The same for pods and links: a removal to be confirmed, a disconnect to wait, attempts to fail, and the longest pauses.
const CALM_MEMBERS: Micros = 90_000_000;

impl<A: Application> Simulation<A> {
    /// E1 and E5, and what the application promises.
    pub(super) fn check(&mut self) -> Result<(), Broken> {
        let (real, at) = (self.real, duration(self.real));
        let leading = self.nodes.iter().filter(|node| node.is_leading(real)).map(|node| node.process.id());
        let working = self.nodes.iter().filter(|node| node.works(real)).map(|node| node.process.id());
        self.election.moment(at, leading, working)?;
        if !self.election.is_led() {
            let standing = self.nodes.iter().filter(|node| is_undisturbed(node, real));
            let since = standing.map(|node| duration(node.started_at.max(node.disturbed_until)));
            self.election.awaited(at, since)?;
        }
        self.application.check().map_err(|what| Broken::new(Promise::Application, what))
    }

    /// When a node's view and links can be compared with the server in full, if nothing more goes wrong.
    pub(super) fn compares_at(&self, node: &Node) -> Option<Micros> {
        let line = node.disturbed_until.max(node.started_at).saturating_add(CALM_LINE);
        let members = self.cluster.changed_at.max(self.links_disturbed_at).saturating_add(CALM_MEMBERS);
        node.is_up.then_some(line.max(members))
    }

    /// M2 and M4.
    pub(super) fn compare(&mut self, index: usize) -> Result<(), Broken> {
        let real = self.real;
        let failed = |error: super::PlanError| Broken::new(Promise::M4, alloc::format!("{error}"));
        let views = self.cluster.views(real, &self.plan).map_err(failed)?;
        self.report.comparisons = self.report.comparisons.saturating_add(1);
        if let Some(node) = self.nodes.get_mut(index) {
            node.compared = real;
        }
        let Some(node) = self.nodes.get(index) else { return Ok(()) };
        let links = &node.connector.links;
        node.promises.settled(
            (node.membership.members(), node.membership.standing()),
            (&views.0, &views.1),
            links.keys().map(crate::name::NodeName::as_str),
            |name| links.contains_key(name),
            |name| node.connector.refused.contains(name) || self.is_out_of_reach(name),
        )
    }

    fn is_out_of_reach(&self, name: &str) -> bool {
        self.cluster.named(name).is_none_or(|name| self.reach(name).is_err())
    }

    /// The run is over: whoever is left must be as the server would have it.
    pub(super) fn finish(&mut self) -> Result<(), Broken> {
        self.is_over = true;
        for index in 0..self.nodes.len() {
            if self.nodes.get(index).is_some_and(|node| node.is_up) {
                self.compare(index)?;
            }
        }
        Ok(())
    }
}

/// Whether a node stands for election, and nothing is wrong with it.
fn is_undisturbed(node: &Node, real: Micros) -> bool {
    node.is_up && node.election.is_some() && node.disturbed_until.max(node.stands_still_until()) <= real
}
