//! A stream of what happens, that a slow reader cannot hold up and does not lose its place in.

use std::collections::VecDeque;
use std::sync::Arc;

use quorate_core::membership::{Change, Departure, Event};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::shared::{Members, Shared, follow};

/// The stream that [`MembershipHandle::changes`](super::MembershipHandle::changes) gives.
#[derive(Debug)]
pub struct Changes {
    shared: Arc<Shared>,
    /// Absent when the task has ended.
    events: Option<Receiver<Event>>,
    /// The view as this stream was told it.
    told: Members,
    told_synced: bool,
    /// What comes before the next event of the channel.
    first: VecDeque<Event>,
}

impl Changes {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let (told, first) = (Members::new(), VecDeque::new());
        let mut changes = Self { shared, events: None, told, told_synced: false, first };
        changes.catch_up();
        changes
    }

    /// The next event; `None` once the membership has ended, after all that was told before. Dropping the future loses
    /// nothing, so it may be one branch of a `select!`.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            let event = match self.first.pop_front() {
                Some(event) => event,
                None => match self.events.as_mut()?.recv().await {
                    Ok(event) => event,
                    Err(RecvError::Lagged(_)) => {
                        self.catch_up();
                        continue;
                    }
                    Err(RecvError::Closed) => return None,
                },
            };
            match &event {
                Event::Change(change) => follow(&mut self.told, change),
                Event::Synced { .. } => self.told_synced = true,
                _ => {}
            }
            return Some(event);
        }
    }

    /// From what was told last to the view as it is, and from there on with the channel.
    fn catch_up(&mut self) {
        let state = self.shared.lock();
        self.events = state.subscribe();
        self.first.extend(differences(&self.told, &state.members).map(Event::Change));
        if state.is_synced && !self.told_synced {
            self.first.push_back(Event::Synced { members: state.members.len() });
        }
        self.first.push_back(Event::Standing(state.standing.clone()));
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
