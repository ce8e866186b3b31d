//! The links as they are, and a connector that makes and ends them, one attempt after another.

use std::collections::BTreeMap;
use std::sync::Arc;

use quorate_core::membership::{Identity, LinkFailure, LinkId, Member, Order, Report};

use super::server::name;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Connector {
    /// Who is connected, and to whom we made the link; none if it was made to us.
    pub(crate) links: BTreeMap<String, Option<Identity>>,
    pub(crate) attempts: BTreeMap<LinkId, Attempt>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Attempt {
    pub(crate) order: Order,
    /// It has done what it does, and nobody will ever report on it.
    pub(crate) is_lost: bool,
}

impl Connector {
    /// Pod 2 has connected to us, and so has somebody who is no member.
    pub(crate) fn new() -> Self {
        let links = [(name(2), None), (name(9), None)];
        Self { links: links.into_iter().collect(), attempts: BTreeMap::new() }
    }

    pub(crate) fn take(&mut self, order: Order) {
        let id = match &order {
            Order::Connect { id, .. } | Order::Disconnect { id, .. } | Order::ListConnected { id } => *id,
            Order::Abandon(id) => {
                self.attempts.remove(id);
                return;
            }
            other => panic!("an unknown order: {other}"),
        };
        assert!(self.attempts.insert(id, Attempt { order, is_lost: false }).is_none(), "an id is used twice");
    }

    /// Whether an attempt on this name is in flight.
    pub(crate) fn is_trying(&self, name: &str) -> bool {
        self.attempts.values().filter_map(|attempt| peer(&attempt.order)).any(|peer| peer.name.as_str() == name)
    }

    /// The attempts that somebody will report on.
    pub(crate) fn pending(&self) -> impl Iterator<Item = LinkId> {
        self.attempts.iter().filter(|(_, attempt)| !attempt.is_lost).map(|(id, _)| *id)
    }

    /// An attempt does what it is for.
    pub(crate) fn succeed(&mut self, id: LinkId) -> Report {
        self.act(id);
        match self.attempts.remove(&id).unwrap().order {
            Order::ListConnected { .. } => Report::Listed { id, names: Ok(Some(self.links.keys().cloned().collect())) },
            _ => Report::Ended { id, outcome: Ok(()) },
        }
    }

    /// An attempt does nothing.
    pub(crate) fn fail(&mut self, id: LinkId) -> Report {
        let failure = LinkFailure::new("refused");
        match self.attempts.remove(&id).unwrap().order {
            Order::ListConnected { .. } => Report::Listed { id, names: Err(failure) },
            _ => Report::Ended { id, outcome: Err(failure) },
        }
    }

    /// To connect to who is connected is no failure.
    pub(crate) fn can_fail(&self, id: LinkId) -> bool {
        match &self.attempts[&id].order {
            Order::Connect { peer, .. } => !self.links.contains_key(peer.name.as_str()),
            _ => true,
        }
    }

    /// An attempt does what it is for, and its host forgets to say so.
    pub(crate) fn lose(&mut self, id: LinkId) {
        self.act(id);
        self.attempts.get_mut(&id).unwrap().is_lost = true;
    }

    fn act(&mut self, id: LinkId) {
        match &self.attempts[&id].order {
            Order::Connect { peer, .. } => {
                self.links.entry(peer.name.to_string()).or_insert_with(|| Some(peer.identity()));
            }
            Order::Disconnect { peer, .. } => drop(self.links.remove(peer.name.as_str())),
            _ => {}
        }
    }
}

pub(crate) fn peer(order: &Order) -> Option<&Arc<Member>> {
    match order {
        Order::Connect { peer, .. } | Order::Disconnect { peer, .. } => Some(peer),
        _ => None,
    }
}
