//! One membership, in a world of its own; what must always hold is checked at every step.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use quorate_core::api::AnswerPart;
use quorate_core::machine::{Action, Input, Machine as _};
use quorate_core::membership::{
    Admission, Change, Event, Follow, Identity, LinkFailure, LinkId, LinkOptions, Member, Membership,
    MembershipOptions, News, Order, Report, Source, Standing,
};
use quorate_core::name::{Host, NameParts, NodeName};
use quorate_core::time::{Instant, Now};

use super::connector::{Connector, peer, somebody_answers};
use super::history::Step;
use super::server::{Server, listing, name, policy};
use super::wire::{Content, Wire};

/// Reads that lag for longer count as a rewound history.
const LONGEST_LAG: Duration = Duration::from_millis(4_900);
/// Nothing waits for longer: the idle limit, then the longest pauses.
const SETTLING: Duration = Duration::from_secs(300);

pub(crate) struct World {
    pub(crate) membership: Membership,
    pub(crate) server: Server,
    pub(crate) connector: Connector,
    wire: Wire,
    pub(crate) now: Now,
    /// Everything that went in and came out.
    pub(crate) lines: Vec<String>,
    lag_until: Option<Instant>,
    has_lagged: bool,
    /// The version up to which the machine was told of everything.
    known: u64,
    /// Who has existed since the view knew of them, and since which version.
    steady: BTreeMap<(NodeName, Identity), u64>,
    /// Whom the view has ever had.
    managed: BTreeSet<String>,
    /// Whose links the machine was told are up, and not that they are down.
    up: BTreeSet<String>,
    /// The last attempt on each name.
    attempted: BTreeMap<String, Attempted>,
    /// Whose link the machine was told it is, though it was made to a predecessor of the same name.
    answered: BTreeMap<String, Identity>,
    uids: BTreeSet<String>,
}

struct Attempted {
    id: LinkId,
    connects: bool,
    peer: Identity,
}

impl World {
    pub(crate) fn new(source: Source, follow: Follow, seed: u64) -> Self {
        let policy = policy(Admission::Ready);
        let options =
            MembershipOptions { listing: listing(source, seed), policy, follow, ..MembershipOptions::default() };
        let mut world = Self {
            membership: Membership::new(options.clone().build().unwrap()),
            server: Server::new(source, seed),
            connector: Connector::default(),
            wire: Wire::default(),
            now: Now::default(),
            lines: Vec::new(),
            lag_until: None,
            has_lagged: false,
            known: 0,
            steady: BTreeMap::new(),
            managed: BTreeSet::new(),
            up: BTreeSet::new(),
            attempted: BTreeMap::new(),
            answered: BTreeMap::new(),
            uids: BTreeSet::new(),
        };
        let own =
            world.server.view(world.now, Admission::Any).into_keys().find(|name| name.as_str() == Server::self_name());
        let links =
            LinkOptions { self_name: own.or_else(|| panic!("we are no member")), seed, ..LinkOptions::default() };
        world.membership = Membership::linked(options.build().unwrap(), links.build().unwrap());
        world.feed(Input::Start);
        world.carry();
        world
    }

    pub(crate) fn run(&mut self, steps: &[Step]) {
        for step in steps {
            self.note(format_args!("-- {step:?}"));
            self.step(step);
            self.carry();
        }
    }

    fn step(&mut self, step: &Step) {
        let (now, server) = (self.now, &mut self.server);
        let milliseconds = |value: u16| Duration::from_millis(u64::from(value));
        match *step {
            Step::Create(pod) => server.create(now, pod),
            Step::Ready(pod, ready) => server.ready(now, pod, ready),
            Step::Address(pod, number) => server.readdress(now, pod, number),
            Step::Fail(pod) => server.fail(now, pod),
            Step::Delete(pod) => server.delete(now, pod, 0),
            Step::Terminate(pod) => server.delete(now, pod, 7),
            Step::Publish { object, address, pod, ready } => server.publish(now, object, address, pod, ready),
            Step::Unpublish(object) => server.unpublish(now, object),
            Step::DeleteAll => (1..6).for_each(|pod| server.delete(now, pod, 0)),
            Step::Compact => server.api.compact(),
            Step::Cut => self.wire.cut(now, server, true),
            Step::Silence => self.wire.cut(now, server, false),
            Step::Outage(is_out) => {
                self.wire.is_out = is_out;
                if is_out {
                    self.wire.cut(now, server, true);
                }
            }
            Step::Refuse(status) => self.wire.refusal = status,
            Step::Lag(versions) => self.lag(versions),
            Step::Spoil(spoils) => self.wire.spoils = spoils,
            Step::SlowAnswers(late) => self.wire.slow_answers = milliseconds(late),
            Step::SlowWatches(late) => self.wire.slow_watches = milliseconds(late),
            Step::Unreachable(number, true) => drop(self.connector.unreachable.insert(name(number))),
            Step::Unreachable(number, false) => drop(self.connector.unreachable.remove(&name(number))),
            Step::Stuck(is_stuck) => self.connector.is_stuck = is_stuck,
            Step::SlowLinks(late) => self.connector.slow = milliseconds(late),
            Step::Unlisted(is_unlisted) => self.connector.is_unlisted = is_unlisted,
            Step::Inbound(number) => self.connector.inbound(&name(number)),
            Step::Drop(number, is_told) => {
                let name = name(number);
                if self.connector.drop_link(&name) && is_told {
                    self.report(&Report::Dropped { name });
                }
            }
            Step::Pass(time) => self.pass(milliseconds(time)),
        }
    }

    /// A server that gives older lists again and again is not told from a restored one: it may do so once.
    fn lag(&mut self, versions: u8) {
        if versions > 0 && std::mem::replace(&mut self.has_lagged, true) {
            return;
        }
        self.server.lag((versions > 0).then_some(u64::from(versions)));
        self.lag_until = (versions > 0).then(|| self.now.instant.saturating_add(LONGEST_LAG));
    }

    /// Nothing goes wrong any more, but that connects fail which did.
    pub(crate) fn settle(&mut self) {
        self.note("-- everything works");
        self.lag(0);
        (self.wire.is_out, self.wire.refusal, self.wire.spoils) = (false, 0, false);
        (self.wire.slow_answers, self.wire.slow_watches) = (Duration::ZERO, Duration::ZERO);
        (self.connector.is_stuck, self.connector.is_unlisted, self.connector.slow) = (false, false, Duration::ZERO);
        self.pass(SETTLING);
        self.check_end();
    }

    pub(crate) fn pass(&mut self, time: Duration) {
        let end = self.now.instant.saturating_add(time);
        loop {
            self.carry();
            let deadlines = [
                self.membership.deadline().map(|deadline| deadline.at),
                self.server.api.deadline(),
                self.wire.deadline(),
                self.connector.deadline(),
                self.lag_until,
            ];
            let next = deadlines.into_iter().flatten().min().unwrap_or(end);
            if next > end {
                self.now.instant = end;
                return;
            }
            self.now.instant = self.now.instant.max(next);
            if self.lag_until.is_some_and(|until| until <= self.now.instant) {
                self.lag(0);
            }
            if self.membership.deadline().is_some_and(|deadline| deadline.at <= self.now.instant) {
                self.feed(Input::Timeout);
            }
        }
    }

    /// Carries what there is to carry at this instant.
    fn carry(&mut self) {
        for _ in 0..1_000 {
            if let Some(letter) = self.wire.next(self.now, &mut self.server) {
                if let Content::Line(_, Some(version)) = &letter.content {
                    self.known = self.known.max(*version);
                }
                for part in letter.content.parts() {
                    self.feed(Input::Answer { id: letter.id, part });
                }
            } else if let Some(report) = self.next_report() {
                self.report(&report);
            } else {
                return;
            }
        }
        panic!("it spins: {}", self.membership.explain(self.now));
    }

    fn next_report(&mut self) -> Option<Report> {
        let Self { connector, server, now, .. } = self;
        let mut owner = |name: &str| server.view(*now, Admission::Any).get(name).map(|member| member.identity());
        connector.next(now.instant, &mut owner)
    }

    fn report(&mut self, report: &Report) {
        match report {
            Report::Dropped { name } => self.is_down(name),
            Report::Listed { id, names: Ok(Some(names)) } => {
                self.up.retain(|name| names.contains(name));
                self.answered.retain(|name, _| names.contains(name));
                // What was attempted since tells more.
                let is_older = |name: &str| self.attempted.get(name).is_none_or(|attempt| attempt.id < *id);
                self.up.extend(names.iter().filter(|name| is_older(name)).cloned());
            }
            _ => {}
        }
        self.feed(Input::Report(report));
    }

    fn feed(&mut self, input: Input<'_, Report>) {
        match &input {
            Input::Answer { id, part: AnswerPart::Chunk(bytes) } => {
                self.note(format_args!("< {id} {} bytes", bytes.len()))
            }
            Input::Answer { id, part } => self.note(format_args!("< {id} {part:?}")),
            Input::Report(report) => self.note(format_args!("< {report}")),
            other => self.note(format_args!("< {other:?}")),
        }
        let actions = self.membership.handle(self.now, input);
        if let Input::Report(Report::Ended { id, outcome }) = input {
            self.ended(*id, outcome);
        }
        let mut has_news = matches!(input, Input::Answer { part: AnswerPart::Chunk(_), .. });
        for action in actions {
            has_news |= matches!(action, Action::Emit(_));
            self.note(format_args!("> {action}"));
            match action {
                Action::Send { id, request } => self.wire.send(id, request.target()),
                Action::Cancel(id) => self.wire.cancel(id),
                Action::Emit(event) => self.hear(&event),
                Action::Order(order) => self.obey(order),
                _ => panic!("an unknown action"),
            }
        }
        if has_news {
            self.check();
        }
    }

    fn ended(&mut self, id: LinkId, outcome: &Result<(), LinkFailure>) {
        let Some((name, attempt)) = self.attempted.iter().find(|(_, attempt)| attempt.id == id) else { return };
        let (name, connects, peer) = (name.clone(), attempt.connects, attempt.peer.clone());
        match outcome {
            Ok(()) if connects => drop(self.up.insert(name)),
            Ok(()) => self.is_down(&name),
            Err(failure) if *failure == somebody_answers() => {
                let owner = self.members().get(name.as_str()).map(|member| member.identity());
                self.answered.extend(owner.filter(|owner| *owner != peer).map(|owner| (name, owner)));
            }
            Err(_) => {}
        }
    }

    fn is_down(&mut self, name: &str) {
        self.up.remove(name);
        self.answered.remove(name);
    }

    fn hear(&mut self, event: &Event) {
        match event {
            Event::Source(News::Listed { version, .. }) => {
                self.known = self.known.max(version.as_str().parse().unwrap())
            }
            Event::Source(News::Rewound { .. }) => self.fail("M1: a lagging read counts as a rewound history"),
            Event::Change(Change::Joined(member)) => {
                let naming = policy(Admission::Ready).naming;
                let parts = naming.parse(member.name.as_str());
                let is_address = |parts: &NameParts<'_>| parts.host == Host::Ip(member.address);
                if !parts.is_ok_and(|parts| parts.basename == Some("myapp") && is_address(&parts)) {
                    self.fail(&format!("M5: {} does not parse back", member.name));
                }
                let key = (member.name.clone(), member.identity());
                if self.server.past.get(&key).is_some_and(|until| *until <= self.known) {
                    self.fail(&format!("M1: {} ({:?}) is revived", key.0, key.1));
                }
                self.managed.insert(member.name.to_string());
                self.uids.extend(member.pod.as_ref().map(|pod| pod.uid.to_string()));
            }
            _ => {}
        }
    }

    /// M3
    fn obey(&mut self, order: Order) {
        if let Some(peer) = peer(&order) {
            let name = peer.name.as_str();
            let is_flying = self.connector.in_flight(name).is_some();
            let is_kept = self.members().get(name).is_some_and(|member| member.identity() == peer.identity());
            let is_anothers = self.answered.get(name).is_some_and(|owner| *owner != peer.identity());
            let fault = match &order {
                _ if name == Server::self_name() => Some("it is ourselves"),
                _ if is_flying => Some("an attempt on it is in flight"),
                Order::Connect { .. } if self.up.contains(name) => Some("it is connected"),
                Order::Connect { .. } if !is_kept => Some("it is no member"),
                Order::Disconnect { .. } if is_kept => Some("it is kept"),
                Order::Disconnect { .. } if is_anothers => Some("the link is its successor's"),
                Order::Disconnect { .. } if !self.managed.contains(name) => Some("it is not managed"),
                _ => None,
            };
            if let Some(fault) = fault {
                self.fail(&format!("M3: {order}, but {fault}"));
            }
            if let Order::Connect { id, .. } | Order::Disconnect { id, .. } = &order {
                let connects = matches!(order, Order::Connect { .. });
                self.attempted.insert(name.to_owned(), Attempted { id: *id, connects, peer: peer.identity() });
            }
        }
        self.connector.take(self.now.instant, order);
    }

    /// M1
    fn check(&mut self) {
        let Self { membership, server, known, steady, .. } = self;
        let owners: BTreeSet<_> =
            membership.members().values().map(|member| (member.name.clone(), member.identity())).collect();
        let seen = owners.iter().filter_map(|key| Some((key.clone(), *server.truth.get(key)?)));
        steady.extend(seen.filter(|(_, since)| since <= known));
        steady.retain(|key, since| server.truth.get(key) == Some(since));
        if let Some((name, identity)) = steady.keys().find(|key| !owners.contains(*key)).cloned() {
            self.fail(&format!("M1: {name} ({identity:?}) is lost"));
        }
    }

    /// M2, M4 and M6
    fn check_end(&mut self) {
        if *self.membership.standing() != Standing::Live {
            self.fail("it is not live in the end");
        }
        let (all, admitted) =
            (self.server.view(self.now, Admission::Any), self.server.view(self.now, Admission::Ready));
        if self.facts() != facts(&all, &admitted) {
            self.fail(&format!("M4: {:?} should be {:?}", self.facts(), facts(&all, &admitted)));
        }
        for member in admitted.values() {
            let name = member.name.as_str();
            let is_excused = self.connector.unreachable.contains(name) || name == Server::self_name();
            let is_linked =
                self.connector.links.get(name).map(|link| link.to.as_ref().is_none_or(|to| *to == member.identity()));
            if is_linked == Some(false) || (is_linked.is_none() && !is_excused) {
                self.fail(&format!("M2: {name} is admitted: {:?}", self.connector.links.get(name)));
            }
        }
        for (name, link) in &self.connector.links {
            if link.to.is_some() && !all.contains_key(name.as_str()) {
                self.fail(&format!("M2: {name} is connected, and no member"));
            }
        }
        let (told, kept) = (self.server.text(self.now), format!("{:?}", self.membership));
        if let Some(uid) = self.uids.iter().find(|uid| kept.contains(*uid) && !told.contains(*uid)) {
            self.fail(&format!("M6: {uid} has departed, and is remembered"));
        }
    }

    pub(crate) fn members(&self) -> &BTreeMap<NodeName, Arc<Member>> {
        self.membership.members()
    }

    /// Who is a member, and whether it is admitted.
    pub(crate) fn facts(&self) -> Vec<String> {
        facts(
            self.members(),
            &self.members().iter().filter(|(_, member)| member.admitted).map(|(n, m)| (n.clone(), m.clone())).collect(),
        )
    }

    pub(crate) fn has(&self, number: u8) -> bool {
        self.members().contains_key(name(number).as_str())
    }

    pub(crate) fn is_linked(&self, number: u8) -> bool {
        self.connector.links.contains_key(name(number).as_str())
    }

    /// How often a line with this text came up.
    pub(crate) fn count(&self, text: &str) -> usize {
        self.lines.iter().filter(|line| line.contains(text)).count()
    }

    fn note(&mut self, what: impl Display) {
        self.lines.push(format!("{} {what}", self.now.instant));
    }

    fn fail(&self, why: &str) -> ! {
        let first = self.lines.len().saturating_sub(60);
        let lines: Vec<_> = self.lines[first..].iter().map(|line| line.chars().take(300).collect::<String>()).collect();
        panic!("{why}\n{}\n{}", lines.join("\n"), self.membership.explain(self.now));
    }
}

fn facts(all: &BTreeMap<NodeName, Arc<Member>>, admitted: &BTreeMap<NodeName, Arc<Member>>) -> Vec<String> {
    let line = |member: &Member| {
        let is_admitted = admitted.get(&member.name).is_some_and(|admitted| admitted.identity() == member.identity());
        let Member { name, address, state, pod, .. } = member;
        format!("{name} {address} {state} {:?} {is_admitted}", pod.as_ref().map(|pod| &pod.name))
    };
    all.values().map(|member| line(member)).collect()
}
