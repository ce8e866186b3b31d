//! What is learned of actual links besides how attempts went: listings, and links that drop.

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use super::attempts::next_pause;
use super::census::Phase;
use super::link::{Abandoned, State, is_same};
use super::{Effects, LinkEvent, LinkFailure, LinkId, Links, Order};
use crate::name::NodeName;
use crate::time::Instant;

impl Links {
    /// A link is down by nobody's order.
    pub(super) fn drop_by_itself(&mut self, name: &NodeName, out: &mut Effects) {
        let Some(link) = self.links.get_mut(name) else { return };
        let not_before = match &mut link.state {
            State::Up { peer, since, .. } => {
                out.events.push(LinkEvent::Dropped { peer: peer.clone() });
                let options = self.config.options();
                link.parting = None;
                // Who accepts and drops us at once is no better than who refuses: never a busy loop.
                if self.latest.saturating_since(*since) < options.first_pause && is_same(peer, &link.member) {
                    self.latest.saturating_add(next_pause(&mut link.dialling, options, self.last_id))
                } else {
                    link.dialling = None;
                    Instant::ORIGIN
                }
            }
            State::Unknown { peer, abandoned, not_before } => {
                if let Abandoned::Disconnect(why) = abandoned {
                    out.events.push(LinkEvent::Disconnected { peer: peer.clone(), why: *why });
                }
                link.parting = None;
                if *abandoned == Abandoned::Connect && is_same(peer, &link.member) {
                    *not_before
                } else {
                    Instant::ORIGIN
                }
            }
            // The outcome of the attempt in flight tells more, but not that its link is down again.
            State::Connecting { dropped, .. } | State::Disconnecting { dropped, .. } => {
                *dropped = true;
                return;
            }
            State::Down { .. } => {
                // A listing in flight may be older.
                link.mark = self.last_id;
                return;
            }
        };
        self.enter(name, State::Down { not_before });
    }

    /// When the connector is to be asked who is connected.
    pub(super) fn list_at(&self) -> Option<Instant> {
        match self.census.phase {
            _ if self.is_draining() => None,
            Phase::Due => Some(Instant::ORIGIN),
            Phase::Idle { earliest, regular } if !self.links.is_empty() => {
                Some(if self.unknown > 0 { earliest } else { regular })
            }
            _ => None,
        }
    }

    pub(super) fn list(&mut self, out: &mut Effects) {
        let id = self.next_id();
        self.dropped.clear();
        self.census.ask(id, self.attempt_until());
        out.orders.push(Order::ListConnected { id });
    }

    pub(super) fn list_failed(&mut self, failure: LinkFailure, out: &mut Effects) {
        let retry_in = self.census.failed(self.latest);
        out.events.push(LinkEvent::ListFailed { failure, retry_in });
        self.settle_all();
    }

    /// The connector cannot tell who is connected, and is not asked again. Bookkeeping alone counts: an attempt that was
    /// abandoned did nothing.
    pub(super) fn go_blind(&mut self) {
        self.census.phase = Phase::Blind;
        self.strangers.clear();
        let names: Vec<_> = self.links.keys().cloned().collect();
        for name in &names {
            let Some(link) = self.links.get(name) else { continue };
            if let State::Unknown { peer, abandoned, not_before } = link.state.clone() {
                let peer = link.latest_of(peer);
                let up = |peer| State::Up { peer, since: self.latest, not_before };
                let is_up = matches!(abandoned, Abandoned::Disconnect(_));
                self.enter(name, if is_up { up(peer) } else { State::Down { not_before } });
            }
            self.settle(name);
        }
    }

    /// Holds what is known of each link against a listing.
    pub(super) fn judge(&mut self, id: LinkId, names: &BTreeSet<String>, out: &mut Effects) {
        self.census.answered(self.latest, self.config.options().list_interval);
        let links: Vec<_> = self.links.keys().cloned().collect();
        for name in &links {
            self.judge_link(name, id, names.contains(name.as_str()), out);
            self.settle(name);
        }
        let own = self.config.options().self_name.as_ref().map(NodeName::as_str);
        let is_stranger = |name: &&String| links.binary_search_by(|link| link.as_str().cmp(name)).is_err();
        let is_up = |name: &&String| own != Some(name.as_str()) && !self.dropped.contains(*name);
        self.strangers = names.iter().filter(is_stranger).filter(is_up).cloned().collect();
        self.dropped.clear();
    }

    fn judge_link(&mut self, name: &NodeName, id: LinkId, is_listed: bool, out: &mut Effects) {
        let Some(link) = self.links.get_mut(name).filter(|link| link.mark < id) else { return };
        match (&link.state, is_listed) {
            (State::Down { .. }, true) => {
                let peer = link.member.clone();
                (link.dialling, link.parting) = (None, None);
                out.events.push(LinkEvent::Found { peer: peer.clone() });
                self.enter(name, State::up(peer, self.latest));
            }
            (State::Unknown { peer, abandoned, not_before }, true) => {
                let (peer, not_before) = (link.latest_of(peer.clone()), *not_before);
                let state = if *abandoned == Abandoned::Connect {
                    out.events.push(LinkEvent::Found { peer: peer.clone() });
                    State::up(peer, self.latest)
                } else {
                    State::Up { peer, since: self.latest, not_before }
                };
                self.enter(name, state);
            }
            (State::Up { .. } | State::Unknown { .. }, false) => self.drop_by_itself(name, out),
            (State::Down { .. } | State::Up { .. }, _) => {}
            // The outcome of the attempt in flight tells more.
            (State::Connecting { .. } | State::Disconnecting { .. }, _) => {}
        }
    }
}
