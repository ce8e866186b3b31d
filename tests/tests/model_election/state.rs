//! What a state of the model is: the candidates, the server, what is under way between them, and what is left to befall them.

use std::sync::Arc;
use std::time::Duration;

use quorate_core::election::{Election, FencingToken};
use quorate_core::machine::Machine as _;
use quorate_core::testing::WatchId;
use quorate_core::time::Instant;
use serde_json::{Map, Value};

use super::faults::Faults;
use super::names::Named;
use super::rival::Rival;
use super::server::{Answer, Call, Life, Server};

/// The clocks stand still here: all else moves into the past.
pub(crate) const NOW: Instant = Instant::since_origin(Duration::from_secs(10_000));

/// Three ticks of lease duration, two of renew deadline.
pub(crate) const LEASE_DURATION: u8 = 3;

/// Longer ago than this, it makes no difference when a write was sent.
pub(crate) const LONGEST: Duration = Duration::from_secs(LEASE_DURATION as u64);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct State {
    pub(crate) nodes: Vec<Arc<Named<Node>>>,
    pub(crate) server: Arc<Named<Server>>,
    /// Writes that were given up, and may be carried out nevertheless.
    pub(crate) late: Vec<Call>,
    pub(crate) faults: Faults,
    pub(crate) rival: Option<Rival>,
    /// The newest token.
    pub(crate) token: u64,
    /// Ticks since the content of the Lease was changed last.
    pub(crate) unchanged: u16,
    /// Ticks in which somebody stood and nobody led or worked, where they are counted. Mischief begins them anew, and so does
    /// what a dead leader wrote: renewals by who does not lead do not.
    pub(crate) leaderless: u16,
    pub(crate) last_change: Change,
    /// What happened last began a term.
    pub(crate) has_begun: bool,
    pub(crate) broken: Option<Broken>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Node {
    pub(crate) election: Election,
    pub(crate) life: Life,
    /// Under way to the server.
    pub(crate) call: Option<Call>,
    /// Under way from the server.
    pub(crate) answer: Option<Answer>,
    pub(crate) stream: Option<Stream>,
    pub(crate) work: Option<Work>,
    pub(crate) is_cut_off: bool,
    pub(crate) is_paused: bool,
    pub(crate) told: Told,
    /// When the last of its writes was sent that the server has carried out.
    pub(crate) proven: Instant,
}

/// What a candidate was told last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Told {
    Stand,
    StepDown,
    ShutDown,
}

/// A watch, and what of it is under way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Stream {
    /// The server's end of it; `None` when it has fallen silent.
    pub(crate) id: Option<WatchId>,
    pub(crate) parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Part {
    Head,
    Line(Map<String, Value>),
    End,
}

/// The work of a term. It is killed at its deadline, whatever its host does.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Work {
    pub(crate) token: FencingToken,
    pub(crate) deadline: Instant,
    pub(crate) is_stopping: bool,
}

/// How the present holder came to the Lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Change {
    First,
    Released,
    AfterRelease,
    TakeOver,
}

/// What no state can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Broken {
    /// Work was begun beside that of an earlier term, or an order was given for work that there is not.
    E1,
    /// The Lease was taken, or freed, while its holder worked; or taken before its duration had passed unchanged.
    E3,
    /// A token was not newer than the last.
    E4,
    /// The transitions did not count the terms.
    Transitions,
    /// A write altered what is not ours.
    E6,
}

impl Node {
    pub(crate) fn leads(&self) -> bool {
        self.election.is_leading(NOW)
    }

    pub(crate) fn is_working(&self) -> bool {
        self.work.as_ref().is_some_and(|work| NOW < work.deadline)
    }

    /// Whether there is no work that was not told to stop.
    pub(crate) fn is_stopping(&self) -> bool {
        self.work.as_ref().is_none_or(|work| work.is_stopping)
    }

    /// Whether it was told to, and has nothing left to do.
    pub(crate) fn has_left(&self) -> bool {
        self.told != Told::Stand && self.work.is_none() && self.is_quiet()
    }

    pub(crate) fn is_due(&self) -> bool {
        !self.is_paused && self.election.deadline().is_some_and(|deadline| deadline.at <= NOW)
    }

    pub(crate) fn has_news(&self) -> bool {
        self.stream.as_ref().is_some_and(|stream| !stream.parts.is_empty())
    }

    /// Whether nothing is under way, nor to be done.
    pub(crate) fn is_quiet(&self) -> bool {
        let is_idle = !self.is_due() && self.answer.is_none() && !self.has_news();
        (self.is_paused || is_idle) && self.call.is_none()
    }
}

impl State {
    pub(crate) fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter().map(|node| &node.part)
    }

    /// For changes: what is shared with other states is copied first.
    pub(crate) fn node(&mut self, index: usize) -> &mut Node {
        &mut Arc::make_mut(&mut self.nodes[index]).part
    }

    pub(crate) fn server(&mut self) -> &mut Server {
        &mut Arc::make_mut(&mut self.server).part
    }

    pub(crate) fn has_lease(&self) -> bool {
        self.server.part.lease().is_some()
    }

    pub(crate) fn someone_leads(&self) -> bool {
        self.nodes().any(Node::leads)
    }

    /// Whether nobody can be expected to lead: somebody leads or works, or nobody stands.
    pub(crate) fn needs_no_leader(&self) -> bool {
        self.nodes().any(|node| node.leads() || node.is_working()) || self.nodes().all(|node| node.told != Told::Stand)
    }

    /// The first promise that is broken is the one that is told.
    pub(crate) fn fail(&mut self, broken: Broken) {
        self.broken.get_or_insert(broken);
    }
}
