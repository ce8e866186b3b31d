//! A stream of what happens, that a slow reader cannot hold up and does not lose its place in.

use std::collections::VecDeque;
use std::sync::Arc;

use quorate_core::membership::{Change, Departure, Event};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::coop;
use tracing::warn;

use super::shared::{Members, Shared, Step, follow};

/// The stream that [`MembershipHandle::changes`](super::MembershipHandle::changes) gives.
#[derive(Debug)]
pub struct Changes {
    shared: Arc<Shared>,
    /// Absent when the task has ended.
    steps: Option<Receiver<Step>>,
    /// How many of the membership's events have come here, or were there before this stream.
    seen: usize,
    missed: u64,
    /// The view as this stream was told it.
    told: Members,
    told_synced: bool,
    /// What comes before the next step of the channel.
    first: VecDeque<Event>,
}

impl Changes {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let (told, first) = (Members::new(), VecDeque::new());
        let mut changes = Self { shared, steps: None, seen: 0, missed: 0, told, told_synced: false, first };
        changes.catch_up();
        changes
    }

    /// The next event; `None` once the membership has ended, after all that was told before. Dropping the future loses
    /// nothing, so it may be one branch of a `select!`.
    pub async fn next(&mut self) -> Option<Event> {
        // Whoever reads a long step must let the other tasks have their turn.
        coop::consume_budget().await;
        loop {
            if let Some(event) = self.first.pop_front() {
                match &event {
                    Event::Change(change) => follow(&mut self.told, change),
                    Event::Synced { .. } => self.told_synced = true,
                    _ => {}
                }
                return Some(event);
            }
            match self.steps.as_mut()?.recv().await {
                Ok(step) => {
                    self.seen = self.seen.wrapping_add(step.len());
                    self.first.extend(step.iter().cloned());
                }
                Err(RecvError::Lagged(_)) => {
                    let missed = self.catch_up();
                    // Not with the membership's target: who turns that off and prints the events has not been told this.
                    warn!(missed, "a stream is read too slowly: it is told how the view differs instead");
                    self.missed = self.missed.saturating_add(u64::try_from(missed).unwrap_or(u64::MAX));
                }
                Err(RecvError::Closed) => return None,
            }
        }
    }

    /// How many events this stream has missed so far because it was read too slowly: more than 1024 steps of the machine
    /// (an answer, a line of a watch) behind. In their place it was told how the view differs, which takes fewer events.
    ///
    /// It grows within [`next`](Self::next), before the first event of the difference is given.
    #[must_use]
    pub const fn missed(&self) -> u64 {
        self.missed
    }

    /// From what was told last to the view as it is, and from there on with the channel. Returns how many events it skips.
    fn catch_up(&mut self) -> usize {
        let state = self.shared.lock();
        let missed = state.told.wrapping_sub(self.seen);
        (self.steps, self.seen) = (state.subscribe(), state.told);
        self.first.extend(differences(&self.told, &state.members).map(Event::Change));
        if state.is_synced && !self.told_synced {
            self.first.push_back(Event::Synced { members: state.members.len() });
        }
        self.first.push_back(Event::Standing(state.standing.clone()));
        missed
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
