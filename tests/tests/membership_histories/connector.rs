//! The links as they are, and a connector that makes and ends them, slowly and not always.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use quorate_core::membership::{Identity, LinkFailure, LinkId, Member, Order, Report};
use quorate_core::time::Instant;

/// A link that is up.
#[derive(Debug)]
pub(crate) struct Link {
    /// To whom we made it; none if it was made to us.
    pub(crate) to: Option<Identity>,
}

#[derive(Debug)]
struct Attempt {
    order: Order,
    /// When it does what it does; none once it has.
    acts: Option<Instant>,
    reports: Instant,
    outcome: Outcome,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Done,
    Refused,
    /// Whoever has the name is not disconnected.
    Answers,
}

#[derive(Debug, Default)]
pub(crate) struct Connector {
    pub(crate) links: BTreeMap<String, Link>,
    attempts: BTreeMap<LinkId, Attempt>,
    pub(crate) unreachable: BTreeSet<String>,
    /// Disconnects fail: every other one because somebody answers.
    pub(crate) is_stuck: bool,
    failed_disconnects: u32,
    pub(crate) is_unlisted: bool,
    pub(crate) slow: Duration,
}

impl Connector {
    pub(crate) fn take(&mut self, now: Instant, order: Order) {
        let id = match &order {
            Order::Connect { id, .. } | Order::Disconnect { id, .. } | Order::ListConnected { id } => *id,
            Order::Abandon(id) => {
                self.attempts.remove(id);
                return;
            }
            other => panic!("an unknown order: {other}"),
        };
        let acts = Some(now.saturating_add(self.slow / 2));
        let attempt = Attempt { order, acts, reports: now.saturating_add(self.slow), outcome: Outcome::Done };
        assert!(self.attempts.insert(id, attempt).is_none(), "an id is used twice");
    }

    /// The attempt on this name that is in flight.
    pub(crate) fn in_flight(&self, name: &str) -> Option<&Order> {
        self.attempts
            .values()
            .map(|attempt| &attempt.order)
            .find(|order| peer(order).is_some_and(|p| p.name.as_str() == name))
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.attempts.values().map(|attempt| attempt.acts.unwrap_or(attempt.reports)).min()
    }

    /// Does what is due, and says the next thing that there is to report; `owner` has a name now.
    pub(crate) fn next(&mut self, now: Instant, owner: impl FnOnce(&str) -> Option<Identity>) -> Option<Report> {
        let due = self.attempts.iter().filter_map(|(id, attempt)| Some((attempt.acts?, *id)));
        for id in due.filter(|(at, _)| *at <= now).map(|(_, id)| id).collect::<Vec<_>>() {
            self.act(id);
        }
        let (_, id) =
            self.attempts.iter().map(|(id, attempt)| (attempt.reports, *id)).min().filter(|(at, _)| *at <= now)?;
        let attempt = self.attempts.remove(&id)?;
        Some(match attempt.order {
            Order::ListConnected { .. } if self.is_unlisted => {
                Report::Listed { id, names: Err(LinkFailure::new("no idea")) }
            }
            Order::ListConnected { .. } => Report::Listed { id, names: Ok(Some(self.links.keys().cloned().collect())) },
            _ => {
                if let (Outcome::Answers, Some(peer)) = (attempt.outcome, peer(&attempt.order)) {
                    let name = peer.name.as_str();
                    self.links.insert(name.to_owned(), Link { to: owner(name) });
                }
                Report::Ended { id, outcome: attempt.outcome.told() }
            }
        })
    }

    fn act(&mut self, id: LinkId) {
        let Some(attempt) = self.attempts.get_mut(&id) else { return };
        attempt.acts = None;
        match &attempt.order {
            Order::Connect { peer, .. } => {
                let name = peer.name.as_str();
                if self.unreachable.contains(name) {
                    attempt.outcome = Outcome::Refused;
                } else {
                    self.links.entry(name.to_owned()).or_insert_with(|| Link { to: Some(peer.identity()) });
                }
            }
            Order::Disconnect { peer, .. } if self.is_stuck => {
                self.failed_disconnects += 1;
                let answers = self.failed_disconnects.is_multiple_of(2) && self.links.contains_key(peer.name.as_str());
                attempt.outcome = if answers { Outcome::Answers } else { Outcome::Refused };
            }
            Order::Disconnect { peer, .. } => {
                self.links.remove(peer.name.as_str());
            }
            _ => {}
        }
    }

    pub(crate) fn inbound(&mut self, name: &str) {
        self.links.entry(name.to_owned()).or_insert(Link { to: None });
    }

    /// Reports come in the order in which things happen: an attempt that has yet to be reported goes first.
    pub(crate) fn drop_link(&mut self, name: &str) -> bool {
        self.in_flight(name).is_none() && self.links.remove(name).is_some()
    }
}

impl Outcome {
    fn told(self) -> Result<(), LinkFailure> {
        match self {
            Self::Done => Ok(()),
            Self::Refused => Err(LinkFailure::new("refused")),
            Self::Answers => Err(somebody_answers()),
        }
    }
}

pub(crate) fn somebody_answers() -> LinkFailure {
    LinkFailure::still_answers("it answers")
}

pub(crate) fn peer(order: &Order) -> Option<&Arc<Member>> {
    match order {
        Order::Connect { peer, .. } | Order::Disconnect { peer, .. } => Some(peer),
        _ => None,
    }
}
