//! What the task and its handles share: the view as it was told last, and the channel on which it is told.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use quorate_core::membership::{Change, Event, Member, Standing};
use quorate_core::name::NodeName;
use tokio::sync::{broadcast, watch};

/// How many events a slow reader may be behind before it is told the difference instead.
const BACKLOG: usize = 1024;

pub(super) type Members = BTreeMap<NodeName, Arc<Member>>;

#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    progress: watch::Sender<Progress>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    Syncing,
    Synced,
    /// The task ended before.
    Failed,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) members: Members,
    pub(super) standing: Standing,
    /// Whether the first view is complete.
    pub(super) is_synced: bool,
    /// Absent once the task has ended.
    events: Option<broadcast::Sender<Event>>,
}

impl Shared {
    pub(super) fn new() -> Self {
        let state = State {
            members: Members::new(),
            standing: Standing::Syncing { trouble: None },
            is_synced: false,
            events: Some(broadcast::Sender::new(BACKLOG)),
        };
        Self { state: Mutex::new(state), progress: watch::Sender::new(Progress::Syncing) }
    }

    /// Takes in an event, and tells everybody: under one lock, so that a stream that begins meanwhile misses nothing.
    pub(super) fn tell(&self, event: Event) {
        let mut state = self.lock();
        match &event {
            Event::Change(change) => follow(&mut state.members, change),
            Event::Standing(standing) => state.standing = standing.clone(),
            Event::Synced { .. } => {
                state.is_synced = true;
                self.progress.send_replace(Progress::Synced);
            }
            _ => {}
        }
        if let Some(events) = &state.events {
            // It fails when nobody listens.
            let _ = events.send(event);
        }
    }

    /// Ends all streams, and whoever waits for the first view waits no longer.
    pub(super) fn end(&self) {
        self.lock().events = None;
        self.progress.send_if_modified(|progress| {
            let is_first = *progress == Progress::Syncing;
            if is_first {
                *progress = Progress::Failed;
            }
            is_first
        });
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

    pub(super) async fn synced(&self) -> Result<(), Stopped> {
        let mut progress = self.progress.subscribe();
        // The sender lives as long as this borrow of it.
        match progress.wait_for(|progress| *progress != Progress::Syncing).await.as_deref() {
            Ok(Progress::Synced) => Ok(()),
            _ => Err(Stopped),
        }
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

/// Belongs to the task: when it ends, however it does, and even if it never began, the streams end.
pub(super) struct Ending(pub(super) Arc<Shared>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// The task of a membership ended before what was waited for: its transport panicked, or the runtime was shut down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Stopped;

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the membership has stopped")
    }
}

impl std::error::Error for Stopped {}

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
