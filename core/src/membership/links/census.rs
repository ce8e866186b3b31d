//! When the connector is asked who is connected.

use core::time::Duration;

use super::config::LinkOptions;
use super::order::LinkId;
use crate::backoff::{Backoff, Jitter};
use crate::time::Instant;

/// After so many failed listings in a row bookkeeping alone counts, until one succeeds: who waits for a listing to settle a
/// link must not wait for ever (M2, M6).
const FAILURES_TO_BLINDNESS: u8 = 3;

/// The listing of actual links.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Census {
    pub(super) phase: Phase,
    backoff: Backoff,
    /// In a row.
    failures: u8,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Phase {
    Unstarted,
    /// The first one is to be asked, as soon as we do not drain.
    Due,
    /// Nothing is dialled while the first one is in flight (M3): who is connected is not known.
    Asking {
        id: LinkId,
        until: Instant,
        first: bool,
    },
    /// A doubtful link makes it due from `earliest` on.
    Idle {
        earliest: Instant,
        regular: Instant,
    },
    /// The connector cannot tell: bookkeeping alone counts, for good.
    Blind,
}

impl Census {
    pub(super) const fn new(options: &LinkOptions) -> Self {
        let jitter = Jitter::from_seed(options.seed);
        let backoff = Backoff::new(options.first_pause, options.longest_pause, jitter);
        Self { phase: Phase::Unstarted, backoff, failures: 0 }
    }

    /// Whether bookkeeping alone counts, for good or at this moment.
    pub(super) const fn is_blind(&self) -> bool {
        matches!(self.phase, Phase::Blind) || self.failures >= FAILURES_TO_BLINDNESS
    }

    /// The listing in flight.
    pub(super) const fn asking(&self) -> Option<LinkId> {
        match self.phase {
            Phase::Asking { id, .. } => Some(id),
            _ => None,
        }
    }

    /// Whether links may be worked on.
    pub(super) const fn is_open(&self) -> bool {
        !matches!(self.phase, Phase::Unstarted | Phase::Due | Phase::Asking { first: true, .. })
    }

    pub(super) fn ask(&mut self, id: LinkId, until: Instant) {
        self.phase = Phase::Asking { id, until, first: self.phase == Phase::Due };
    }

    pub(super) fn answered(&mut self, now: Instant, interval: Duration) {
        self.backoff.reset();
        self.failures = 0;
        self.phase = Phase::Idle { earliest: now, regular: now.saturating_add(interval) };
    }

    /// Nothing was learned; returns the pause until the next attempt.
    pub(super) fn failed(&mut self, now: Instant) -> Duration {
        self.failures = self.failures.saturating_add(1);
        let pause = self.backoff.next();
        let next = now.saturating_add(pause);
        self.phase = Phase::Idle { earliest: next, regular: next };
        pause
    }
}
