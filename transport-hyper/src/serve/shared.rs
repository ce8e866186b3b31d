//! The one API, its clock, and the watches that are open on it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use quorate_core::testing::{FakeAnswer, FakeApi, FakeRequest, Rule, WatchId, WatchUpdate};
use quorate_core::time::{Now, Timestamp};
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::asked::Asked;
use super::body::Queue;
use super::faults::{Dice, FaultChange, Faults};
use super::{NAME, ServeOptions};

/// The pump sleeps at least so long: an API that is late must not keep a processor busy.
const SHORTEST_WAIT: Duration = Duration::from_millis(1);

pub(super) struct Shared {
    state: Mutex<State>,
    clock: Clock,
    token: String,
    watch_buffer: usize,
    /// What the pump waits for may have changed.
    changed: Notify,
    /// Until when nobody gets through. Each new value breaks all connections.
    outage: watch::Sender<Option<Instant>>,
}

struct State {
    api: FakeApi,
    watches: HashMap<WatchId, Arc<Queue>>,
    faults: Faults,
    dice: Dice,
    compaction: Option<Instant>,
    /// The watches of a server that stops end at once.
    is_stopping: bool,
}

/// What happens to a request before the API sees it.
pub(super) struct Fate {
    pub(super) latency: Duration,
    pub(super) error: Option<u16>,
}

/// An answer, or a watch that began: its lines, and how long it may live.
pub(super) enum Answer {
    Complete(quorate_core::testing::FakeResponse),
    Watch { id: WatchId, warning: Option<&'static str>, queue: Arc<Queue>, life: Option<Duration> },
}

impl Shared {
    pub(super) fn new(mut api: FakeApi, token: String, options: &ServeOptions) -> Self {
        api.add_user(&token, NAME, None);
        api.set_rules(NAME, vec![Rule::administrator()]);
        let faults = options.faults.clone();
        api.lag(faults.lag);
        let compaction = faults.compact_every.and_then(|every| Instant::now().checked_add(every));
        let state = State {
            api,
            watches: HashMap::new(),
            faults,
            dice: Dice::from_seed(options.seed),
            compaction,
            is_stopping: false,
        };
        Self {
            state: Mutex::new(state),
            clock: Clock { origin: Instant::now() },
            token,
            watch_buffer: options.watch_buffer,
            changed: Notify::new(),
            outage: watch::Sender::new(None),
        }
    }

    pub(super) fn token(&self) -> &str {
        &self.token
    }

    pub(super) fn faults(&self) -> Faults {
        self.state().faults.clone()
    }

    pub(super) fn open_watches(&self) -> usize {
        self.state().watches.len()
    }

    pub(super) fn with<T>(&self, act: impl FnOnce(&mut FakeApi, Now) -> T) -> T {
        let mut state = self.state();
        // Read under the lock, so that the API never sees its clock go back.
        let now = self.clock.now();
        let result = act(&mut state.api, now);
        state.deliver(now);
        self.changed.notify_one();
        result
    }

    pub(super) fn fate(&self, asked: &Asked) -> Fate {
        let State { faults, dice, .. } = &mut *self.state();
        Fate { latency: faults.latency, error: faults.strike(asked, dice) }
    }

    pub(super) fn handle(&self, request: &FakeRequest<'_>, hang_up: &Arc<Notify>) -> Answer {
        let mut state = self.state();
        let now = self.clock.now();
        let answer = match state.api.handle(now, request) {
            FakeAnswer::Complete(response) => Answer::Complete(response),
            FakeAnswer::Watch { id, warning } => {
                let queue = Queue::new(self.watch_buffer, state.faults.stall_watches, Arc::clone(hang_up));
                let queue = Arc::new(queue);
                if state.is_stopping {
                    queue.end();
                }
                state.watches.insert(id, Arc::clone(&queue));
                Answer::Watch { id, warning, queue, life: state.faults.cut_watches_after }
            }
        };
        state.deliver(now);
        self.changed.notify_one();
        answer
    }

    /// The client of this watch has gone, or was told to.
    pub(super) fn close(&self, watch: WatchId) {
        let mut state = self.state();
        if state.watches.remove(&watch).is_some() {
            state.api.close(watch);
        }
    }

    pub(super) fn change(&self, change: &FaultChange) {
        let mut state = self.state();
        let now = self.clock.now();
        state.faults.take(change);
        if change.lag.is_some() {
            let lag = state.faults.lag;
            state.api.lag(lag);
        }
        if let Some(stalled) = change.stall_watches {
            state.watches.values().for_each(|queue| queue.stall(stalled));
        }
        if change.compact_every_ms.is_some() {
            state.compaction = state.faults.compact_every.and_then(|every| Instant::now().checked_add(every));
        }
        if change.compact {
            state.api.compact();
        }
        if change.renew_token {
            state.api.add_user(&self.token, NAME, None);
        }
        if let Some(millis) = change.token_expires_in_ms {
            let expiry = now.instant.saturating_add(Duration::from_millis(millis));
            state.api.add_user(&self.token, NAME, Some(expiry));
        }
        state.deliver(now);
        if change.cut_watches {
            state.watches.values().for_each(|queue| queue.cut());
        }
        drop(state);
        if let Some(millis) = change.outage_ms {
            self.outage.send_replace(Instant::now().checked_add(Duration::from_millis(millis)));
        }
        self.changed.notify_one();
    }

    /// Changes with each outage that begins.
    pub(super) fn outages(&self) -> watch::Receiver<Option<Instant>> {
        self.outage.subscribe()
    }

    pub(super) fn is_out(&self) -> bool {
        self.outage.borrow().is_some_and(|until| Instant::now() < until)
    }

    pub(super) fn end_watches(&self) {
        let mut state = self.state();
        state.is_stopping = true;
        for queue in state.watches.values() {
            // A fault must not hold up the end.
            queue.stall(false);
            queue.end();
        }
    }

    /// Does at its time what nobody asks for: bookmarks, time-outs, expiries, compaction.
    pub(super) async fn pump(self: Arc<Self>, mut stopping: watch::Receiver<bool>) {
        loop {
            let next = self.state().advance(&self.clock);
            let wake = async {
                match next {
                    Some(at) => tokio::time::sleep_until(at.max(Instant::now() + SHORTEST_WAIT)).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = wake => {}
                () = self.changed.notified() => {}
                () = stopped(&mut stopping) => return,
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Does what is due, and says when to come again.
    fn advance(&mut self, clock: &Clock) -> Option<Instant> {
        if self.compaction.is_some_and(|at| at <= Instant::now()) {
            self.api.compact();
            self.compaction = self.faults.compact_every.and_then(|every| Instant::now().checked_add(every));
        }
        self.deliver(clock.now());
        let deadline = self.api.deadline().and_then(|at| clock.origin.checked_add(at.elapsed_since_origin()));
        [deadline, self.compaction].into_iter().flatten().min()
    }

    /// Hands each watch what it has to say. Whoever does not listen loses the watch.
    fn deliver(&mut self, now: Now) {
        for update in self.api.updates(now) {
            match update {
                WatchUpdate::Line(id, line) => {
                    let Some(queue) = self.watches.get(&id) else { continue };
                    if queue.push(line).is_err() {
                        self.watches.remove(&id);
                        self.api.close(id);
                    }
                }
                WatchUpdate::End(id) => {
                    // It stays known until its client has read the rest: a stalled one still has to be let go.
                    if let Some(queue) = self.watches.get(&id) {
                        queue.end();
                    }
                }
            }
        }
    }
}

/// Waits until the server is to stop, or was dropped.
pub(super) async fn stopped(stopping: &mut watch::Receiver<bool>) {
    stopping.wait_for(|stopping| *stopping).await.ok();
}

/// The two clocks of this process.
struct Clock {
    origin: Instant,
}

impl Clock {
    fn now(&self) -> Now {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Now {
            instant: quorate_core::time::Instant::since_origin(self.origin.elapsed()),
            wall: Timestamp::from_unix_micros(i64::try_from(since_1970.as_micros()).unwrap_or(i64::MAX)),
        }
    }
}
