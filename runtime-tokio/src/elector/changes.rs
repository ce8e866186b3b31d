//! A stream of what happens, that a slow reader cannot hold up.

use std::sync::Arc;

use quorate_core::election::Event;

use super::shared::Shared;
use crate::reader::Reader;

/// The stream that [`Elector::changes`](super::Elector::changes) gives.
#[derive(Debug)]
pub struct LeadershipChanges {
    shared: Arc<Shared>,
    reader: Reader<Event>,
}

impl LeadershipChanges {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let mut reader = Reader::new();
        catch_up(&shared, &mut reader);
        Self { shared, reader }
    }

    /// The next event; `None` once the election has ended, after all that was told before. Dropping the future loses nothing,
    /// so it may be one branch of a `select!`.
    pub async fn next(&mut self) -> Option<Event> {
        self.reader.next(|reader| catch_up(&self.shared, reader)).await
    }

    /// How many events this stream has missed so far because it was read too slowly: more than 1024 steps of the machine (an
    /// answer, a line of a watch) behind. In their place it was told the present: who holds the Lease, and how we stand.
    ///
    /// It grows within [`next`](Self::next), before the first event of the present is given.
    #[must_use]
    pub const fn missed(&self) -> u64 {
        self.reader.missed()
    }
}

/// From the present on with the channel. Returns how many events are skipped.
fn catch_up(shared: &Shared, reader: &mut Reader<Event>) -> usize {
    let state = shared.lock();
    reader.resume(state.subscribe(), state.told, state.present.iter().flatten().cloned())
}
