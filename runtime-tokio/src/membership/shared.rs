//! What the task and its handles share: the view as it was told last, and the channel on which it is told.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use quorate_core::membership::{Change, Event, Member, Standing};
use quorate_core::name::NodeName;
use quorate_core::time::Instant;
use tokio::sync::{broadcast, watch};

use crate::clock::Clock;
use crate::reader;

pub(super) type Members = BTreeMap<NodeName, Arc<Member>>;
type Step = reader::Step<Event>;

#[derive(Debug)]
pub(super) struct Shared {
    clock: Clock,
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
    /// How many events were told.
    pub(super) told: usize,
    /// When the task ended.
    ended_at: Option<Instant>,
    /// Absent once the task has ended.
    steps: Option<broadcast::Sender<Step>>,
}

impl Shared {
    /// The clock must be the one that the machine goes by.
    pub(super) fn new(clock: Clock) -> Self {
        let state = State {
            members: Members::new(),
            standing: Standing::Syncing { trouble: None },
            is_synced: false,
            told: 0,
            ended_at: None,
            steps: Some(broadcast::Sender::new(reader::BACKLOG)),
        };
        Self { clock, state: Mutex::new(state), progress: watch::Sender::new(Progress::Syncing) }
    }

    /// Takes in what one step brought, and tells everybody: under one lock, so that a stream that begins meanwhile misses
    /// nothing.
    pub(super) fn settle(&self, events: Vec<Event>, standing: &Standing) {
        let mut state = self.lock();
        // Not from the events: they tell of a new reason, not that the view was current once more with the old one.
        if state.standing != *standing {
            state.standing = standing.clone();
        }
        if events.is_empty() {
            return;
        }
        for event in &events {
            match event {
                Event::Change(change) => follow(&mut state.members, change),
                Event::Synced { .. } => {
                    state.is_synced = true;
                    self.progress.send_replace(Progress::Synced);
                }
                _ => {}
            }
        }
        state.told = state.told.wrapping_add(events.len());
        if let Some(steps) = &state.steps {
            // It fails when nobody listens.
            let _ = steps.send(events.into());
        }
    }

    /// Ends all streams, and whoever waits for the first view waits no longer.
    pub(super) fn end(&self) {
        let mut state = self.lock();
        state.steps = None;
        state.ended_at = Some(self.clock.now().instant);
        drop(state);
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

    pub(super) fn age(&self) -> Option<Duration> {
        let state = self.lock();
        let current_at = match (&state.standing, state.ended_at) {
            (Standing::Live, None) => return Some(Duration::ZERO),
            (Standing::Live, Some(ended_at)) => ended_at,
            (Standing::Degraded { since, .. }, _) => *since,
            // `Standing` may grow; of what is not known to be current nothing can be said.
            _ => return None,
        };
        Some(self.clock.elapsed_since(current_at))
    }

    pub(super) fn wall(&self, at: Instant) -> SystemTime {
        let now = SystemTime::now();
        now.checked_sub(self.clock.elapsed_since(at)).unwrap_or(now)
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
    pub(super) fn subscribe(&self) -> Option<broadcast::Receiver<Step>> {
        self.steps.as_ref().map(broadcast::Sender::subscribe)
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
