//! A stream of what happens, that a slow reader cannot hold up.

use std::collections::VecDeque;
use std::sync::Arc;

use quorate_core::election::Event;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::coop;
use tracing::warn;

use super::shared::{Shared, Step};

/// The stream that [`Elector::changes`](super::Elector::changes) gives.
#[derive(Debug)]
pub struct LeadershipChanges {
    shared: Arc<Shared>,
    /// Absent when the task has ended.
    steps: Option<Receiver<Step>>,
    /// How many of the election's events have come here, or were there before this stream.
    seen: usize,
    missed: u64,
    /// What comes before the next step of the channel.
    first: VecDeque<Event>,
}

impl LeadershipChanges {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let mut changes = Self { shared, steps: None, seen: 0, missed: 0, first: VecDeque::new() };
        changes.catch_up();
        changes
    }

    /// The next event; `None` once the election has ended, after all that was told before. Dropping the future loses nothing,
    /// so it may be one branch of a `select!`.
    pub async fn next(&mut self) -> Option<Event> {
        // Whoever reads a long step must let the other tasks have their turn.
        coop::consume_budget().await;
        loop {
            if let Some(event) = self.first.pop_front() {
                return Some(event);
            }
            match self.steps.as_mut()?.recv().await {
                Ok(step) => {
                    self.seen = self.seen.wrapping_add(step.len());
                    self.first.extend(step.iter().cloned());
                }
                Err(RecvError::Lagged(_)) => {
                    let missed = self.catch_up();
                    // Not with the election's target: who turns that off and prints the events has not been told this.
                    warn!(missed, "a stream is read too slowly: it is told the present instead");
                    self.missed = self.missed.saturating_add(u64::try_from(missed).unwrap_or(u64::MAX));
                }
                Err(RecvError::Closed) => return None,
            }
        }
    }

    /// How many events this stream has missed so far because it was read too slowly: more than 1024 steps of the machine (an
    /// answer, a line of a watch) behind. In their place it was told the present: who holds the Lease, and how we stand.
    ///
    /// It grows within [`next`](Self::next), before the first event of the present is given.
    #[must_use]
    pub const fn missed(&self) -> u64 {
        self.missed
    }

    /// From the present on with the channel. Returns how many events it skips.
    fn catch_up(&mut self) -> usize {
        let state = self.shared.lock();
        let missed = state.told.wrapping_sub(self.seen);
        (self.steps, self.seen) = (state.subscribe(), state.told);
        self.first.extend(state.present.iter().flatten().cloned());
        missed
    }
}
