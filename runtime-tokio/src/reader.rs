//! One reader of a stream of events, that cannot hold the others up.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::coop;
use tracing::warn;

/// How many steps of a machine (an answer, a line of a watch) a reader may be behind before it misses some. Not events: a single
/// step has as many as the first list has members, and no reader can be faster than a step.
pub(crate) const BACKLOG: usize = 1024;

/// The events of one step of a machine.
pub(crate) type Step<E> = Arc<[E]>;

/// Where a reader is, and what it has missed.
#[derive(Debug)]
pub(crate) struct Reader<E> {
    /// Absent when the task has ended.
    steps: Option<Receiver<Step<E>>>,
    /// How many events have come here, or were there before this stream.
    seen: usize,
    missed: u64,
    /// What comes before the next step of the channel.
    first: VecDeque<E>,
}

impl<E: Clone> Reader<E> {
    pub(crate) const fn new() -> Self {
        Self { steps: None, seen: 0, missed: 0, first: VecDeque::new() }
    }

    /// Goes on with this channel, on which so many events were told before, after these. Returns how many it skips.
    pub(crate) fn resume(
        &mut self,
        steps: Option<Receiver<Step<E>>>,
        told: usize,
        first: impl IntoIterator<Item = E>,
    ) -> usize {
        let skipped = told.wrapping_sub(self.seen);
        (self.steps, self.seen) = (steps, told);
        self.first.extend(first);
        skipped
    }

    /// The next event; `None` once the task has ended, after all that was told before. Dropping the future loses nothing.
    ///
    /// `catch_up` resumes a reader that has missed something, with what makes up for it.
    pub(crate) async fn next(&mut self, catch_up: impl Fn(&mut Self) -> usize) -> Option<E> {
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
                    let missed = catch_up(self);
                    // Not with the events' own target: who turns that off and prints the events has not been told this.
                    warn!(missed, "a stream is read too slowly: it is told what makes up for it");
                    self.missed = self.missed.saturating_add(u64::try_from(missed).unwrap_or(u64::MAX));
                }
                Err(RecvError::Closed) => return None,
            }
        }
    }

    pub(crate) const fn missed(&self) -> u64 {
        self.missed
    }
}
