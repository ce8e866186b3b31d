//! What must hold in every state, whatever happens: M1, M3 and M5, as far as what the machine was told can show.

use std::collections::{BTreeMap, BTreeSet};

use quorate_core::machine::Machine as _;
use quorate_core::membership::{Admission, Change, Event, LinkId, Member, Membership, News, Order, Report, Standing};
use quorate_core::name::Host;

use super::connector::{Connector, peer};
use super::server::{Key, Server, policy, self_name};

/// What the machine was told, what it made of that, and what it must not have done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Witness {
    /// The version up to which the machine was told of everything.
    known: u64,
    /// Who has existed since the view knew of them, and since which version.
    steady: BTreeMap<Key, u64>,
    /// Whom the view has ever had.
    pub(crate) managed: BTreeSet<String>,
    /// Whose links the machine was told are up, and not that they are down.
    up: BTreeSet<String>,
    /// Whose links it was told are up while they were members: these are ours to end, whoever made them.
    pub(crate) ours: BTreeSet<String>,
    /// The last attempt on each name, and whether it was to connect.
    attempted: BTreeMap<String, (LinkId, bool)>,
    /// The first promise that was broken, and how.
    pub(crate) broken: Option<String>,
    // What has happened, so that a check cannot pass because nothing did.
    pub(crate) has_left: bool,
    pub(crate) has_redialled: bool,
    pub(crate) has_confirmed: bool,
    pub(crate) has_failed: bool,
}

impl Witness {
    pub(crate) fn know(&mut self, version: u64) {
        self.known = self.known.max(version);
    }

    fn fail(&mut self, why: String) {
        self.broken.get_or_insert(why);
    }

    /// Before the machine hears of it.
    pub(crate) fn see_report(&mut self, report: &Report) {
        match report {
            Report::Dropped { name } => drop(self.up.remove(name)),
            Report::Listed { id, names: Ok(Some(names)) } => {
                self.up.retain(|name| names.contains(name));
                // What was attempted since tells more.
                let is_older = |name: &str| self.attempted.get(name).is_none_or(|(attempt, _)| attempt < id);
                self.up.extend(names.iter().filter(|name| is_older(name)).cloned());
            }
            Report::Ended { id, outcome: Ok(()) } => {
                let attempt = self.attempted.iter().find(|(_, (attempt, _))| attempt == id);
                match attempt.map(|(name, (_, connects))| (name.clone(), *connects)) {
                    Some((name, true)) => drop(self.up.insert(name)),
                    Some((name, false)) => drop(self.up.remove(&name)),
                    None => {}
                }
            }
            _ => {}
        }
    }

    pub(crate) fn hear(&mut self, event: &Event, server: &Server) {
        match event {
            Event::Source(News::Listed { version, .. }) => self.know(version.as_str().parse().unwrap()),
            Event::Source(News::Rewound { .. }) => self.fail("M1: a lagging read counts as a rewound history".into()),
            Event::Confirming { .. } => self.has_confirmed = true,
            Event::Standing(Standing::Degraded { .. }) | Event::Source(News::ComparisonFailed(_)) => {
                self.has_failed = true
            }
            Event::Change(Change::Left { member, .. }) => self.miss(member, server),
            Event::Change(Change::Joined(member)) => self.meet(member, server),
            _ => {}
        }
    }

    fn meet(&mut self, member: &Member, server: &Server) {
        // M5
        let naming = policy(Admission::Ready).naming;
        let parts = naming.parse(member.name.as_str());
        let is_right = |host: &Host<'_>| *host == Host::Ip(member.address);
        if !parts.is_ok_and(|parts| parts.basename == Some("myapp") && is_right(&parts.host)) {
            self.fail(format!("M5: {} does not parse back", member.name));
        }
        // M1: what is told late, or again, is no evidence.
        let key = (member.name.clone(), member.identity());
        if server.past.get(&key).is_some_and(|until| *until <= self.known) {
            self.fail(format!("M1: {} ({:?}) is revived", key.0, key.1));
        }
        self.managed.insert(member.name.to_string());
    }

    fn miss(&mut self, member: &Member, server: &Server) {
        self.has_left = true;
        // M1: not even for a moment.
        let key = (member.name.clone(), member.identity());
        if self.steady.get(&key).is_some_and(|since| server.truth.get(&key) == Some(since)) {
            self.fail(format!("M1: {} ({:?}) leaves, and is there", key.0, key.1));
        }
    }

    /// M3
    pub(crate) fn obey(&mut self, order: &Order, membership: &Membership, connector: &Connector) {
        let Some(peer) = peer(order) else { return };
        let name = peer.name.as_str();
        let is_kept = membership.members().get(name).is_some_and(|member| member.identity() == peer.identity());
        let connects = matches!(order, Order::Connect { .. });
        let fault = match order {
            _ if name == self_name() => Some("it is ourselves"),
            _ if connector.is_trying(name) => Some("an attempt on it is in flight"),
            Order::Connect { .. } if self.up.contains(name) => Some("it is connected"),
            Order::Connect { .. } if !is_kept => Some("it is no member"),
            Order::Disconnect { .. } if is_kept => Some("it is kept"),
            Order::Disconnect { .. } if !self.managed.contains(name) => Some("it is not managed"),
            _ => None,
        };
        if let Some(fault) = fault {
            self.fail(format!("M3: {order}, but {fault}"));
        }
        if let Order::Connect { id, .. } | Order::Disconnect { id, .. } = order {
            self.has_redialled |= connects && self.attempted.get(name).is_some_and(|(_, connected)| *connected);
            self.attempted.insert(name.to_owned(), (*id, connects));
        }
    }

    /// M1: whoever has been at the server all the time is still there.
    pub(crate) fn check(&mut self, membership: &Membership, server: &Server) {
        let owners: BTreeSet<Key> =
            membership.members().values().map(|member| (member.name.clone(), member.identity())).collect();
        let seen = owners.iter().filter_map(|key| Some((key.clone(), *server.truth.get(key)?)));
        self.ours.extend(
            owners.iter().map(|(name, _)| name.as_str()).filter(|name| self.up.contains(*name)).map(str::to_owned),
        );
        self.steady.extend(seen.filter(|(_, since)| *since <= self.known));
        self.steady.retain(|key, since| server.truth.get(key) == Some(since));
        let lost = self.steady.keys().find(|key| !owners.contains(*key)).cloned();
        if let Some((name, identity)) = lost {
            self.fail(format!("M1: {name} ({identity:?}) is lost; {}", membership.explain(Default::default())));
        }
    }
}
