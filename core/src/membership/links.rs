//! Links: who is to be connected against who is, kept apart, by name.
//!
//! ```text
//!                connect                    ended well
//!   Down ─────────────────▶ Connecting ─────────────────────▶ Up
//!    ▲ ▲                     │   │                            │ ▲
//!    │ └────── failed ───────┘   └─ abandoned ─▶ Unknown      │ │ failed, or abandoned: Unknown
//!    │                                          │    │        ▼ │
//!    ├────────────── not listed ────────────────┘    └─▶ Up   Disconnecting
//!    └────────────── ended well, dropped, not listed ◀────────┘
//! ```
//!
//! - Nothing is dialled before the connector was asked who is connected. Who is listed and has a name in the view is managed;
//!   nobody else is touched (M3).
//! - A listing judges only links that have stood still since it was ordered.
//! - An attempt that was abandoned may have taken effect: a listing settles it before the next one on that name (M3). Where
//!   listings fail again and again it did nothing, as where the connector cannot tell: nobody waits for what never comes (M2).
//! - Connects and disconnects share one limit, since each takes a slot of the host; disconnects go first.
//! - Whoever drains neither dials nor disconnects: a node that cuts its links when told to end breaks the hand-over of its
//!   work ([libcluster #86](https://github.com/bitwalker/libcluster/issues/86)). Attempts in flight end by themselves.
//!   Who is told to drain does so for good; who has our name and terminates may be our predecessor, and goes.

mod actual;
mod agenda;
mod attempts;
mod census;
mod config;
mod event;
mod link;
mod order;
mod report;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use agenda::{Agenda, Place, Turn};
use census::{Census, Phase};
pub use config::{Keep, LinkConfig, LinkConfigError, LinkFault, LinkOptions};
pub use event::{DisconnectCause, LinkEvent};
use link::{Link, Need, Rules, State};
pub use order::{LinkId, Order};
pub use report::{LinkFailure, Report};

use super::change::Change;
use super::state::MemberState;
use super::view::{Identity, Member};
use crate::machine::{Cause, Deadline};
use crate::name::NodeName;
use crate::time::Instant;

/// What one step brings: orders for the host and news for the application, each in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Effects {
    pub(crate) orders: Vec<Order>,
    pub(crate) events: Vec<LinkEvent>,
}

/// The links of all members, and of those that left and are still to be disconnected.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Links {
    config: LinkConfig,
    links: BTreeMap<NodeName, Link>,
    agenda: Agenda,
    /// The attempts in flight, but for the listing.
    attempts: BTreeMap<LinkId, NodeName>,
    census: Census,
    /// How many links only a listing can settle.
    unknown: usize,
    /// Whom the last listing named and the view did not: not managed, but connected should they join (M3).
    strangers: BTreeSet<String>,
    /// Who had no link here and dropped since the last listing was ordered: it may still name them.
    dropped: BTreeSet<String>,
    /// By report, and for good.
    told_to_drain: bool,
    /// Who has our name, while it terminates: we drain, until it has gone or another one has come.
    self_terminating: Option<Identity>,
    last_id: LinkId,
    latest: Instant,
}

impl Links {
    pub(crate) fn new(config: LinkConfig) -> Self {
        Self {
            census: Census::new(config.options()),
            config,
            links: BTreeMap::new(),
            agenda: Agenda::default(),
            attempts: BTreeMap::new(),
            unknown: 0,
            strangers: BTreeSet::new(),
            dropped: BTreeSet::new(),
            told_to_drain: false,
            self_terminating: None,
            last_id: LinkId::default(),
            latest: Instant::ORIGIN,
        }
    }

    /// Begins, with the question who is connected.
    pub(crate) fn start(&mut self, now: Instant, out: &mut Effects) {
        self.latest = self.latest.max(now);
        if self.census.phase == Phase::Unstarted {
            self.census.phase = Phase::Due;
        }
        self.proceed(out);
    }

    /// Follows one difference of the view.
    pub(crate) fn follow(&mut self, now: Instant, change: &Change, out: &mut Effects) {
        self.latest = self.latest.max(now);
        let (Change::Joined(member) | Change::Changed { after: member, .. } | Change::Left { member, .. }) = change;
        if self.config.options().self_name.as_ref() == Some(&member.name) {
            self.follow_self(change, member);
        } else if let Change::Left { why, .. } = change {
            if let Some(link) = self.links.get_mut(&member.name) {
                link.lose(member, *why, self.latest);
            }
            self.settle(&member.name);
        } else {
            self.see(member, out);
        }
        self.proceed(out);
    }

    /// Takes what the host has to say. Reports on ids that are not in flight change nothing.
    pub(crate) fn report(&mut self, now: Instant, report: &Report, out: &mut Effects) {
        self.latest = self.latest.max(now);
        match report {
            Report::Ended { id, outcome } => {
                if let Some(name) = self.attempts.remove(id) {
                    self.conclude(&name, outcome.clone(), out);
                }
            }
            Report::Listed { id, names } if self.census.asking() == Some(*id) => match names {
                Ok(Some(names)) => self.judge(*id, names, out),
                Ok(None) => self.go_blind(),
                Err(failure) => self.list_failed(failure.clone(), out),
            },
            Report::Listed { .. } => {}
            Report::Dropped { name } => {
                self.strangers.remove(name);
                if let Some((name, _)) = self.links.get_key_value(name.as_str()) {
                    let name = name.clone();
                    self.drop_by_itself(&name, out);
                    self.settle(&name);
                } else if self.census.asking().is_some() {
                    self.dropped.insert(name.clone());
                }
            }
            Report::Drain => self.change_drain(|links| links.told_to_drain = true),
        }
        self.proceed(out);
    }

    /// The time asked for has come.
    pub(crate) fn timeout(&mut self, now: Instant, out: &mut Effects) {
        self.latest = self.latest.max(now);
        self.proceed(out);
    }

    /// When time alone changes something.
    pub(crate) fn deadline(&self) -> Option<Deadline> {
        let link = self.agenda.next_timer().map(|(at, name)| {
            let cause = match self.links.get(name).map(|link| &link.state) {
                Some(State::Down { .. }) => Cause::Reconnect,
                Some(State::Up { .. }) => Cause::Disconnect,
                _ => Cause::LinkTimeout,
            };
            Deadline { at: *at, cause }
        });
        let listing = match self.census.phase {
            Phase::Asking { until, .. } => Some(Deadline { at: until, cause: Cause::LinkTimeout }),
            _ => self.list_at().map(|at| Deadline { at, cause: Cause::ListConnected }),
        };
        link.into_iter().chain(listing).min_by_key(|deadline| deadline.at)
    }

    /// Where the links stand, in a line for people.
    pub(crate) fn explain(&self, now: Instant) -> String {
        let wanted = self.links.values().filter(|link| link.is_wanted(self.rules(), now));
        let (wanted, connected) = wanted.fold((0_usize, 0_usize), |(wanted, connected), link| {
            (wanted.saturating_add(1), connected.saturating_add(usize::from(matches!(link.state, State::Up { .. }))))
        });
        let (flying, queued, unknown) = (self.attempts.len(), self.agenda.queued(), self.unknown);
        let mut text = alloc::format!(
            "{connected} of {wanted} wanted peers connected, {flying} attempts in flight, {queued} queued, {unknown} unknown"
        );
        if self.is_draining() {
            text.push_str("; draining");
        } else if !self.census.is_open() {
            text.push_str("; finding out who is connected");
        }
        if let Some(Deadline { at, cause }) = self.deadline() {
            text.push_str(&alloc::format!("; {cause} in {:.1} s", at.saturating_since(now).as_secs_f64()));
        }
        text
    }

    fn rules(&self) -> Rules<'_> {
        let (options, draining, blind) = (self.config.options(), self.is_draining(), self.census.is_blind());
        Rules { options, draining, draining_for_good: self.told_to_drain, blind }
    }

    const fn is_draining(&self) -> bool {
        self.told_to_drain || self.self_terminating.is_some()
    }

    const fn next_id(&mut self) -> LinkId {
        self.last_id = self.last_id.next();
        self.last_id
    }

    fn attempt_until(&self) -> Instant {
        self.latest.saturating_add(self.config.options().attempt_timeout)
    }

    /// Somebody has a name.
    fn see(&mut self, member: &Arc<Member>, out: &mut Effects) {
        let (keep, now) = (self.config.options().keep, self.latest);
        let link = self.links.entry(member.name.clone()).or_insert_with(|| {
            let state = if self.strangers.remove(member.name.as_str()) {
                // M3: it was connected before it was a member.
                out.events.push(LinkEvent::Found { peer: member.clone() });
                State::up(member.clone(), now)
            } else {
                State::DOWN
            };
            Link::new(member.clone(), state)
        });
        link.see(member, keep, now);
        self.settle(&member.name);
    }

    /// Puts a link where it belongs, after anything about it has changed.
    fn settle(&mut self, name: &NodeName) {
        let Some(need) = self.links.get(name).map(|link| link.need(self.rules(), self.latest)) else { return };
        let Some(link) = self.links.get_mut(name) else { return };
        let belongs = match need {
            Need::Rest | Need::Forget => None,
            Need::Await(until) => Some(Place::Timer(until)),
            Need::Connect(at) | Need::Disconnect(at, _) if at > self.latest => Some(Place::Timer(at)),
            Need::Connect(_) => Some(Place::Queue(Turn::Connect, self.latest)),
            Need::Disconnect(..) => Some(Place::Queue(Turn::Disconnect, self.latest)),
        };
        if let (State::Up { not_before, .. }, Need::Rest) = (&mut link.state, need) {
            (*not_before, link.parting) = (Instant::ORIGIN, None);
        }
        self.agenda.put(name, &mut link.place, belongs);
        // A listing in flight that is older than what is known must not count, so the link outlives it.
        let is_outdated = |listing| link.is_down() && listing <= link.mark;
        if need == Need::Forget && !self.census.asking().is_some_and(is_outdated) {
            self.unknown = self.unknown.saturating_sub(usize::from(link.is_unknown()));
            self.links.remove(name);
        }
    }

    fn settle_all(&mut self) {
        let names: Vec<_> = self.links.keys().cloned().collect();
        names.iter().for_each(|name| self.settle(name));
    }

    /// Enters a state: links change theirs nowhere else.
    fn enter(&mut self, name: &NodeName, state: State) {
        let Some(link) = self.links.get_mut(name) else { return };
        let was_unknown = usize::from(link.is_unknown());
        (link.state, link.mark) = (state, self.last_id);
        self.unknown = self.unknown.saturating_sub(was_unknown).saturating_add(usize::from(link.is_unknown()));
    }

    /// Does everything whose time has come.
    fn proceed(&mut self, out: &mut Effects) {
        while let Some((at, name)) = self.agenda.next_timer()
            && *at <= self.latest
        {
            let name = name.clone();
            self.abandon(&name, out);
            self.settle(&name);
        }
        match self.census.phase {
            Phase::Asking { id, until, .. } if until <= self.latest => {
                out.orders.push(Order::Abandon(id));
                self.list_failed(LinkFailure::timed_out(self.config.options().attempt_timeout), out);
            }
            _ if self.list_at().is_some_and(|at| at <= self.latest) => self.list(out),
            _ => {}
        }
        while self.census.is_open()
            && self.attempts.len() < self.config.options().parallel
            && let Some(name) = self.agenda.next_turn().cloned()
        {
            self.begin(&name, out);
            self.settle(&name);
        }
    }

    /// Follows whoever has our own name. A pod that starts as another one's successor sees that one terminate first.
    fn follow_self(&mut self, change: &Change, member: &Member) {
        self.change_drain(|links| {
            if !matches!(change, Change::Left { .. }) {
                links.self_terminating = (member.state == MemberState::Terminating).then(|| member.identity());
            } else if links.self_terminating == Some(member.identity()) {
                links.self_terminating = None;
            }
        });
    }

    /// Whoever drains neither dials nor disconnects.
    fn change_drain(&mut self, change: impl FnOnce(&mut Self)) {
        let before = (self.is_draining(), self.told_to_drain);
        change(self);
        if before != (self.is_draining(), self.told_to_drain) {
            self.settle_all();
        }
    }
}

#[cfg(test)]
mod tests;
