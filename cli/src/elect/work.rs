//! The command during one term.

use std::time::Duration;

use quorate_core::election::FencingToken;
use quorate_core::time::Instant;
use rustix::process::Signal;

use super::kept::Kept;
use crate::keep::protocol::End;

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
    /// When the keeper has had its time to kill, and we do it: unless that is told by the hard deadline.
    pub(super) patience_ends: Option<Instant>,
    pub(super) run: Run,
    pause: Duration,
}

/// How the command stands.
pub(super) enum Run {
    Running {
        kept: Kept,
        since: Instant,
    },
    /// The keeper is dead: what it left behind is being killed.
    Orphaned {
        kept: Kept,
        /// What counts as the command's end, as nobody can tell it any more.
        end: End,
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
        Self { term, hard_deadline, is_stopping: false, grace_ends: None, patience_ends: None, run, pause: FIRST_PAUSE }
    }

    /// The command has ended, and is to run again after a pause that grows while it fails quickly.
    pub(super) fn pause(&mut self, now: Instant) {
        if let Run::Running { since, .. } = &self.run
            && now.saturating_since(*since) >= LONG_RUN
        {
            self.pause = FIRST_PAUSE;
        }
        self.patience_ends = None;
        self.run = Run::Pausing { until: now.saturating_add(self.pause) };
        self.pause = self.pause.saturating_mul(2).min(LONGEST_PAUSE);
    }

    /// Whether the keeper has had its time to kill. When we stood still ourselves, what it says is yet to be read.
    pub(super) fn keeper_is_late(&mut self, now: Instant) -> bool {
        let late_by = now.saturating_since(self.hard_deadline);
        let is_late = self.patience_ends.is_some() || late_by < KEEPER_FIRST.saturating_mul(2);
        self.patience_ends = Some(now.saturating_add(KEEPER_FIRST));
        is_late
    }

    /// Its grace is over: the keeper is to kill it now, or else we do.
    pub(super) fn grace_is_over(&mut self, now: Instant) {
        self.grace_ends = None;
        self.patience_ends = Some(now.saturating_add(KEEPER_FIRST));
        if let Run::Running { kept, .. } = &mut self.run {
            kept.signal(Signal::KILL);
        }
    }

    /// Kills what the keeper has left behind, and again later: what waits for a disk cannot be killed now.
    pub(super) fn kill_orphans(&mut self, now: Instant) {
        if let Run::Orphaned { kept, .. } = &self.run {
            kept.kill();
            self.patience_ends = Some(now.saturating_add(KEEPER_FIRST));
        }
    }

    /// What is due next, and when.
    pub(super) fn next_due(&self) -> (Instant, Due) {
        let after_deadline = self.hard_deadline.saturating_add(KEEPER_FIRST);
        let kill = (self.patience_ends.unwrap_or(after_deadline), Due::Kill);
        let other = match (&self.run, self.grace_ends) {
            (Run::Pausing { until }, _) => Some((*until, Due::Restart)),
            (_, grace_ends) => grace_ends.map(|at| (at, Due::GraceOver)),
        };
        other.map_or(kill, |other| if other.0 < kill.0 { other } else { kill })
    }
}
