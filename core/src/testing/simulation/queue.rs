//! What is to come, in order of time.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use super::letter::Letter;
use crate::api::Request;
use crate::election::FencingToken;
use crate::machine::RequestId;
use crate::membership::LinkId;
use crate::testing::promises::ProcessId;
use crate::time::Instant;

/// Real time, which nobody can read, in microseconds.
pub(super) type Micros = u64;

/// A process: the number of its node, and its life, which no other process has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Process {
    pub(super) node: usize,
    pub(super) life: u64,
}

impl Process {
    pub(super) const fn id(self) -> ProcessId {
        ProcessId(self.life)
    }
}

/// Which of a process's two machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Election,
    Membership,
}

/// One exchange of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Exchange {
    pub(super) part: Part,
    pub(super) id: RequestId,
}

#[derive(Clone, Debug)]
pub(super) enum Event {
    Answer {
        to: Process,
        exchange: Exchange,
        letter: Letter,
    },
    Arrive {
        from: Process,
        exchange: Exchange,
        request: Request,
        sent_at: Instant,
    },
    /// The fault of this number.
    Begin(usize),
    End(usize),
    Dropped {
        of: Process,
        name: String,
    },
    Finish,
    LinkActs {
        of: Process,
        id: LinkId,
    },
    LinkEnds {
        of: Process,
        id: LinkId,
    },
    PodGone(u64),
    PodReady(u64, bool),
    Restart(usize),
    Roll {
        batch: usize,
        every: Micros,
        pods: Vec<u64>,
    },
    Stand(Process),
    WorkStopped {
        of: Process,
        term: FencingToken,
    },
    WorkTick {
        of: Process,
        term: FencingToken,
    },
}

/// In order of time; what is planned for the same time happens in the order in which it was planned.
#[derive(Clone, Debug, Default)]
pub(super) struct Queue {
    events: BTreeMap<(Micros, u64), Event>,
    sequence: u64,
}

impl Queue {
    pub(super) fn plan(&mut self, at: Micros, event: Event) {
        self.sequence = self.sequence.saturating_add(1);
        self.events.insert((at, self.sequence), event);
    }

    pub(super) fn next_at(&self) -> Option<Micros> {
        self.events.first_key_value().map(|((at, _), _)| *at)
    }

    pub(super) fn peek(&self) -> Option<&Event> {
        self.events.first_key_value().map(|(_, event)| event)
    }

    pub(super) fn pop(&mut self) -> Option<Event> {
        self.events.pop_first().map(|(_, event)| event)
    }
}
