//! What is tried on links, and how it went.

use alloc::boxed::Box;
use core::time::Duration;

use super::link::{Abandoned, Link, Need, State, is_same};
use super::{Effects, LinkEvent, LinkFailure, LinkId, LinkOptions, Links, Order};
use crate::backoff::{Backoff, Jitter};
use crate::name::NodeName;

impl Links {
    /// Begins the attempt that a link in the queue needs, if it still needs one.
    pub(super) fn begin(&mut self, name: &NodeName, out: &mut Effects) {
        let Some(link) = self.links.get(name) else { return };
        let (need, until, id) = (link.need(self.rules(), self.latest), self.attempt_until(), self.last_id.next());
        let (state, order) = match (need, &link.state) {
            (Need::Connect(_), _) => {
                let peer = link.member.clone();
                (State::Connecting { id, peer: peer.clone(), until, dropped: false }, Order::Connect { id, peer })
            }
            (Need::Disconnect(_, why), State::Up { peer, .. }) => (
                State::Disconnecting { id, peer: peer.clone(), why, until, dropped: false },
                Order::Disconnect { id, peer: peer.clone() },
            ),
            _ => return,
        };
        self.last_id = id;
        self.attempts.insert(id, name.clone());
        self.enter(name, state);
        out.orders.push(order);
    }

    /// Gives up the attempt on a link, if one is in flight and has had its time.
    pub(super) fn abandon(&mut self, name: &NodeName, out: &mut Effects) {
        let Some(State::Connecting { id, until, .. } | State::Disconnecting { id, until, .. }) =
            self.links.get(name).map(|link| &link.state)
        else {
            return;
        };
        if *until > self.latest {
            return;
        }
        let id = *id;
        self.attempts.remove(&id);
        out.orders.push(Order::Abandon(id));
        let failure = LinkFailure::timed_out(self.config.options().attempt_timeout);
        self.fail(name, failure, !self.census.is_blind(), out);
    }

    /// An attempt has ended.
    pub(super) fn conclude(&mut self, name: &NodeName, outcome: Result<(), LinkFailure>, out: &mut Effects) {
        let Some(link) = self.links.get_mut(name) else { return };
        match (outcome, &link.state) {
            (Err(failure), _) => return self.fail(name, failure, false, out),
            (Ok(()), State::Connecting { peer, dropped, .. }) => {
                let (peer, dropped) = (link.latest_of(peer.clone()), *dropped);
                out.events.push(LinkEvent::Connected { peer: peer.clone() });
                self.enter(name, State::up(peer, self.latest));
                if dropped {
                    // Where nobody lists, nothing else would ever tell (M2).
                    self.drop_by_itself(name, out);
                }
            }
            (Ok(()), State::Disconnecting { peer, why, .. }) => {
                out.events.push(LinkEvent::Disconnected { peer: link.latest_of(peer.clone()), why: *why });
                (link.dialling, link.parting) = (None, None);
                self.enter(name, State::DOWN);
            }
            (Ok(()), State::Down { .. } | State::Up { .. } | State::Unknown { .. }) => {}
        }
        self.settle(name);
    }

    /// An attempt has failed, or was abandoned, so that it may have taken effect.
    fn fail(&mut self, name: &NodeName, failure: LinkFailure, in_doubt: bool, out: &mut Effects) {
        let Some(link) = self.links.get_mut(name) else { return };
        let (now, id) = (self.latest, self.last_id);
        match &link.state {
            State::Connecting { peer, .. } => {
                let peer = link.latest_of(peer.clone());
                // Another one by that name owes nothing to this failure.
                let is_same = is_same(&peer, &link.member);
                let pause =
                    if is_same { next_pause(&mut link.dialling, self.config.options(), id) } else { Duration::ZERO };
                let not_before = now.saturating_add(pause);
                let abandoned = Abandoned::Connect;
                let unknown = State::Unknown { peer: peer.clone(), abandoned, not_before };
                self.enter(name, if in_doubt { unknown } else { State::Down { not_before } });
                let is_wanted = |link: &Link| link.is_wanted(self.rules(), not_before);
                let retry_in = (is_same && self.links.get(name).is_some_and(is_wanted)).then_some(pause);
                out.events.push(LinkEvent::ConnectFailed { peer, failure, retry_in });
            }
            State::Disconnecting { peer, .. } if failure.answers() && link.is_of_another_than(peer) => {
                // M3: who answers to a name that has passed on is the one who has it now.
                let (peer, successor) = (peer.clone(), link.member.clone());
                link.parting = None;
                out.events.push(LinkEvent::DisconnectFailed { peer, failure, retry_in: None });
                out.events.push(LinkEvent::Found { peer: successor.clone() });
                self.enter(name, State::up(successor, now));
            }
            State::Disconnecting { peer, why, dropped: true, .. } if !failure.answers() => {
                let (peer, abandoned) = (link.latest_of(peer.clone()), Abandoned::Disconnect(*why));
                out.events.push(LinkEvent::DisconnectFailed { peer: peer.clone(), failure, retry_in: None });
                self.enter(name, State::Unknown { peer, abandoned, not_before: now });
                // It has failed to end what had ended.
                self.drop_by_itself(name, out);
            }
            State::Disconnecting { peer, why, .. } => {
                let peer = link.latest_of(peer.clone());
                let pause = next_pause(&mut link.parting, self.config.options(), id);
                let not_before = now.saturating_add(pause);
                let abandoned = Abandoned::Disconnect(*why);
                let unknown = State::Unknown { peer: peer.clone(), abandoned, not_before };
                let up = State::Up { peer: peer.clone(), since: now, not_before };
                self.enter(name, up.clone());
                let needs = |link: &Link| matches!(link.need(self.rules(), now), Need::Disconnect(..));
                let retry_in = self.links.get(name).is_some_and(needs).then_some(pause);
                self.enter(name, if in_doubt { unknown } else { up });
                out.events.push(LinkEvent::DisconnectFailed { peer, failure, retry_in });
            }
            State::Down { .. } | State::Up { .. } | State::Unknown { .. } => {}
        }
        self.settle(name);
    }
}

/// The pause after one more failure. Each series has chance of its own, so that peers which failed together part ways.
pub(super) fn next_pause(series: &mut Option<Box<Backoff>>, options: &LinkOptions, id: LinkId) -> Duration {
    let jitter = Jitter::from_seed(options.seed.wrapping_add(id.number()));
    series.get_or_insert_with(|| Box::new(Backoff::new(options.first_pause, options.longest_pause, jitter))).next()
}
