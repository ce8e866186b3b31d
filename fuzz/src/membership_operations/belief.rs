//! Who is connected, as far as orders and reports tell, and what may be ordered then (M3).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use quorate_core::membership::{
    Change, Departure, Identity, Keep, LinkConfig, LinkId, LinkOptions, Member, MemberState, Order, Report,
};
use quorate_core::time::Instant;

use super::connector::somebody_answers;
use super::view::PlainMember;

/// What is known of one name's link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Known {
    #[default]
    Down,
    Up,
    /// An attempt was abandoned: only a listing tells.
    Doubtful {
        was_up: bool,
    },
}

#[derive(Debug)]
struct Attempt {
    name: String,
    identity: Identity,
    connects: bool,
    ordered_at: Instant,
    /// Its link went down before it ended.
    has_dropped: bool,
}

/// How often in a row a name could not be connected, and when it was last.
#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last_at: Instant,
}

/// One name in the view, and since when whoever has it is not kept.
#[derive(Debug)]
struct Place {
    member: Option<PlainMember>,
    last: PlainMember,
    unkept_since: Option<Instant>,
    terminating_since: Option<Instant>,
    was_replaced: bool,
}

#[derive(Debug)]
pub(super) struct Belief {
    options: LinkOptions,
    known: BTreeMap<String, (Known, Option<LinkId>)>,
    attempts: BTreeMap<LinkId, Attempt>,
    listing: Option<(LinkId, Instant)>,
    /// When the last listing ended, and whether it told anything.
    listed: Option<(Instant, bool)>,
    failures: BTreeMap<String, Failures>,
    /// The newest attempt: a listing that is older than a change knows nothing of it.
    newest: Option<LinkId>,
    /// Somebody was asked who is connected, and has answered, or failed.
    has_asked: bool,
    is_blind: bool,
    was_told_to_drain: bool,
    itself_terminating: Option<PlainMember>,
    places: BTreeMap<String, Place>,
    /// Whose link it is, though it was made to a predecessor of the same name: they have answered.
    successors: BTreeMap<String, Identity>,
}

impl Belief {
    pub(super) fn new(config: &LinkConfig) -> Self {
        Self {
            options: config.options().clone(),
            known: BTreeMap::new(),
            attempts: BTreeMap::new(),
            listing: None,
            listed: None,
            failures: BTreeMap::new(),
            newest: None,
            has_asked: false,
            is_blind: false,
            was_told_to_drain: false,
            itself_terminating: None,
            places: BTreeMap::new(),
            successors: BTreeMap::new(),
        }
    }

    fn is_itself(&self, name: &str) -> bool {
        self.options.self_name.as_ref().is_some_and(|itself| itself.as_str() == name)
    }

    const fn drains(&self) -> bool {
        self.was_told_to_drain || self.itself_terminating.is_some()
    }

    fn know(&mut self, name: &str, known: Known) {
        if known != Known::Up {
            self.successors.remove(name);
        }
        self.known.insert(name.into(), (known, self.newest));
    }

    fn known(&self, name: &str) -> Known {
        self.known.get(name).map(|(known, _)| *known).unwrap_or_default()
    }

    pub(super) fn members(&self) -> impl Iterator<Item = &PlainMember> {
        self.places.values().filter_map(|place| place.member.as_ref())
    }

    /// Whether what is believed can be trusted to be so in the end, and acted upon.
    pub(super) const fn can_act(&self) -> bool {
        !self.is_blind && !self.drains()
    }

    /// Who is believed to be connected, and was once in the view.
    pub(super) fn managed(&self) -> impl Iterator<Item = &str> {
        let is_up = |name: &&String| self.known(name) == Known::Up && !self.is_itself(name);
        self.places.keys().filter(is_up).map(String::as_str)
    }

    pub(super) const fn options(&self) -> &LinkOptions {
        &self.options
    }

    // What the view says.

    pub(super) fn follow(&mut self, at: Instant, change: &Change) {
        match change {
            Change::Joined(member) => {
                let place = self.places.get(member.name.as_str());
                assert!(place.is_none_or(|place| place.member.is_none()), "joined twice: {change}");
                self.see(at, member);
            }
            Change::Changed { before, after } => {
                let place = self.places.get(before.name.as_str()).and_then(|place| place.member.as_ref());
                assert!(place.is_some_and(|plain| plain.identity == before.identity()), "who is that: {change}");
                self.see(at, after);
            }
            Change::Left { member, why } => self.lose(at, member, *why),
        }
        self.follow_itself(change);
    }

    fn see(&mut self, at: Instant, member: &Member) {
        let plain = PlainMember::of(member);
        let is_kept = self.options.keep == Keep::Present || member.state == MemberState::Ready || member.admitted;
        let place = self.places.remove(&plain.name).filter(|place| place.last.identity == plain.identity);
        if place.as_ref().is_none_or(|place| place.member.is_none()) {
            // Another one owes nothing to its predecessor's failures.
            self.failures.remove(&plain.name);
        }
        let unkept_since = place.as_ref().filter(|place| place.member.is_some()).and_then(|place| place.unkept_since);
        let terminating_since = place.as_ref().and_then(|place| place.terminating_since);
        let new = Place {
            unkept_since: (!is_kept).then(|| unkept_since.unwrap_or(at)),
            terminating_since: (member.state == MemberState::Terminating).then(|| terminating_since.unwrap_or(at)),
            was_replaced: false,
            last: plain.clone(),
            member: Some(plain.clone()),
        };
        self.places.insert(plain.name, new);
    }

    fn lose(&mut self, at: Instant, member: &Member, why: Departure) {
        let name = member.name.as_str();
        let place = self.places.get_mut(name).filter(|place| place.member.is_some());
        let Some(place) = place.filter(|place| place.last.identity == member.identity()) else {
            panic!("{name} left, and was not there")
        };
        place.member = None;
        place.unkept_since = place.unkept_since.or(Some(at));
        place.was_replaced = why == Departure::Replaced;
        // Nobody waits for what never comes: such a link is forgotten.
        if self.is_blind && self.options.disconnect_after.is_none() {
            self.know(name, Known::Down);
        }
    }

    /// While who has our name terminates, we drain.
    fn follow_itself(&mut self, change: &Change) {
        let (Change::Joined(member) | Change::Changed { after: member, .. } | Change::Left { member, .. }) = change;
        if !self.is_itself(member.name.as_str()) {
            return;
        }
        let plain = PlainMember::of(member);
        if !matches!(change, Change::Left { .. }) {
            self.itself_terminating = (member.state == MemberState::Terminating).then_some(plain);
        } else {
            self.itself_terminating.take_if(|itself| itself.identity == plain.identity);
        }
    }

    // What the connector says.

    pub(super) fn report(&mut self, at: Instant, report: &Report) {
        match report {
            Report::Ended { id, outcome } => {
                let Some(attempt) = self.attempts.remove(id) else { return };
                if !attempt.connects && *outcome == Err(somebody_answers()) {
                    return self.spare(&attempt);
                }
                let is_up = attempt.connects == outcome.is_ok() && !attempt.has_dropped;
                let before = self.failures.remove(&attempt.name).map_or(0, |failures| failures.count);
                let has_name =
                    self.places.get(&attempt.name).is_some_and(|place| place.last.identity == attempt.identity);
                if attempt.connects && outcome.is_err() && has_name {
                    self.failures.insert(attempt.name.clone(), Failures { count: before + 1, last_at: at });
                }
                self.know(&attempt.name, if is_up { Known::Up } else { Known::Down });
            }
            Report::Listed { id, names } if self.listing.is_some_and(|(asked, _)| asked == *id) => {
                self.listing = None;
                self.has_asked = true;
                self.listed = Some((at, names.is_ok()));
                match names {
                    Ok(Some(names)) => self.judge(*id, names),
                    Ok(None) => self.go_blind(),
                    Err(_) => {}
                }
            }
            Report::Dropped { name } => {
                let attempt = self.attempts.values_mut().find(|attempt| attempt.name == *name);
                match attempt {
                    Some(attempt) => attempt.has_dropped = true,
                    None => self.know(name, Known::Down),
                }
            }
            Report::Drain => self.was_told_to_drain = true,
            _ => {}
        }
    }

    /// Whoever answers is connected, also if a link has gone down meanwhile.
    fn spare(&mut self, attempt: &Attempt) {
        self.failures.remove(&attempt.name);
        self.know(&attempt.name, Known::Up);
        let owner = self.places.get(&attempt.name).and_then(|place| place.member.as_ref());
        if let Some(owner) = owner.filter(|owner| owner.identity != attempt.identity) {
            self.successors.insert(attempt.name.clone(), owner.identity.clone());
        }
    }

    /// A listing tells of all that has stood still since it was ordered.
    fn judge(&mut self, id: LinkId, names: &BTreeSet<String>) {
        let mut all: BTreeSet<_> = self.known.keys().cloned().collect();
        all.extend(names.iter().cloned());
        for name in all {
            let is_flying = self.attempts.values().any(|attempt| attempt.name == name);
            let stood_still = self.known.get(&name).is_none_or(|(_, mark)| *mark < Some(id));
            if !is_flying && stood_still {
                let is_up = names.contains(&name) && !self.is_itself(&name);
                if is_up {
                    self.failures.remove(&name);
                }
                self.know(&name, if is_up { Known::Up } else { Known::Down });
            }
        }
    }

    /// Bookkeeping alone counts: what was abandoned did nothing, and strangers are not known.
    fn go_blind(&mut self) {
        self.is_blind = true;
        for (name, (known, _)) in &mut self.known {
            *known = match *known {
                Known::Doubtful { was_up: true } => Known::Up,
                Known::Doubtful { was_up: false } => Known::Down,
                Known::Up if !self.places.contains_key(name) => Known::Down,
                known => known,
            };
        }
    }

    // What is ordered.

    pub(super) fn order(&mut self, at: Instant, order: &Order) {
        match order {
            Order::Connect { id, peer } => {
                self.check_connect(at, order, peer);
                self.begin(at, *id, peer, true);
            }
            Order::Disconnect { id, peer } => {
                self.check_disconnect(at, order, peer);
                self.begin(at, *id, peer, false);
            }
            Order::ListConnected { id } => {
                assert!(self.listing.is_none() && !self.is_blind && !self.drains(), "{order}");
                self.listing = Some((*id, at));
                self.newest = Some(*id);
            }
            Order::Abandon(id) => self.abandon(at, *id),
            other => panic!("{other}"),
        }
    }

    fn begin(&mut self, at: Instant, id: LinkId, peer: &Member, connects: bool) {
        assert!(self.newest < Some(id), "{id} is not new");
        assert!(self.has_asked, "{} is dialled before anybody was asked who is connected", peer.name);
        assert!(!self.drains(), "who drains neither dials nor hangs up: {}", peer.name);
        assert!(
            !self.attempts.values().any(|attempt| attempt.name == peer.name.as_str()),
            "two attempts on {}",
            peer.name
        );
        assert!(self.attempts.len() < self.options.parallel, "too many at once");
        self.newest = Some(id);
        let name = peer.name.as_str().to_owned();
        let identity = peer.identity();
        self.attempts.insert(id, Attempt { name, identity, connects, ordered_at: at, has_dropped: false });
    }

    fn check_connect(&self, at: Instant, order: &Order, peer: &Member) {
        let name = peer.name.as_str();
        assert!(!self.is_itself(name), "to ourselves: {order}");
        assert_eq!(self.known(name), Known::Down, "{order}");
        let plain = self.places.get(name).and_then(|place| place.member.as_ref());
        let is_they = plain.is_some_and(|plain| plain.identity == peer.identity() && plain.admitted);
        assert!(is_they, "to nobody who is admitted: {order}");
        let not_before = self.failures.get(name).map(|failures| self.retried_from(*failures));
        assert!(not_before.is_none_or(|then| at >= then), "too soon after it has failed: {order}");
    }

    /// Pauses double, up to the longest, and chance takes half of them at most.
    fn retried_from(&self, failures: Failures) -> Instant {
        let factor = 1_u32.checked_shl(failures.count - 1).unwrap_or(u32::MAX);
        let pause = self.options.first_pause.saturating_mul(factor).min(self.options.longest_pause);
        failures.last_at.saturating_add(pause / 2)
    }

    fn check_disconnect(&self, at: Instant, order: &Order, peer: &Member) {
        let name = peer.name.as_str();
        assert!(!self.is_itself(name), "ourselves: {order}");
        assert_eq!(self.known(name), Known::Up, "{order}");
        let Some(delay) = self.options.disconnect_after else { panic!("nobody is ever disconnected: {order}") };
        let Some(place) = self.places.get(name) else { panic!("who is not managed: {order}") };
        let successor = self.successors.get(name);
        assert!(successor.is_none_or(|owner| *owner == peer.identity()), "the link is its successor's: {order}");
        if place.was_replaced || place.last.identity != peer.identity() {
            return;
        }
        let by_time = place.terminating_since.zip(self.options.terminating_after);
        let by_time = by_time.map(|(since, after)| since.saturating_add(after));
        let unkept_since = place.unkept_since.into_iter().chain(by_time).min();
        let since = unkept_since.unwrap_or_else(|| panic!("who is kept: {order}"));
        assert!(since.saturating_add(delay) <= at, "too early: {order}");
    }

    fn abandon(&mut self, at: Instant, id: LinkId) {
        let timeout = self.options.attempt_timeout;
        if self.listing.is_some_and(|(asked, asked_at)| asked == id && asked_at.saturating_add(timeout) <= at) {
            (self.listing, self.has_asked, self.listed) = (None, true, Some((at, false)));
            return;
        }
        let Some(attempt) = self.attempts.remove(&id) else { panic!("{id} is abandoned, and was not in flight") };
        assert!(attempt.ordered_at.saturating_add(timeout) <= at, "{id} is abandoned before its time");
        self.failures.remove(&attempt.name);
        let known = match (self.is_blind, attempt.connects, attempt.has_dropped) {
            // It has failed to end what had ended.
            (_, false, true) => Known::Down,
            (true, connects, _) => {
                if connects {
                    Known::Down
                } else {
                    Known::Up
                }
            }
            (false, connects, _) => Known::Doubtful { was_up: !connects },
        };
        self.know(&attempt.name, known);
    }

    /// After each call: nothing in flight has outlived its time.
    pub(super) fn check_times(&self, at: Instant) {
        let timeout = self.options.attempt_timeout;
        let attempts = self.attempts.values().map(|attempt| attempt.ordered_at);
        let ordered = attempts.chain(self.listing.map(|(_, asked_at)| asked_at));
        assert!(ordered.into_iter().all(|then| at < then.saturating_add(timeout)), "an attempt has outlived its time");
    }

    /// Between any two inputs: who is connected is asked at first, now and then, and at once where it is doubtful.
    pub(super) fn check_listings(&self, at: Instant) {
        if self.is_blind || self.drains() || self.listing.is_some() {
            return;
        }
        let Some((listed_at, has_told)) = self.listed else { panic!("nobody is asked who is connected") };
        let has_links = self.members().any(|member| !self.is_itself(&member.name));
        let is_doubtful = self.known.values().any(|(known, _)| matches!(known, Known::Doubtful { .. }));
        let pause = match (has_told, is_doubtful) {
            (false, _) => self.options.longest_pause,
            (true, true) => Duration::ZERO,
            (true, false) => self.options.list_interval,
        };
        let is_late = (has_links || is_doubtful) && at >= listed_at.saturating_add(pause);
        assert!(!is_late, "nobody is asked who is connected, since {listed_at}");
    }
}
