//! One name: who has it, what is known of its link, and what follows from the two.

use alloc::boxed::Box;
use alloc::sync::Arc;

use super::agenda::Place;
use super::config::{Keep, LinkOptions};
use super::event::DisconnectCause;
use super::order::LinkId;
use crate::backoff::Backoff;
use crate::membership::change::Departure;
use crate::membership::state::MemberState;
use crate::membership::view::Member;
use crate::time::Instant;

/// One name's link.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Link {
    /// Who has the name, or had it last.
    pub(super) member: Arc<Member>,
    pub(super) standing: Standing,
    pub(super) terminating_since: Option<Instant>,
    pub(super) state: State,
    /// The pauses between failed connects, and between failed disconnects.
    pub(super) dialling: Option<Box<Backoff>>,
    pub(super) parting: Option<Box<Backoff>>,
    /// The newest id when the state last changed: only listings with a greater one know of it.
    pub(super) mark: LinkId,
    pub(super) place: Option<Place>,
}

/// What the view says of the name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Standing {
    Kept,
    /// Present, but not kept, by [`Keep::Ready`].
    Unready {
        since: Instant,
    },
    Left {
        since: Instant,
        why: Departure,
    },
}

/// What is known of the link. The peer is the one that it leads to, whoever has the name by now.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum State {
    Down {
        not_before: Instant,
    },
    Connecting {
        id: LinkId,
        peer: Arc<Member>,
        until: Instant,
        /// Its link was made and went down by itself before the attempt has ended.
        dropped: bool,
    },
    Up {
        peer: Arc<Member>,
        since: Instant,
        not_before: Instant,
    },
    Disconnecting {
        id: LinkId,
        peer: Arc<Member>,
        why: DisconnectCause,
        until: Instant,
        /// Its link went down by itself before the attempt has ended.
        dropped: bool,
    },
    /// An attempt was abandoned: only a listing tells whether it took effect (M3).
    Unknown {
        peer: Arc<Member>,
        abandoned: Abandoned,
        not_before: Instant,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Abandoned {
    Connect,
    Disconnect(DisconnectCause),
}

/// What a link needs next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    Rest,
    /// It is down or beyond us, and nobody has its name.
    Forget,
    /// The attempt in flight has until then.
    Await(Instant),
    Connect(Instant),
    Disconnect(Instant, DisconnectCause),
}

impl State {
    pub(super) const DOWN: Self = Self::Down { not_before: Instant::ORIGIN };

    pub(super) const fn up(peer: Arc<Member>, since: Instant) -> Self {
        Self::Up { peer, since, not_before: Instant::ORIGIN }
    }
}

/// What all links share.
#[derive(Clone, Copy)]
pub(super) struct Rules<'a> {
    pub(super) options: &'a LinkOptions,
    pub(super) draining: bool,
    pub(super) draining_for_good: bool,
    pub(super) blind: bool,
}

impl Link {
    /// A link that any listing judges, even one in flight.
    pub(super) fn new(member: Arc<Member>, state: State) -> Self {
        let (standing, terminating_since, mark) = (Standing::Kept, None, LinkId::default());
        Self { member, standing, terminating_since, state, dialling: None, parting: None, mark, place: None }
    }

    /// Somebody has the name.
    pub(super) fn see(&mut self, member: &Arc<Member>, keep: Keep, now: Instant) {
        if !is_same(&self.member, member) {
            // Another one owes nothing to its predecessor's failures.
            (self.standing, self.terminating_since, self.dialling) = (Standing::Kept, None, None);
            if let State::Down { not_before } = &mut self.state {
                *not_before = Instant::ORIGIN;
            }
        }
        self.member = member.clone();
        self.refresh_peer();
        self.terminating_since =
            (member.state == MemberState::Terminating).then(|| self.terminating_since.unwrap_or(now));
        let is_kept = keep == Keep::Present || member.state == MemberState::Ready || member.admitted;
        self.standing = match self.standing {
            _ if is_kept => Standing::Kept,
            Standing::Unready { since } => Standing::Unready { since },
            Standing::Kept | Standing::Left { .. } => Standing::Unready { since: now },
        };
    }

    /// Its member left; whoever came since stays.
    pub(super) fn lose(&mut self, member: &Arc<Member>, why: Departure, now: Instant) {
        if !is_same(&self.member, member) {
            return;
        }
        self.member = member.clone();
        self.refresh_peer();
        let since = match self.standing {
            Standing::Kept => now,
            Standing::Unready { since } | Standing::Left { since, .. } => since,
        };
        self.standing = Standing::Left { since, why };
    }

    /// Whoever is disconnected is so as it was last.
    fn refresh_peer(&mut self) {
        if let State::Up { peer, .. } = &mut self.state
            && is_same(peer, &self.member)
        {
            *peer = self.member.clone();
        }
    }

    /// This peer as it was last.
    pub(super) fn latest_of(&self, peer: Arc<Member>) -> Arc<Member> {
        if is_same(&peer, &self.member) { self.member.clone() } else { peer }
    }

    pub(super) const fn is_down(&self) -> bool {
        matches!(self.state, State::Down { .. })
    }

    pub(super) const fn is_unknown(&self) -> bool {
        matches!(self.state, State::Unknown { .. })
    }

    /// Whether somebody other than this peer has the name.
    pub(super) fn is_of_another_than(&self, peer: &Member) -> bool {
        !self.has_left() && !is_same(peer, &self.member)
    }

    const fn has_left(&self) -> bool {
        matches!(self.standing, Standing::Left { .. })
    }

    /// From when on the member is not kept, and why.
    fn unkept(&self, options: &LinkOptions) -> Option<(Instant, DisconnectCause)> {
        let by_standing = match self.standing {
            Standing::Kept => None,
            Standing::Unready { since } => Some((since, DisconnectCause::NotReady)),
            Standing::Left { since, why } => Some((since, DisconnectCause::Left(why))),
        };
        let by_time = self.terminating_since.zip(options.terminating_after);
        let by_time = by_time.map(|(since, after)| (since.saturating_add(after), DisconnectCause::Terminating));
        by_standing.into_iter().chain(by_time).min_by_key(|(since, _)| *since)
    }

    /// When a peer that is up is to be disconnected, and why (M3: nobody who is kept).
    fn part_at(&self, peer: &Member, options: &LinkOptions) -> Option<(Instant, DisconnectCause)> {
        let delay = options.disconnect_after?;
        if !is_same(peer, &self.member) || matches!(self.standing, Standing::Left { why: Departure::Replaced, .. }) {
            return Some((Instant::ORIGIN, DisconnectCause::Replaced));
        }
        self.unkept(options).map(|(since, why)| (since.saturating_add(delay), why))
    }

    /// Whether a link is wanted at that time. Who is no longer kept is not: we would disconnect it again.
    pub(super) fn is_wanted(&self, rules: Rules<'_>, at: Instant) -> bool {
        !rules.draining && self.member.admitted && self.unkept(rules.options).is_none_or(|(since, _)| at < since)
    }

    /// What follows from who has the name and what is known of the link.
    pub(super) fn need(&self, rules: Rules<'_>, now: Instant) -> Need {
        // Whoever was told to drain acts no more, and whoever cannot see must not wait for what he would have to see (M6).
        let is_beyond_us =
            self.has_left() && (rules.draining_for_good || (rules.blind && rules.options.disconnect_after.is_none()));
        match &self.state {
            State::Connecting { until, .. } | State::Disconnecting { until, .. } => Need::Await(*until),
            State::Down { .. } if self.has_left() => Need::Forget,
            State::Up { .. } | State::Unknown { .. } if is_beyond_us => Need::Forget,
            State::Down { not_before } if self.is_wanted(rules, now.max(*not_before)) => Need::Connect(*not_before),
            State::Up { peer, not_before, .. } if !rules.draining => match self.part_at(peer, rules.options) {
                Some((at, why)) => Need::Disconnect(at.max(*not_before), why),
                None => Need::Rest,
            },
            State::Down { .. } | State::Up { .. } | State::Unknown { .. } => Need::Rest,
        }
    }
}

/// Who has another's name is somebody else (M3 rests on it).
pub(super) fn is_same(one: &Member, other: &Member) -> bool {
    one.identity() == other.identity()
}
