//! The command during one term.

use std::time::Duration;

use quorate_core::election::FencingToken;
use quorate_core::time::Instant;

use super::kept::Kept;

/// The pause before the command is run again, the first time and at most.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How long a command must have run for the next pause to be a short one again.
const LONG_RUN: Duration = Duration::from_secs(60);

/// How much later than the keeper we act ourselves: it is the one that knows how the command ended.
const KEEPER_FIRST: Duration = Duration::from_millis(100);

/// The work of one term.
pub(super) struct Work {
    pub(super) term: FencingToken,
    pub(super) hard_deadline: Instant,
    /// Whether it has been told to stop.
    pub(super) is_stopping: bool,
    /// When the command is killed although others may not take over yet.
    pub(super) grace_ends: Option<Instant>,
    pub(super) run: Run,
    pause: Duration,
}

/// How the command stands.
pub(super) enum Run {
    Running {
        kept: Kept,
        since: Instant,
    },
    /// The keeper has died: what it left behind is being killed.
    Orphaned {
        kept: Kept,
    },
    /// It has ended, and will be run again.
    Pausing {
        until: Instant,
    },
}

/// What time brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// The keeper should have killed everything.
    Kill,
    /// The grace is over.
    GraceOver,
    Restart,
}

impl Work {
    pub(super) const fn new(term: FencingToken, hard_deadline: Instant, run: Run) -> Self {
        Self { term, hard_deadline, is_stopping: false, grace_ends: None, run, pause: FIRST_PAUSE }
    }

    /// The command has ended, and is to run again after a pause that grows while it fails quickly.
    pub(super) fn pause(&mut self, now: Instant) {
        if let Run::Running { since, .. } = &self.run
            && now.saturating_since(*since) >= LONG_RUN
        {
            self.pause = FIRST_PAUSE;
        }
        self.run = Run::Pausing { until: now.saturating_add(self.pause) };
        self.pause = self.pause.saturating_mul(2).min(LONGEST_PAUSE);
    }

    /// What is due next, and when.
    pub(super) fn next_due(&self) -> (Instant, Due) {
        let kill = (self.hard_deadline.saturating_add(KEEPER_FIRST), Due::Kill);
        let other = match (&self.run, self.grace_ends) {
            (Run::Pausing { until }, _) => Some((*until, Due::Restart)),
            (_, grace_ends) => grace_ends.map(|at| (at, Due::GraceOver)),
        };
        other.map_or(kill, |other| if other.0 < kill.0 { other } else { kill })
    }
}
