//! Whose turn it is, and when the next one's will be: the index that keeps every step as cheap as what it changes.

use alloc::collections::BTreeSet;

use crate::name::NodeName;
use crate::time::Instant;

/// What a link queues for. Disconnects go first: a link to who is gone does harm, and stands in the way of a successor's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Turn {
    Disconnect,
    Connect,
}

/// Where a link stands in the agenda.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Place {
    /// It waits for a time.
    Timer(Instant),
    /// Its time came then; it waits for its turn.
    Queue(Turn, Instant),
}

/// All links that wait, each in one place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Agenda {
    timers: BTreeSet<(Instant, NodeName)>,
    queue: BTreeSet<(Turn, Instant, NodeName)>,
}

impl Agenda {
    /// Moves a link from where it is to where it belongs.
    pub(super) fn put(&mut self, name: &NodeName, place: &mut Option<Place>, belongs: Option<Place>) {
        match (*place, belongs) {
            (Some(Place::Queue(turn, _)), Some(Place::Queue(same, _))) if turn == same => return, // First come, first served.
            (place, belongs) if place == belongs => return,
            (Some(Place::Timer(at)), _) => drop(self.timers.remove(&(at, name.clone()))),
            (Some(Place::Queue(turn, at)), _) => drop(self.queue.remove(&(turn, at, name.clone()))),
            (None, _) => {}
        }
        match belongs {
            Some(Place::Timer(at)) => drop(self.timers.insert((at, name.clone()))),
            Some(Place::Queue(turn, at)) => drop(self.queue.insert((turn, at, name.clone()))),
            None => {}
        }
        *place = belongs;
    }

    /// The timer that is due first.
    pub(super) fn next_timer(&self) -> Option<&(Instant, NodeName)> {
        self.timers.first()
    }

    /// Who has its turn next.
    pub(super) fn next_turn(&self) -> Option<&NodeName> {
        self.queue.first().map(|(_, _, name)| name)
    }

    pub(super) fn queued(&self) -> usize {
        self.queue.len()
    }
}
