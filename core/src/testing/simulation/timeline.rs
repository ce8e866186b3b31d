//! Who led, worked and was linked from when to when, and which faults held: for a picture.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

/// What happened over time, in spans.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeline {
    /// All spans that have ended, in the order in which they did.
    pub spans: Vec<Span>,
    open: BTreeMap<(Lane, String), Duration>,
}

/// Something that lasted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Span {
    /// Where it belongs.
    pub lane: Lane,
    /// What it says: a term's token, a peer's name, a fault.
    pub what: String,
    /// When it began, in real time since the beginning.
    pub start: Duration,
    /// When it ended.
    pub end: Duration,
}

/// What a span is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Lane {
    /// This node's process is down.
    Down(usize),
    /// A fault holds: of a node, or of all.
    Fault(Option<usize>),
    /// This node's guard says "leading".
    Leads(usize),
    /// This node is linked.
    Linked(usize),
    /// The work of this node runs.
    Works(usize),
}

impl Timeline {
    /// A span begins; one that is open goes on.
    pub(super) fn open(&mut self, at: Duration, lane: Lane, what: String) {
        self.open.entry((lane, what)).or_insert(at);
    }

    /// A span ends.
    pub(super) fn close(&mut self, at: Duration, lane: Lane, what: &str) {
        if let Some(start) = self.open.remove(&(lane, String::from(what))) {
            self.spans.push(Span { lane, what: what.into(), start, end: at.max(start) });
        }
    }

    /// All open spans of a lane end, but this one, which begins or goes on.
    pub(super) fn show(&mut self, at: Duration, lane: Lane, what: Option<String>) {
        let range = (lane, String::new())..;
        let open = self.open.range(range).take_while(|((of, _), _)| *of == lane).map(|((_, what), _)| what.clone());
        let over: Vec<String> = open.filter(|open| Some(open) != what.as_ref()).collect();
        over.iter().for_each(|what| self.close(at, lane, what));
        if let Some(what) = what {
            self.open(at, lane, what);
        }
    }

    /// Everything ends.
    pub(super) fn until(mut self, at: Duration) -> Self {
        let open = core::mem::take(&mut self.open).into_iter();
        self.spans.extend(open.map(|((lane, what), start)| Span { lane, what, start, end: at.max(start) }));
        self
    }
}
