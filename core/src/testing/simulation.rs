//! A whole cluster in virtual time: real machines, the fake API server, and whatever befalls them.
//!
//! A [`Plan`] says what is simulated: how many nodes, with what settings and clocks, and which [`Fault`]s befall them when.
//! Each node has a real [`Election`](crate::election::Election) and a real, linked [`Membership`](crate::membership::Membership);
//! they share one [`FakeApi`](super::FakeApi). A [`Simulation`] takes one step after another and holds each against
//! [what must hold](super::promises). It is deterministic: the same plan gives the same steps, byte for byte.
//!
//! What breaks a promise is a [`Violation`]; [`shrink()`] makes its plan smaller, and a [`Trace`] is the file that keeps it.
//!
//! # What is simulated, and what is not
//!
//! - Guards and whatever watches over work go by their node's monotonic clock, which counts on while it is suspended. The work
//!   of a process that is merely paused runs on until its hard deadline.
//! - Who is linked to a peer is each node's own matter: a link is a session that this node has opened.
//! - The server is one, and consistent: it gives no stale reads, and its history is never rewound.
//! - A Lease may be deleted, and made anew, but nobody holds it or frees it by hand: for that at most one leads is not promised.
//!
//! # Example
//!
//! Handlers of your own under test: here, those of a store that is shared by all nodes. The work of a leader writes to it, by
//! way of a network that may take a minute.
//!
//! ```
//! use core::time::Duration;
//! use std::collections::{BTreeMap, BTreeSet};
//!
//! use proptest::prelude::*;
//! use quorate_core::election::FencingToken;
//! use quorate_core::membership::{LinkFailure, Member};
//! use quorate_core::testing::promises::Promise;
//! use quorate_core::testing::simulation::{Application, Fault, Mix, Plan, Planned, Simulation, shrink_with};
//!
//! #[derive(Default)]
//! struct Store {
//!     /// Whether it refuses writes with an older token than the newest.
//!     fences: bool,
//!     newest: Option<FencingToken>,
//!     under_way: Vec<(Duration, FencingToken)>,
//!     overwritten: Option<String>,
//!     sessions: BTreeMap<usize, BTreeSet<String>>,
//! }
//!
//! impl Store {
//!     fn write(&mut self, token: FencingToken) {
//!         match &self.newest {
//!             Some(newest) if token < *newest && self.fences => {}
//!             Some(newest) if token < *newest => self.overwritten = Some(format!("{newest} by {token}")),
//!             _ => self.newest = Some(token),
//!         }
//!     }
//! }
//!
//! impl Application for Store {
//!     fn connect(&mut self, node: usize, peer: &Member, _: Duration) -> Result<(), LinkFailure> {
//!         let is_new = self.sessions.entry(node).or_default().insert(peer.name.to_string());
//!         // Quorate never dials a peer that is connected, as far as it can know.
//!         if is_new { Ok(()) } else { Err(LinkFailure::new("there is a session already")) }
//!     }
//!
//!     fn disconnect(&mut self, node: usize, peer: &Member, _: Duration) -> Result<(), LinkFailure> {
//!         self.sessions.entry(node).or_default().remove(peer.name.as_str());
//!         Ok(())
//!     }
//!
//!     fn dropped(&mut self, node: usize, name: &str, _: Duration) {
//!         self.sessions.entry(node).or_default().remove(name);
//!     }
//!
//!     fn killed(&mut self, node: usize, _: Duration) {
//!         self.sessions.remove(&node);
//!     }
//!
//!     fn work_period(&self) -> Option<Duration> {
//!         Some(Duration::from_secs(1))
//!     }
//!
//!     fn work(&mut self, _: usize, token: &FencingToken, now: Duration) {
//!         let delay = Duration::from_secs(if now.as_secs() % 7 == 0 { 60 } else { 0 });
//!         self.under_way.push((now + delay, token.clone()));
//!         let arrived: Vec<_> = self.under_way.extract_if(.., |(at, _)| *at <= now).collect();
//!         arrived.into_iter().for_each(|(_, token)| self.write(token));
//!     }
//!
//!     fn check(&self) -> Result<(), String> {
//!         self.overwritten.clone().map_or(Ok(()), Err)
//!     }
//! }
//!
//! // Whatever befalls its nodes in an hour, and whatever the seed:
//! proptest!(ProptestConfig { cases: 4, failure_persistence: None, ..ProptestConfig::default() }, |(seed: u64)| {
//!     let plan = Plan::random(seed, &Mix { faults_per_hour: 120, ..Mix::default() });
//!     let outcome = Simulation::with(plan, Store { fences: true, ..Store::default() }).unwrap().run();
//!     // A violation says which seed it was, and shrinks.
//!     prop_assert!(outcome.is_ok(), "{}", outcome.unwrap_err());
//! });
//!
//! // A store without a fence is found out by one step-down:
//! let faults = (0..2).flat_map(|node| {
//!     [20_000, 40_000].map(|at_ms| Planned::new(at_ms, Fault::StepDown { node, for_ms: 1_000 }))
//! });
//! let plan = Plan { nodes: 2, faults: faults.collect(), ..Plan::default() };
//! let violation = Simulation::with(plan.clone(), Store::default())?.run().unwrap_err();
//! assert_eq!(violation.promise, Promise::Application);
//! let smallest = shrink_with(&plan, &violation, Store::default);
//! assert_eq!(smallest.faults.len(), 1);
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```

mod application;
mod begin;
mod chance;
mod checks;
mod clock;
mod cluster;
mod fault;
mod feed;
mod letter;
mod line;
mod links;
mod mix;
mod node;
mod plan;
mod processes;
mod queue;
mod reading;
mod report;
mod scene;
mod serve;
mod shrink;
mod timeline;
mod trace;
mod work;

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::mem;
use core::time::Duration;

pub use application::{Application, Plain};
pub use fault::{Fault, FaultKind, Partition};
pub use mix::Mix;
pub use plan::{ClockPlan, ElectionPlan, LeasePlan, MembershipPlan, Plan, PlanError, Planned, Whom};
pub use report::{Report, Step, Violation, Who};
pub use shrink::{shrink, shrink_with};
pub use timeline::{Lane, Span, Timeline};
pub use trace::{Trace, TraceError, Violated};

use begin::Active;
use chance::Chance;
use clock::{duration, micros};
use cluster::Cluster;
use node::{Node, Wake};
use queue::{Event, Exchange, Micros, Process, Queue};

use super::WatchId;
use super::promises::{Broken, ElectionPromises, Promise};
use crate::election::{LONGEST_LEASE, Report as ElectionReport};
use crate::machine::Input;

/// How long a run goes on once all faults have ended: nothing that follows from one takes longer.
const SETTLING: Micros = 330_000_000;

/// More steps than this at one moment are none that a machine should take.
const MOST_AT_ONCE: u32 = 1_000_000;

/// A run of a plan. See the [module's documentation](self).
#[derive(Debug)]
pub struct Simulation<A = Plain> {
    plan: Plan,
    application: A,
    real: Micros,
    /// How many steps there were at this moment.
    at_once: u32,
    queue: Queue,
    cluster: Cluster,
    nodes: Vec<Node>,
    /// Whose the open watches are.
    watches: BTreeMap<WatchId, (Process, Exchange)>,
    active: Vec<Active>,
    /// Until when the server is down, and until when it refuses some requests for having just started.
    down_until: Micros,
    shaky_until: Micros,
    /// Until when no process starts: the Lease was replaced.
    none_starts_until: Micros,
    /// The status that requests are refused with, and how many of them.
    errors: Option<(u16, u8)>,
    /// The pods that nobody can connect to, and whether attempts are left without an answer.
    unreachable: BTreeMap<u64, bool>,
    /// When a link was last interfered with.
    links_disturbed_at: Micros,
    lives: u64,
    chance: Chance,
    election: ElectionPromises,
    report: Report,
    timeline: Option<Timeline>,
    notes: Vec<String>,
    is_over: bool,
}

impl Simulation {
    /// A run of this plan, without an application.
    ///
    /// # Errors
    ///
    /// When the plan cannot be carried out: its settings cannot work and are not meant to be taken unproven, say.
    pub fn new(plan: Plan) -> Result<Self, PlanError> {
        Self::with(plan, Plain)
    }
}

impl<A: Application> Simulation<A> {
    /// A run of this plan, with handlers of your own.
    ///
    /// # Errors
    ///
    /// When the plan cannot be carried out: its settings cannot work and are not meant to be taken unproven, say.
    pub fn with(plan: Plan, application: A) -> Result<Self, PlanError> {
        let config = plan.election(0, 0)?;
        let processes = plan.nodes.saturating_add(plan.observers);
        let clock = |node: usize| plan.clocks.get(node).copied().unwrap_or_default();
        let nodes: Result<Vec<_>, _> = (0..processes).map(|node| Node::new(&plan, node, clock(node))).collect();
        let slack = duration(plan.latency_us.saturating_mul(10).saturating_add(200_000));
        let mut simulation = Self {
            application,
            real: 0,
            at_once: 0,
            queue: Queue::default(),
            cluster: Cluster::new(&plan)?,
            nodes: nodes?,
            watches: BTreeMap::new(),
            active: Vec::new(),
            down_until: 0,
            shaky_until: 0,
            none_starts_until: 0,
            errors: None,
            unreachable: BTreeMap::new(),
            links_disturbed_at: 0,
            lives: 0,
            chance: Chance::new(plan.seed, 1),
            election: ElectionPromises::new(&config, plan.clock_rates(), slack),
            report: Report::default(),
            timeline: None,
            notes: Vec::new(),
            is_over: false,
            plan,
        };
        if let LeasePlan::Held { duration_s } = simulation.plan.election.lease {
            let held = duration_s.map(|seconds| Duration::from_secs(seconds.into()).min(LONGEST_LEASE));
            simulation.election.inherited(held);
        }
        simulation.prepare();
        Ok(simulation)
    }

    /// Plans what is certain to come.
    fn prepare(&mut self) {
        for (index, node) in self.nodes.iter().enumerate() {
            self.cluster.admit(index, &node.token);
            // Nobody starts at the same moment.
            let at = self.chance.below(1_000_000);
            self.queue.plan(at, Event::Restart(index));
        }
        let nodes: Vec<_> = (0..self.plan.nodes).map(Some).collect();
        let members: Vec<_> = (0..self.plan.members).map(|_| None).collect();
        let pods = self.cluster.add(0, &nodes, false);
        for (node, pod) in self.nodes.iter_mut().zip(pods) {
            node.pod = Some(pod);
        }
        self.cluster.add(0, &members, true);
        let end = self.plan.duration_ms.saturating_mul(1000);
        for (index, planned) in self.plan.faults.iter().enumerate() {
            let at = planned.at_ms.saturating_mul(1000);
            if at < end {
                self.queue.plan(at, Event::Begin(index));
            }
        }
        self.queue.plan(end.saturating_add(SETTLING), Event::Finish);
    }

    /// Keeps what the machines do in each [step](Self::step), and a [timeline](Self::timeline).
    pub fn record(&mut self) {
        self.timeline.get_or_insert_default();
    }

    /// Runs to the end.
    ///
    /// # Errors
    ///
    /// At the first promise that is broken.
    pub fn run(&mut self) -> Result<Report, Violation> {
        while !self.is_over {
            let (at, next) = self.next();
            self.advance(at, next)?;
        }
        Ok(self.report().clone())
    }

    /// Takes one step, and checks everything; `None` once the run is over.
    ///
    /// # Errors
    ///
    /// When a promise is broken. A run may be stepped on after that, for what it shows.
    pub fn step(&mut self) -> Result<Option<Step>, Violation> {
        if self.is_over {
            return Ok(None);
        }
        let (at, next) = self.next();
        let (who, what) = self.describe(&next);
        let outcome = self.advance(at, next);
        let step = Step { at: duration(self.real), who, what, actions: mem::take(&mut self.notes) };
        match outcome {
            Ok(()) => Ok(Some(step)),
            Err(violation) => Err(Violation { step: Some(Box::new(step)), ..violation }),
        }
    }

    /// Takes what comes next, and checks everything.
    fn advance(&mut self, at: Micros, next: Next) -> Result<(), Violation> {
        self.at_once = if at > self.real { 0 } else { self.at_once.saturating_add(1) };
        self.real = at.max(self.real);
        self.notes.clear();
        let outcome = self.take(next).and_then(|()| self.check());
        self.publish();
        self.draw();
        self.report.steps = self.report.steps.saturating_add(1);
        self.report.simulated = duration(self.real);
        self.report.terms = self.election.terms();
        outcome.map_err(|Broken { promise, what }| {
            let (at, seed) = (duration(self.real), self.plan.seed);
            Violation { promise, at, what, seed, step: None }
        })
    }

    /// What comes next, and when.
    fn next(&self) -> (Micros, Next) {
        let real = self.real;
        let queue = self.queue.next_at().map(|at| (at, Next::Queue));
        let server = self.cluster.api.deadline().map(|due| (micros(due.elapsed_since_origin()), Next::Server));
        let nodes = self.nodes.iter().enumerate();
        let wakes =
            nodes.clone().filter_map(|(node, it)| it.wakes_at(real).map(|(at, wake)| (at, Next::Wake(node, wake))));
        let compare = nodes.filter_map(|(node, it)| {
            self.compares_at(it).filter(|at| *at > it.compared).map(|at| (at, Next::Compare(node)))
        });
        let all = wakes.chain(server).chain(compare);
        let (at, next) = all.min_by_key(|(at, _)| *at).unwrap_or((Micros::MAX, Next::Nothing));
        // Of what is due at once, now what was planned comes first, and now what is not.
        let is_planned_first = (self.plan.seed ^ at).count_ones().is_multiple_of(2);
        let (at, next) = match queue {
            Some((planned, event)) if planned < at || (planned == at && is_planned_first) => (planned, event),
            None if next == Next::Nothing => (real, next),
            _ => (at, next),
        };
        (at.max(real), next)
    }

    fn take(&mut self, next: Next) -> Result<(), Broken> {
        if self.at_once > MOST_AT_ONCE {
            return Err(Broken::new(Promise::E7, format!("it spins: {}", self.describe(&next).1)));
        }
        match next {
            Next::Queue => match self.queue.pop() {
                Some(event) => self.happen(event),
                None => Ok(()),
            },
            Next::Wake(node, wake) => self.wake(node, wake),
            // The server sees to it when it is asked for its updates.
            Next::Server => Ok(()),
            Next::Compare(node) => self.compare(node),
            Next::Nothing => {
                self.is_over = true;
                Ok(())
            }
        }
    }

    fn wake(&mut self, node: usize, wake: Wake) -> Result<(), Broken> {
        match wake {
            Wake::Election => self.feed_election(node, Input::Timeout),
            Wake::Membership => self.feed_membership(node, Input::Timeout),
            Wake::Watchdog => {
                self.end_work(node, true);
                Ok(())
            }
            Wake::WorkGone => match self.nodes.get_mut(node).and_then(|node| node.work.take()) {
                Some(work) => self.feed_election(node, Input::Report(&ElectionReport::WorkEnded { term: work.term })),
                None => Ok(()),
            },
        }
    }

    fn happen(&mut self, event: Event) -> Result<(), Broken> {
        if let Some(until) = self.delayed_until(&event) {
            self.queue.plan(until, event);
            return Ok(());
        }
        match event {
            Event::Answer { to, exchange, letter } => return self.deliver(to, exchange, letter),
            Event::Arrive { from, exchange, request, sent_at } => {
                return self.arrive(from, exchange, request, sent_at);
            }
            Event::Begin(index) => return self.begin(index),
            Event::End(index) => self.end(index),
            Event::Dropped { of, name } => return self.report_drop(of, name),
            Event::Finish => return self.finish(),
            Event::LinkActs { of, id } => self.link_acts(of, id),
            Event::LinkEnds { of, id } => return self.link_ends(of, id),
            Event::PodGone(pod) => self.pod_gone(pod),
            Event::PodReady(pod, is_ready) => self.cluster.set_ready(self.real, pod, is_ready),
            Event::Restart(node) => return self.start(node),
            Event::Roll { batch, every, pods } => return self.roll(batch, every, pods),
            Event::Stand(process) => return self.stand(process),
            Event::WorkStopped { of, term } => {
                if self.has_work(of, &term) {
                    self.end_work(of.node, false);
                }
            }
            Event::WorkTick { of, term } => self.tick_work(of, term),
        }
        Ok(())
    }

    /// Until when an event of a process waits that stands still.
    fn delayed_until(&self, event: &Event) -> Option<Micros> {
        if matches!(event, Event::Restart(_)) {
            return (self.none_starts_until > self.real).then_some(self.none_starts_until);
        }
        let (process, only_suspended) = match event {
            Event::Answer { to, .. } => (to, false),
            Event::Dropped { of, .. } | Event::LinkActs { of, .. } | Event::LinkEnds { of, .. } => (of, false),
            Event::Stand(of) => (of, false),
            Event::WorkStopped { of, .. } | Event::WorkTick { of, .. } => (of, true),
            _ => return None,
        };
        let node = self.nodes.get(process.node).filter(|node| node.process == *process)?;
        let until = if only_suspended { node.suspended_until } else { node.stands_still_until() };
        (until > self.real).then_some(until)
    }

    fn describe(&self, next: &Next) -> (Who, String) {
        match next {
            Next::Queue => self.queue.peek().map_or((Who::World, String::new()), |event| self.describe_event(event)),
            Next::Wake(node, wake) => (Who::Node(*node), wake.to_string()),
            Next::Server => (Who::Server, "does what is due".into()),
            Next::Compare(node) => (Who::Node(*node), "is compared with the server".into()),
            Next::Nothing => (Who::World, "is over".into()),
        }
    }

    fn describe_event(&self, event: &Event) -> (Who, String) {
        match event {
            Event::Answer { to, letter, exchange } => {
                (Who::Node(to.node), format!("receives {}: {}", exchange.id, letter.describe()))
            }
            Event::Arrive { from, request, .. } => (Who::Server, format!("receives {request} from node {}", from.node)),
            Event::Begin(index) => (Who::World, self.describe_fault(*index)),
            Event::End(index) => (Who::World, format!("no more {}", self.describe_fault(*index))),
            Event::Dropped { of, name } => (Who::Node(of.node), format!("notices that the link to {name} is down")),
            Event::Finish => (Who::World, "ends".into()),
            Event::LinkActs { of, id } => (Who::Node(of.node), format!("carries out {id}")),
            Event::LinkEnds { of, id } => (Who::Node(of.node), format!("has done {id}")),
            Event::PodGone(pod) => (Who::Server, format!("pod {pod} is gone")),
            Event::PodReady(pod, true) => (Who::Server, format!("pod {pod} is ready")),
            Event::PodReady(pod, false) => (Who::Server, format!("pod {pod} is not ready")),
            Event::Restart(node) => (Who::Node(*node), "starts".into()),
            Event::Roll { batch, pods, .. } => (Who::Server, format!("replaces {batch} of {} pods", pods.len())),
            Event::Stand(of) => (Who::Node(of.node), "is to stand again".into()),
            Event::WorkStopped { of, term } => (Who::Node(of.node), format!("the work of term {term} has stopped")),
            Event::WorkTick { of, term } => (Who::Node(of.node), format!("the work of term {term} works")),
        }
    }

    /// A fault that begins, or one that holds: which node is meant, and why.
    fn describe_fault(&self, index: usize) -> String {
        let Some(planned) = self.plan.faults.get(index) else { return String::new() };
        let active = self.active.iter().find(|active| active.index == index).map(|active| active.fault.clone());
        let fault = active.unwrap_or_else(|| self.resolve(planned));
        match planned.whom {
            Whom::Named => fault.to_string(),
            whom => format!("{fault} ({whom})"),
        }
    }
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// A view and its links can be compared with the server.
    Compare(usize),
    Nothing,
    Queue,
    Server,
    Wake(usize, Wake),
}
