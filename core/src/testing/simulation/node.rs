//! One node: its clocks, its process with both machines, its work, its connections and its links.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::chance::Chance;
use super::clock::Clock;
use super::fault::Partition;
use super::plan::{ClockPlan, Plan, PlanError};
use super::queue::{Event, Exchange, Micros, Process};
use crate::election::{Election, FencingToken};
use crate::membership::{LinkFailure, LinkId, LinkOptions, Membership, Order};
use crate::name::NodeName;
use crate::testing::promises::MembershipPromises;
use crate::time::Instant;

/// How long work takes to stop, unless it is slow.
const STOP: Micros = 100_000;

#[derive(Debug)]
pub(super) struct Node {
    pub(super) process: Process,
    pub(super) is_up: bool,
    /// When its process started.
    pub(super) started_at: Micros,
    pub(super) clock: Clock,
    /// Observers have none.
    pub(super) election: Option<Election>,
    pub(super) membership: Membership,
    /// When its machines want to be woken: asked for once they were fed, as it depends on nothing else.
    pub(super) election_due: Option<Instant>,
    pub(super) membership_due: Option<Instant>,
    pub(super) promises: MembershipPromises,
    pub(super) work: Option<Work>,
    /// How long its work takes to stop.
    pub(super) stop: Micros,
    pub(super) line: Line,
    pub(super) connector: Connector,
    /// The number of its pod; observers have none.
    pub(super) pod: Option<u64>,
    pub(super) token: String,
    pub(super) paused_until: Micros,
    pub(super) suspended_until: Micros,
    /// Until when something is wrong with it.
    pub(super) disturbed_until: Micros,
    /// The last time as of which its view and links were compared with the server.
    pub(super) compared: Micros,
    pub(super) chance: Chance,
}

/// The work of a term. Whatever watches over it kills it at the hard deadline, whatever else stands still.
#[derive(Clone, Debug)]
pub(super) struct Work {
    pub(super) term: FencingToken,
    pub(super) deadline: Instant,
    pub(super) is_stopping: bool,
    pub(super) is_gone: bool,
    /// At its hard deadline: a machine that leads on nevertheless is not told that its work has ended by itself.
    pub(super) is_killed: bool,
}

/// The connections of a process to the server, and what is wrong with them.
#[derive(Clone, Debug, Default)]
pub(super) struct Line {
    pub(super) in_flight: BTreeMap<Exchange, Way>,
    pub(super) partition: Option<Partition>,
    /// What waits for the end of a partition.
    pub(super) held: Vec<Event>,
    pub(super) slow: Option<Slowness>,
    pub(super) lost_percent: u8,
}

/// How an exchange is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Way {
    pub(super) is_watch: bool,
    /// When the last part of its answer arrives: they keep their order.
    pub(super) last_part: Micros,
    /// Its connection was cut: nothing comes of it but the word that it was.
    pub(super) is_cut: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Slowness {
    pub(super) base: Micros,
    pub(super) tail_percent: u8,
    pub(super) tail: Micros,
}

/// The links as they are, and the attempts on them.
#[derive(Clone, Debug, Default)]
pub(super) struct Connector {
    pub(super) links: BTreeMap<NodeName, u64>,
    pub(super) attempts: BTreeMap<LinkId, Attempt>,
    /// Whose last connect the application refused.
    pub(super) refused: BTreeSet<NodeName>,
}

#[derive(Clone, Debug)]
pub(super) struct Attempt {
    pub(super) order: Order,
    pub(super) outcome: Result<(), LinkFailure>,
    /// It never ends.
    pub(super) is_lost: bool,
}

impl Connector {
    /// Whether an attempt on this name has yet to be reported.
    pub(super) fn is_busy_with(&self, name: &NodeName) -> bool {
        self.attempts.values().any(|attempt| match &attempt.order {
            Order::Connect { peer, .. } | Order::Disconnect { peer, .. } => peer.name == *name,
            _ => false,
        })
    }
}

impl Node {
    pub(super) fn new(plan: &Plan, number: usize, clock: ClockPlan) -> Result<Self, PlanError> {
        let process = Process { node: number, life: 0 };
        let (election, membership, promises) = machines(plan, process, None)?;
        Ok(Self {
            process,
            is_up: false,
            started_at: 0,
            clock: Clock::new(clock),
            election,
            membership,
            election_due: None,
            membership_due: None,
            promises,
            work: None,
            stop: STOP,
            line: Line::default(),
            connector: Connector::default(),
            pod: None,
            token: alloc::format!("token-{number}"),
            paused_until: 0,
            suspended_until: 0,
            disturbed_until: 0,
            compared: 0,
            chance: Chance::new(plan.seed, 1000_u64.saturating_add(u64::try_from(number).unwrap_or_default())),
        })
    }

    /// Another process takes the place of the one before.
    pub(super) fn replace(&mut self, plan: &Plan, life: u64, own: Option<NodeName>) -> Result<(), PlanError> {
        self.process.life = life;
        (self.election, self.membership, self.promises) = machines(plan, self.process, own)?;
        (self.election_due, self.membership_due) = (None, None);
        Ok(())
    }

    pub(super) fn stands_still_until(&self) -> Micros {
        self.paused_until.max(self.suspended_until)
    }

    /// When its host has something to do, and what.
    pub(super) fn wakes_at(&self, real: Micros) -> Option<(Micros, Wake)> {
        if !self.is_up {
            return None;
        }
        let still = self.stands_still_until();
        let work = self.work.as_ref().and_then(|work| match work.is_gone {
            true if work.is_killed && !work.is_stopping => None,
            true => Some((still.max(real), Wake::WorkGone)),
            false => Some((self.clock.real(work.deadline).max(self.suspended_until), Wake::Watchdog)),
        });
        let election = self.election_due.map(|due| (self.clock.real(due).max(still), Wake::Election));
        let membership = self.membership_due.map(|due| (self.clock.real(due).max(still), Wake::Membership));
        [work, election, membership].into_iter().flatten().min_by_key(|(at, _)| *at)
    }

    pub(super) fn leading_until(&self) -> Option<Instant> {
        self.election.as_ref().filter(|_| self.is_up).and_then(Election::leading_until)
    }

    pub(super) fn is_leading(&self, real: Micros) -> bool {
        self.leading_until().is_some_and(|until| self.clock.now(real).instant < until)
    }

    /// Whether the work of a term runs that nobody has killed yet.
    pub(super) fn works(&self, real: Micros) -> bool {
        self.work.as_ref().is_some_and(|work| !work.is_gone && self.clock.now(real).instant < work.deadline)
    }

    /// How long a letter takes, one way.
    pub(super) fn latency(&mut self, least: Micros) -> Micros {
        let half = least.checked_div(2).unwrap_or_default();
        let usual = least.saturating_add(self.chance.below(half.saturating_add(1)));
        let Some(Slowness { base, tail_percent, tail }) = self.line.slow else { return usual };
        let tail = if self.chance.percent(tail_percent) { self.chance.between(0, tail) } else { 0 };
        usual.saturating_add(base).saturating_add(tail)
    }
}

/// Why a host is woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wake {
    Election,
    Membership,
    /// The hard deadline of the work has come.
    Watchdog,
    /// The machine is to be told that its work is gone.
    WorkGone,
}

impl fmt::Display for Wake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Election => "has a deadline of its election",
            Self::Membership => "has a deadline of its membership",
            Self::Watchdog => "has its work killed",
            Self::WorkGone => "notices that its work is gone",
        })
    }
}

type Machines = (Option<Election>, Membership, MembershipPromises);

fn machines(plan: &Plan, process: Process, own: Option<NodeName>) -> Result<Machines, PlanError> {
    let is_candidate = process.node < plan.nodes;
    let election = is_candidate.then(|| plan.election(process.node, process.life)).transpose()?.map(Election::new);
    let seed = plan.seed.wrapping_add(process.life);
    let links = LinkOptions { self_name: own.clone(), seed, ..LinkOptions::default() };
    let membership = Membership::linked(plan.membership(process.life)?, links.build().map_err(PlanError::new)?);
    Ok((election, membership, MembershipPromises::new(own, Plan::policy()?.naming)))
}
