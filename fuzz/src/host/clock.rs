//! The host's clocks. A host's clock must not go back; if it does all the same, nothing may break.

use std::time::Duration;

use quorate_core::time::{Instant, Now, Timestamp};

pub(crate) struct Clock {
    now: Now,
    /// The latest that the first of them ever said.
    latest: Instant,
    /// The latest that the machine was told.
    told_at: Instant,
}

impl Default for Clock {
    fn default() -> Self {
        let wall = Timestamp::from_unix_micros(1_795_197_898_000_000);
        Self { now: Now { instant: Instant::ORIGIN, wall }, latest: Instant::ORIGIN, told_at: Instant::ORIGIN }
    }
}

impl Clock {
    pub(crate) const END: Now =
        Now { instant: Instant::since_origin(Duration::MAX), wall: Timestamp::from_unix_micros(i64::MAX) };

    /// What the clocks say.
    pub(crate) const fn now(&self) -> Now {
        self.now
    }

    pub(crate) const fn latest(&self) -> Instant {
        self.latest
    }

    /// What the machine takes the time to be.
    pub(crate) const fn at_latest(&self) -> Now {
        Now { instant: self.latest, ..self.now }
    }

    /// The machine is told the time.
    pub(crate) fn tell(&mut self) -> Now {
        self.told_at = self.told_at.max(self.now.instant);
        self.now
    }

    pub(crate) fn pass(&mut self, time: Duration) {
        self.now.instant = self.now.instant.saturating_add(time);
        self.latest = self.latest.max(self.now.instant);
    }

    pub(crate) fn rewind(&mut self, time: Duration) {
        self.now.instant = Instant::since_origin(self.now.instant.elapsed_since_origin().saturating_sub(time));
        // Of what came between nobody knows.
        self.latest = self.told_at.max(self.now.instant);
    }

    pub(crate) const fn catch_up(&mut self) {
        self.now.instant = self.latest;
    }

    pub(crate) fn set_wall(&mut self, seconds: u32) {
        self.now.wall = Timestamp::from_unix_micros(i64::from(seconds) * 1_000_000);
    }
}
