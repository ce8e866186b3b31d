//! What the task and its handles share: the view as it was told last, and the channel on which it is told.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use quorate_core::membership::{Change, Event, Member, Standing};
use quorate_core::name::NodeName;
use tokio::sync::{broadcast, watch};

/// How many events a slow reader may be behind before it is told the difference instead.
const BACKLOG: usize = 4096;

pub(super) type Members = BTreeMap<NodeName, Arc<Member>>;

#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    synced: watch::Sender<bool>,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) members: Members,
    pub(super) standing: Standing,
    /// Absent once the task has ended.
    events: Option<broadcast::Sender<Event>>,
}

impl Shared {
    pub(super) fn new() -> Self {
        let state = State {
            members: Members::new(),
            standing: Standing::Syncing { trouble: None },
            events: Some(broadcast::Sender::new(BACKLOG)),
        };
        Self { state: Mutex::new(state), synced: watch::Sender::new(false) }
    }

    /// Takes in an event, and tells everybody: under one lock, so that a stream that begins meanwhile misses nothing.
    pub(super) fn tell(&self, event: Event) {
        let mut state = self.lock();
        match &event {
            Event::Change(change) => follow(&mut state.members, change),
            Event::Standing(standing) => state.standing = standing.clone(),
            Event::Synced { .. } => {
                self.synced.send_replace(true);
            }
            _ => {}
        }
        if let Some(events) = &state.events {
            // It fails when nobody listens.
            let _ = events.send(event);
        }
    }

    /// Ends all streams.
    pub(super) fn end(&self) {
        self.lock().events = None;
    }

    pub(super) fn view(&self) -> Members {
        self.lock().members.clone()
    }

    pub(super) fn member(&self, name: &str) -> Option<Arc<Member>> {
        self.lock().members.get(name).cloned()
    }

    pub(super) fn standing(&self) -> Standing {
        self.lock().standing.clone()
    }

    pub(super) async fn synced(&self) {
        // The sender lives as long as this borrow of it.
        let _ = self.synced.subscribe().wait_for(|synced| *synced).await;
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that is done under the lock can leave it half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    pub(super) fn subscribe(&self) -> Option<broadcast::Receiver<Event>> {
        self.events.as_ref().map(broadcast::Sender::subscribe)
    }
}

/// Applies one difference.
pub(super) fn follow(members: &mut Members, change: &Change) {
    match change {
        Change::Joined(member) | Change::Changed { after: member, .. } => {
            members.insert(member.name.clone(), Arc::clone(member));
        }
        Change::Left { member, .. } => {
            members.remove(&member.name);
        }
    }
}
