//! The host's clocks, as a machine wants them.

mod system;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use quorate_core::time::{Instant, Now, Timestamp};

use self::system::SystemClock;

/// The longest sleep by the system's clock without another look at it: less than the kill margin of an election. Sleeping in
/// slices needs nothing of the system, where a timer that counts suspended time would need an I/O driver and another way on
/// each system.
const SLICE: Duration = Duration::from_millis(250);

/// A monotonic clock, and the wall clock beside it.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    origin: Origin,
}

#[derive(Clone, Copy, Debug)]
enum Origin {
    System(SystemClock),
    Tokio(tokio::time::Instant),
}

impl Clock {
    /// Tokio's clock, which its timers go by, from now on. It stands still while the machine is suspended.
    #[must_use]
    pub fn start() -> Self {
        Self { origin: Origin::Tokio(tokio::time::Instant::now()) }
    }

    /// The system's clock that goes on while the machine is suspended, where there is one. On Unix it counts from the start of
    /// the machine, so that its instants mean the same to every process on it.
    #[must_use]
    pub fn of_the_machine() -> Self {
        Self { origin: Origin::System(SystemClock::new()) }
    }

    /// The time since the clock was started.
    pub(crate) fn elapsed(self) -> Duration {
        match self.origin {
            Origin::System(clock) => clock.elapsed(),
            Origin::Tokio(origin) => origin.elapsed(),
        }
    }

    /// The monotonic clock alone.
    #[must_use]
    pub fn instant(self) -> Instant {
        Instant::since_origin(self.elapsed())
    }

    /// What to hand to a machine.
    #[must_use]
    pub fn now(self) -> Now {
        Now { instant: self.instant(), wall: wall_clock() }
    }

    /// Zero for what lies ahead.
    pub(crate) fn elapsed_since(self, instant: Instant) -> Duration {
        self.elapsed().saturating_sub(instant.elapsed_since_origin())
    }

    /// Zero for what lies behind.
    #[must_use]
    pub fn left_until(self, instant: Instant) -> Duration {
        instant.elapsed_since_origin().saturating_sub(self.elapsed())
    }

    /// Completes at the instant; at once if it has passed, never if there is none.
    pub async fn sleep_until(self, at: Option<Instant>) {
        let Some(at) = at else { return std::future::pending().await };
        match self.origin {
            Origin::System(_) => self.sleep_in_slices(at).await,
            Origin::Tokio(origin) => match origin.checked_add(at.elapsed_since_origin()) {
                Some(at) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            },
        }
    }

    /// Tokio's timers do not count suspended time: the clock is looked at again and again.
    async fn sleep_in_slices(self, at: Instant) {
        loop {
            let left = self.left_until(at);
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left.min(SLICE)).await;
        }
    }
}

fn wall_clock() -> Timestamp {
    // A clock before 1970 is as wrong as one at 1970; nothing is decided by it.
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_unix_micros(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tokio's paused time jumps ahead where the system's does not: as far apart as after a suspension.
    #[tokio::test(start_paused = true)]
    async fn a_sleep_by_the_system_s_clock_looks_at_it_whatever_tokio_s_timers_say() {
        let (clock, begun) = (Clock::of_the_machine(), std::time::Instant::now());
        let at = clock.instant().saturating_add(Duration::from_millis(40));
        clock.sleep_until(Some(at)).await;
        assert!(clock.instant() >= at && clock.left_until(at).is_zero());
        assert!(begun.elapsed() >= Duration::from_millis(39), "{:?}", begun.elapsed());
        let past = std::time::Instant::now();
        clock.sleep_until(Some(at)).await;
        assert!(past.elapsed() < Duration::from_millis(30), "what has passed is not waited for");
    }
}
