//! When the connector is asked who is connected.

use core::time::Duration;

use super::config::LinkOptions;
use super::order::LinkId;
use crate::backoff::{Backoff, Jitter};
use crate::time::Instant;

/// The listing of actual links.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Census {
    pub(super) phase: Phase,
    backoff: Backoff,
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
    /// The connector cannot tell: bookkeeping alone counts.
    Blind,
}

impl Census {
    pub(super) const fn new(options: &LinkOptions) -> Self {
        let jitter = Jitter::from_seed(options.seed);
        let backoff = Backoff::new(options.first_pause, options.longest_pause, jitter);
        Self { phase: Phase::Unstarted, backoff }
    }

    /// Whether bookkeeping alone counts. A listing that merely fails leaves a doubt as it is, however often: what was abandoned
    /// may have taken effect, and a link that nobody remembers is never ended (M2).
    pub(super) const fn is_blind(&self) -> bool {
        matches!(self.phase, Phase::Blind)
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
        self.phase = Phase::Idle { earliest: now, regular: now.saturating_add(interval) };
    }

    /// Nothing was learned; returns the pause until the next attempt.
    pub(super) fn failed(&mut self, now: Instant) -> Duration {
        let pause = self.backoff.next();
        let next = now.saturating_add(pause);
        self.phase = Phase::Idle { earliest: next, regular: next };
        pause
    }
}
