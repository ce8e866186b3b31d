//! A stream of what happens, that a slow reader cannot hold up and does not lose its place in.

use std::sync::Arc;

use quorate_core::membership::{Change, Departure, Event};

use super::shared::{Members, Shared, follow};
use crate::reader::Reader;

/// The stream that [`MembershipHandle::changes`](super::MembershipHandle::changes) gives.
#[derive(Debug)]
pub struct Changes {
    shared: Arc<Shared>,
    reader: Reader<Event>,
    told: Told,
}

/// What this stream was told.
#[derive(Debug, Default)]
struct Told {
    members: Members,
    synced: bool,
}

impl Changes {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let (mut reader, told) = (Reader::new(), Told::default());
        told.catch_up(&shared, &mut reader);
        Self { shared, reader, told }
    }

    /// The next event; `None` once the membership has ended, after all that was told before. Dropping the future loses
    /// nothing, so it may be one branch of a `select!`.
    pub async fn next(&mut self) -> Option<Event> {
        let event = self.reader.next(|reader| self.told.catch_up(&self.shared, reader)).await?;
        match &event {
            Event::Change(change) => follow(&mut self.told.members, change),
            Event::Synced { .. } => self.told.synced = true,
            _ => {}
        }
        Some(event)
    }

    /// How many events this stream has missed so far because it was read too slowly: more than 1024 steps of the machine
    /// (an answer, a line of a watch) behind. In their place it was told how the view differs, which takes fewer events.
    ///
    /// It grows within [`next`](Self::next), before the first event of the difference is given.
    #[must_use]
    pub const fn missed(&self) -> u64 {
        self.reader.missed()
    }
}

impl Told {
    /// From what was told last to the view as it is, and from there on with the channel. Returns how many events are skipped.
    fn catch_up(&self, shared: &Shared, reader: &mut Reader<Event>) -> usize {
        let state = shared.lock();
        let changes = differences(&self.members, &state.members).map(Event::Change);
        let synced = (state.is_synced && !self.synced).then(|| Event::Synced { members: state.members.len() });
        let standing = Event::Standing(state.standing.clone());
        reader.resume(state.subscribe(), state.told, changes.chain(synced).chain([standing]))
    }
}

fn differences<'m>(before: &'m Members, after: &'m Members) -> impl Iterator<Item = Change> + 'm {
    let left = before.values().filter_map(|member| {
        let replaced = match after.get(&member.name) {
            Some(now) if now.identity() == member.identity() => return None,
            now => now.is_some(),
        };
        let why = if replaced { Departure::Replaced } else { Departure::Gone };
        Some(Change::Left { member: Arc::clone(member), why })
    });
    let come = after.values().filter_map(|now| match before.get(&now.name) {
        Some(then) if then == now => None,
        Some(then) if then.identity() == now.identity() => {
            Some(Change::Changed { before: Arc::clone(then), after: Arc::clone(now) })
        }
        _ => Some(Change::Joined(Arc::clone(now))),
    });
    left.chain(come)
}
