//! The clocks of one node: what they show at a real time that nobody can read.

use core::time::Duration;

use super::plan::ClockPlan;
use super::queue::Micros;
use crate::time::{Instant, Now, Timestamp};

/// What all right wall clocks show at the beginning: 2026-11-20T18:04:58Z.
const WALL: i64 = 1_795_197_898_000_000;

#[derive(Clone, Debug)]
pub(super) struct Clock {
    /// A microsecond times thousandths: nanoseconds.
    rate: u64,
    /// When the rate last changed, and what the monotonic clock showed then.
    since: Micros,
    nanos: u64,
    wall_offset: i64,
    wall_stands_at: Option<i64>,
}

impl Clock {
    pub(super) fn new(plan: ClockPlan) -> Self {
        Self {
            rate: u64::from(plan.rate_permille.max(1)),
            since: 0,
            nanos: 0,
            wall_offset: plan.wall_offset_ms.saturating_mul(1000),
            wall_stands_at: None,
        }
    }

    pub(super) fn now(&self, real: Micros) -> Now {
        let wall = self.wall_stands_at.unwrap_or_else(|| self.wall(real));
        Now {
            instant: Instant::since_origin(Duration::from_nanos(self.nanos(real))),
            wall: Timestamp::from_unix_micros(wall),
        }
    }

    /// The first microsecond at which the monotonic clock has reached the instant.
    pub(super) fn real(&self, instant: Instant) -> Micros {
        let nanos = u64::try_from(instant.elapsed_since_origin().as_nanos()).unwrap_or(u64::MAX);
        let left = nanos.saturating_sub(self.nanos);
        let passed = left.checked_div(self.rate).unwrap_or(u64::MAX);
        let is_between = left.checked_rem(self.rate).is_some_and(|rest| rest > 0);
        self.since.saturating_add(passed).saturating_add(u64::from(is_between))
    }

    pub(super) fn drift(&mut self, real: Micros, rate_permille: u32) {
        self.nanos = self.nanos(real);
        self.since = real;
        self.rate = u64::from(rate_permille.max(1));
    }

    pub(super) const fn set_wall(&mut self, by_ms: i64) {
        self.wall_offset = self.wall_offset.saturating_add(by_ms.saturating_mul(1000));
    }

    pub(super) fn stop_wall(&mut self, stops: bool, real: Micros) {
        self.wall_stands_at = stops.then(|| self.wall_stands_at.unwrap_or_else(|| self.wall(real)));
    }

    const fn nanos(&self, real: Micros) -> u64 {
        self.nanos.saturating_add(real.saturating_sub(self.since).saturating_mul(self.rate))
    }

    fn wall(&self, real: Micros) -> i64 {
        WALL.saturating_add(i64::try_from(real).unwrap_or(i64::MAX)).saturating_add(self.wall_offset)
    }
}

/// What the server's clocks show.
pub(super) fn right(real: Micros) -> Now {
    Clock::new(ClockPlan::default()).now(real)
}

pub(super) const fn duration(real: Micros) -> Duration {
    Duration::from_micros(real)
}

pub(super) fn micros(time: Duration) -> Micros {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
