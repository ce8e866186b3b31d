//! What others may know of us while we run: probes, the leader, and metrics.

mod http;
mod metrics;
mod transport;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use quorate_core::election::{Election, Event};
use quorate_core::machine::Machine as _;
use quorate_core::time::Instant;
use quorate_runtime_tokio::Clock;
use serde::Serialize;

pub(super) use self::http::serve;
use self::metrics::Metrics;
pub(super) use self::transport::Counted;

/// How late the election may be for what it has set itself to do, before it counts as stuck.
const LATEST: Duration = Duration::from_secs(5);

/// Shared by the election, which writes, and whoever asks.
pub(super) struct Monitor {
    clock: Clock,
    lease: String,
    identity: String,
    metrics: Metrics,
    state: Mutex<State>,
}

/// How the election stood when it last did something.
#[derive(Clone, Default)]
struct State {
    leading_until: Option<Instant>,
    term: Option<String>,
    transitions: Option<u32>,
    holder: Option<Arc<str>>,
    has_read_the_lease: bool,
    /// The last sign of life of another holder, or its release.
    others_change: Option<Instant>,
    /// When it will do something next.
    next: Option<Instant>,
}

/// What `/leader` tells.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Leader<'a> {
    lease: &'a str,
    identity: &'a str,
    leading: bool,
    holder: Option<&'a str>,
    /// Ours, while we lead.
    fencing_token: Option<&'a str>,
    transitions: Option<u32>,
}

impl Monitor {
    pub(super) fn new(clock: Clock, lease: String, identity: String) -> Self {
        Self { clock, lease, identity, metrics: Metrics::default(), state: Mutex::default() }
    }

    /// The election has done something.
    pub(super) fn handled(&self, machine: &Election) {
        let mut state = self.state();
        let renewed = machine.leading_until().zip(state.leading_until);
        if let Some((until, before)) = renewed.filter(|(until, before)| until > before) {
            let sent_at = until.saturating_since(Instant::since_origin(machine.config().options().renew_deadline));
            let now = self.clock.now().instant;
            let took = now.saturating_since(Instant::since_origin(sent_at));
            let left = before.saturating_since(now);
            self.metrics.renewed(took, left, left < machine.config().attempt_timeout());
        }
        let is_ours = machine.holder().as_deref() == Some(&*self.identity);
        if !is_ours {
            state.others_change = machine.changed_at();
        }
        let has_begun = state.leading_until.is_none() && machine.leading_until().is_some();
        if let Some(change) = state.others_change.filter(|_| has_begun) {
            self.metrics.took_over(self.clock.now().instant.saturating_since(change));
        }
        state.leading_until = machine.leading_until();
        state.term = machine.term().map(ToString::to_string);
        state.transitions = machine.transitions();
        state.holder = machine.holder();
        state.next = machine.deadline().map(|deadline| deadline.at);
        drop(state);
        self.metrics.led(machine.leading_until().is_some());
    }

    /// The election has news.
    pub(super) fn event(&self, event: &Event) {
        match event {
            Event::ObservedHolder { .. } => self.state().has_read_the_lease = true,
            event => self.metrics.event(event),
        }
    }

    /// Whether the election does what it should in time; else how late it is.
    fn is_live(&self) -> Result<(), Duration> {
        let Some(next) = self.state().next else { return Ok(()) };
        let late = self.clock.now().instant.saturating_since(next);
        if late > LATEST { Err(late) } else { Ok(()) }
    }

    fn is_ready(&self) -> bool {
        self.state().has_read_the_lease
    }

    fn leader(&self) -> serde_json::Result<String> {
        let state = self.state().clone();
        let now = self.clock.now().instant;
        let leading = state.leading_until.is_some_and(|until| now < until);
        serde_json::to_string(&Leader {
            lease: &self.lease,
            identity: &self.identity,
            leading,
            holder: state.holder.as_deref(),
            fencing_token: state.term.as_deref().filter(|_| leading),
            transitions: state.transitions.filter(|_| leading),
        })
    }

    /// Nothing in it can be half done.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where to listen.
pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| format!("{text:?} is no address and port: write it as 127.0.0.1:8080 or [::]:8080"))
}
