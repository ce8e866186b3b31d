//! A connector with its true links, and a model of what the machine may know of them.

use alloc::collections::BTreeMap;

use super::*;

/// What a property feeds.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Start,
    /// A member is seen so, by that name: `b` is another pod than `a`.
    See(u8, &'static str, MemberState, bool),
    Leave(u8, Departure),
    /// One of the orders in flight ends.
    End(usize, How),
    /// A report that nobody waits for.
    Stale(u64, bool),
    /// A link goes down; the connector notices or not.
    Drop(u8, bool),
    /// A peer connects to us, and nobody tells.
    Inbound(u8),
    Pass(u64),
    Drain,
}

/// How an attempt ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum How {
    Well,
    Refused,
    /// Whoever has the name answers, and is not disconnected.
    Answers,
}

/// What the machine was told of a link.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Told {
    Up,
    Down,
    /// An attempt was abandoned.
    NothingOfConnect,
    NothingOfDisconnect,
}

/// All members here have a pod; it is who they are.
fn is_same(one: &Member, other: &Member) -> bool {
    one.pod == other.pod
}

/// A connector with its true links, and a model of what the machine may know of them.
pub(super) struct World {
    pub(super) host: Host,
    options: LinkOptions,
    /// Whether the connector cannot tell who is connected. Then nothing happens in silence.
    blind: bool,
    /// Listings, in a row.
    view: BTreeMap<NodeName, Arc<Member>>,
    actual: BTreeSet<NodeName>,
    flying: BTreeMap<LinkId, (Order, usize)>,
    told: BTreeMap<NodeName, (Told, usize)>,
    managed: BTreeSet<NodeName>,
    /// Who had the name when somebody answered to it, and the machine was told so.
    answered: BTreeMap<NodeName, Arc<Member>>,
    /// Since when somebody who had the name is not kept, and who.
    unkept: BTreeMap<NodeName, (Arc<Member>, Instant)>,
    terminating: BTreeMap<NodeName, Instant>,
    started: bool,
    asked: bool,
    told_to_drain: bool,
    self_terminating: bool,
    /// Attempts in flight whose links went down by themselves.
    dropped: BTreeSet<LinkId>,
    pub(super) history: Vec<String>,
}

impl World {
    pub(super) fn new(options: LinkOptions, blind: bool, origin: Duration) -> Self {
        let mut host = Host::new(options.clone());
        host.now = Instant::since_origin(origin);
        Self {
            host,
            options,
            blind,
            view: BTreeMap::new(),
            actual: BTreeSet::new(),
            flying: BTreeMap::new(),
            told: BTreeMap::new(),
            managed: BTreeSet::new(),
            answered: BTreeMap::new(),
            unkept: BTreeMap::new(),
            terminating: BTreeMap::new(),
            started: false,
            asked: false,
            told_to_drain: false,
            self_terminating: false,
            dropped: BTreeSet::new(),
            history: Vec::new(),
        }
    }

    fn check(&self, holds: bool, what: &str) {
        assert!(holds, "{what}\n{}\n{:?}, blind: {}", self.history.join("\n"), self.options, self.blind);
    }

    fn is_me(name: &NodeName) -> bool {
        *name == ready(0).name
    }

    const fn draining(&self) -> bool {
        self.told_to_drain || self.self_terminating
    }

    const fn is_blind(&self) -> bool {
        self.blind
    }

    fn is_kept(&self, member: &Member) -> bool {
        let stays = self.options.keep == Keep::Present || member.state == MemberState::Ready || member.admitted;
        let since = self.terminating.get(&member.name).copied();
        let too_long = since.zip(self.options.terminating_after).is_some_and(|(since, after)| {
            member.state == MemberState::Terminating && self.host.now >= since.saturating_add(after)
        });
        stays && !too_long && self.view.get(&member.name).is_some_and(|owner| is_same(owner, member))
    }

    fn tell(&mut self, name: &NodeName, told: Told) {
        self.told.insert(name.clone(), (told, self.history.len()));
        match told {
            Told::Up => drop(self.managed.insert(name.clone())),
            Told::Down => {
                self.managed.remove(name);
                self.answered.remove(name);
            }
            Told::NothingOfConnect | Told::NothingOfDisconnect => {}
        }
    }

    fn flies(&self, name: &NodeName) -> bool {
        self.flying.values().any(|(order, _)| {
            matches!(order, Order::Connect { peer, .. } | Order::Disconnect { peer, .. } if peer.name == *name)
        })
    }

    fn feed(&mut self, what: &str, step: impl FnOnce(&mut Links, Instant, &mut Effects)) {
        self.history.push(format!("{} {what}", self.host.now));
        let mut out = Effects::default();
        step(&mut self.host.links, self.host.now, &mut out);
        self.history.extend(out.events.iter().map(|event| format!("    {event}")));
        for order in out.orders {
            self.history.push(format!("    -> {order}"));
            self.take(order);
        }
        // Who is forgotten is so with the time since when it terminates.
        let Self { view, managed, .. } = &*self;
        let is_known = |name: &NodeName| view.contains_key(name) || managed.contains(name) || self.flies(name);
        let known = self.terminating.iter().filter(|(name, _)| is_known(name));
        self.terminating = known.map(|(name, since)| (name.clone(), *since)).collect();
        if self.is_blind() && self.options.disconnect_after.is_none() {
            // Nobody will ever tell of their ends.
            let known: BTreeSet<_> =
                self.told.keys().filter(|name| self.flies(name)).chain(self.view.keys()).cloned().collect();
            self.told.retain(|name, _| known.contains(name));
            self.managed.retain(|name| known.contains(name));
        }
    }

    /// M3, order by order.
    fn take(&mut self, order: Order) {
        let step = self.history.len();
        match &order {
            Order::Connect { id, peer } => {
                let name = &peer.name;
                self.check(self.asked && !self.draining() && !Self::is_me(name), "M3: it must not dial");
                self.check(self.view.get(name).is_some_and(|owner| owner == peer && owner.admitted), "M3: not wanted");
                self.check(self.is_kept(peer), "M3: it would be disconnected again");
                self.check(!self.flies(name), "M3: two attempts on one name");
                let told = self.told.get(name).map_or(Told::Down, |(told, _)| *told);
                self.check(told == Told::Down, "M3: connected, as far as we were told");
                self.flying.insert(*id, (order, step));
            }
            Order::Disconnect { id, peer } => {
                let name = &peer.name;
                self.check(!self.draining() && !Self::is_me(name), "M3: it must not disconnect");
                self.check(self.managed.contains(name), "M3: not managed");
                self.check(!self.is_kept(peer), "M3: still kept");
                let owner = self.answered.get(name);
                self.check(owner.is_none_or(|owner| is_same(owner, peer)), "M3: the link is its successor's");
                self.check(!self.flies(name), "M3: two attempts on one name");
                let delay = self.options.disconnect_after;
                self.check(delay.is_some(), "nobody is ever disconnected");
                if let (Some((last, since)), Some(delay)) = (self.unkept.get(name), delay) {
                    let replaced =
                        !is_same(last, peer) || self.view.get(name).is_some_and(|owner| !is_same(owner, peer));
                    let in_time = self.host.now >= since.saturating_add(delay);
                    let timed = self.terminating.contains_key(name);
                    self.check(replaced || in_time || timed, "it did not wait");
                }
                self.flying.insert(*id, (order, step));
            }
            Order::ListConnected { id } => {
                let lists = self.flying.values().any(|(order, _)| matches!(order, Order::ListConnected { .. }));
                self.check(!lists && !self.draining(), "one listing at a time");
                self.flying.insert(*id, (order, step));
            }
            Order::Abandon(id) => {
                let abandoned = self.flying.remove(id);
                self.check(abandoned.is_some(), "it abandons what is not in flight");
                // By chance it took effect.
                let took_effect = step.is_multiple_of(2);
                match abandoned {
                    Some((Order::Disconnect { peer, .. }, _)) if self.dropped.remove(id) => {
                        self.tell(&peer.name, Told::Down);
                    }
                    Some((Order::Connect { peer, .. }, _)) if self.is_blind() => self.tell(&peer.name, Told::Down),
                    Some((Order::Disconnect { peer, .. }, _)) if self.is_blind() => self.tell(&peer.name, Told::Up),
                    Some((Order::Connect { peer, .. }, _)) => {
                        self.tell(&peer.name, Told::NothingOfConnect);
                        self.managed.insert(peer.name.clone());
                        if took_effect {
                            self.actual.insert(peer.name.clone());
                        }
                    }
                    Some((Order::Disconnect { peer, .. }, _)) => {
                        self.tell(&peer.name, Told::NothingOfDisconnect);
                        if took_effect {
                            self.actual.remove(&peer.name);
                        }
                    }
                    _ => {
                        self.asked = true;
                    }
                }
            }
        }
        let attempts = self.flying.values().filter(|(order, _)| !matches!(order, Order::ListConnected { .. }));
        self.check(attempts.count() <= self.options.parallel, "too many attempts in flight");
    }

    /// One order ends, well or not.
    fn end(&mut self, index: usize, how: How) {
        let Some(id) = self.flying.keys().nth(index).copied() else { return };
        let well = how == How::Well;
        let (order, since) = self.flying.remove(&id).unwrap();
        let report = match &order {
            Order::ListConnected { .. } => {
                let names = match well {
                    true if self.blind => Ok(None),
                    true => Ok(Some(self.actual.iter().map(ToString::to_string).collect())),
                    false => Err(LinkFailure::new("refused")),
                };
                self.asked = true;
                if well && !self.blind {
                    self.hear_of_all(since);
                }
                Report::Listed { id, names }
            }
            Order::Connect { peer, .. } if well && self.dropped.remove(&id) => {
                self.tell(&peer.name, Told::Down);
                Report::Ended { id, outcome: Ok(()) }
            }
            Order::Connect { peer, .. } if well => {
                self.actual.insert(peer.name.clone());
                self.tell(&peer.name, Told::Up);
                Report::Ended { id, outcome: Ok(()) }
            }
            Order::Disconnect { peer, .. } if well => {
                self.actual.remove(&peer.name);
                self.tell(&peer.name, Told::Down);
                Report::Ended { id, outcome: Ok(()) }
            }
            Order::Connect { peer, .. } => {
                self.tell(&peer.name, Told::Down);
                Report::Ended { id, outcome: refused() }
            }
            Order::Disconnect { peer, .. } if how == How::Answers => {
                self.dropped.remove(&id);
                self.actual.insert(peer.name.clone());
                self.tell(&peer.name, Told::Up);
                if let Some(owner) = self.view.get(&peer.name) {
                    self.answered.insert(peer.name.clone(), owner.clone());
                }
                Report::Ended { id, outcome: Err(LinkFailure::still_answers("it answers")) }
            }
            Order::Disconnect { peer, .. } => {
                let told = if self.dropped.remove(&id) { Told::Down } else { Told::Up };
                self.tell(&peer.name, told);
                Report::Ended { id, outcome: refused() }
            }
            Order::Abandon(_) => return,
        };
        self.feed(&report.to_string(), |links, now, out| links.report(now, &report, out));
    }

    /// A listing that was ordered at that step tells of every link that has stood still since.
    fn hear_of_all(&mut self, ordered: usize) {
        for name in (0..6).map(|host| ready(host).name.clone()) {
            let before = self.told.get(&name).copied();
            if self.flies(&name) || before.is_some_and(|(_, touched)| touched >= ordered) {
                continue;
            }
            let was_managed = self.managed.contains(&name) || self.view.contains_key(&name);
            self.tell(&name, if self.actual.contains(&name) { Told::Up } else { Told::Down });
            if !was_managed {
                self.managed.remove(&name);
            }
        }
    }

    fn follow(&mut self, change: &Change) {
        let now = self.host.now;
        match change {
            Change::Joined(member) | Change::Changed { after: member, .. } => {
                let name = member.name.clone();
                if self.told.get(&name).is_some_and(|(told, _)| *told == Told::Up) {
                    self.managed.insert(name.clone());
                }
                if Self::is_me(&name) {
                    self.self_terminating = member.state == MemberState::Terminating;
                }
                let is_new = self.unkept.get(&name).is_some_and(|(last, _)| !is_same(last, member));
                if member.state != MemberState::Terminating || is_new {
                    self.terminating.remove(&name);
                }
                if member.state == MemberState::Terminating {
                    self.terminating.entry(name.clone()).or_insert(now);
                }
                self.view.insert(name.clone(), member.clone());
                let was_unkept = self.unkept.get(&name).is_some_and(|(last, _)| is_same(last, member));
                if self.is_kept(member) || !was_unkept {
                    self.unkept.insert(name, (member.clone(), now));
                }
            }
            Change::Left { member, .. } => {
                let was_kept = self.is_kept(member);
                self.view.remove(&member.name);
                self.self_terminating &= !Self::is_me(&member.name);
                if was_kept {
                    self.unkept.insert(member.name.clone(), (member.clone(), now));
                }
            }
        }
        self.feed(&change.to_string(), |links, now, out| links.follow(now, change, out));
    }

    pub(super) fn step(&mut self, step: &Step) {
        match step {
            Step::Start => {
                self.started = true;
                self.feed("start", Links::start);
            }
            Step::See(host, uid, state, admitted) => {
                let after = member(*host, uid, *state, *admitted);
                match self.view.get(&after.name).cloned() {
                    Some(before) if is_same(&before, &after) => self.follow(&Change::Changed { before, after }),
                    Some(before) => {
                        // A replaced member is disconnected at once.
                        self.unkept.remove(&before.name);
                        self.view.remove(&before.name);
                        self.self_terminating &= !Self::is_me(&before.name);
                        let change = left(before, Departure::Replaced);
                        self.feed(&change.to_string(), |links, now, out| links.follow(now, &change, out));
                        self.terminating.remove(&after.name);
                        self.follow(&joined(after));
                    }
                    None => self.follow(&joined(after)),
                }
            }
            Step::Leave(host, why) => {
                if let Some(member) = self.view.get(&ready(*host).name).cloned() {
                    self.follow(&left(member, *why));
                }
            }
            Step::End(index, how) => self.end(*index, *how),
            Step::Stale(id, well) if !self.flying.contains_key(&nth(*id)) => {
                let outcome = if *well { Ok(()) } else { refused() };
                let report = Report::Ended { id: nth(*id), outcome };
                self.feed(&report.to_string(), |links, now, out| links.report(now, &report, out));
                let report =
                    Report::Listed { id: nth(*id), names: if *well { Ok(None) } else { listed(&["10.0.0.3"]) } };
                self.feed(&report.to_string(), |links, now, out| links.report(now, &report, out));
            }
            Step::Drop(host, noticed) => {
                let name = ready(*host).name.clone();
                let flying = self.flying.iter().find_map(|(id, (order, _))| match order {
                    Order::Connect { peer, .. } if peer.name == name => Some((*id, true)),
                    Order::Disconnect { peer, .. } if peer.name == name => Some((*id, false)),
                    _ => None,
                });
                let was_made = flying.is_some_and(|(_, connects)| connects);
                if (self.actual.remove(&name) || was_made) && (*noticed || self.blind) {
                    self.dropped.extend(flying.map(|(id, _)| id));
                    if !self.flies(&name) {
                        self.tell(&name, Told::Down);
                    }
                    let report = Report::Dropped { name: name.to_string() };
                    self.feed(&report.to_string(), |links, now, out| links.report(now, &report, out));
                }
            }
            Step::Inbound(host) if !self.blind => {
                self.history.push(format!("{} connects to us", ready(*host).name));
                self.actual.insert(ready(*host).name.clone());
            }
            Step::Pass(millis) => self.pass(*millis),
            Step::Drain => {
                self.told_to_drain = true;
                self.feed("drain", |links, now, out| links.report(now, &Report::Drain, out));
            }
            Step::Stale(..) | Step::Inbound(_) => {}
        }
    }

    /// Time passes; the host may come late, but never spins.
    fn pass(&mut self, millis: u64) {
        self.host.pass(millis);
        let is_due = |world: &Self| world.host.links.deadline().is_some_and(|deadline| deadline.at <= world.host.now);
        let (was_due, before) = (is_due(self), self.history.len());
        self.feed("timeout", Links::timeout);
        self.check(was_due || self.history.len() == before + 1, "a timeout before its time changed something");
        self.check(!is_due(self), "it spins");
    }

    /// Nothing happens any more, and the connector answers well.
    pub(super) fn settle(&mut self) {
        self.step(&Step::Start);
        for _ in 0..150 {
            while !self.flying.is_empty() {
                self.end(0, How::Well);
            }
            let next = self
                .host
                .links
                .deadline()
                .map_or(Duration::from_secs(1), |next| next.at.saturating_since(self.host.now));
            self.host.now = self.host.now.saturating_add(next);
            self.pass(0);
        }
        while !self.flying.is_empty() {
            self.end(0, How::Well);
        }
        let Links { attempts, unknown, .. } = &self.host.links;
        self.check(attempts.is_empty() && (*unknown == 0 || self.draining()), "something is left open");
        // M6
        let waits = self.self_terminating && !self.told_to_drain;
        let is_due_to_be = |name: &NodeName| waits || self.view.contains_key(name) || self.actual.contains(name);
        self.check(self.host.links.links.keys().all(is_due_to_be), "M6: a link that is down and gone is remembered");
        if self.draining() {
            return;
        }
        for member in self.view.values().filter(|member| member.admitted && !Self::is_me(&member.name)) {
            let is_connected = self.actual.contains(&member.name);
            self.check(is_connected || !self.is_kept(member), "M2: an admitted peer is not connected");
        }
        if self.options.disconnect_after.is_some() {
            for name in self.managed.iter().filter(|name| !Self::is_me(name)) {
                let is_kept = self.view.get(name).is_some_and(|member| self.is_kept(member));
                self.check(is_kept || !self.actual.contains(name), "M2: a peer that is not kept is connected");
            }
        }
    }
}
