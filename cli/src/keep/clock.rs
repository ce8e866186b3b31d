//! The clock that supervisor and keeper share: it counts the time for which the machine was suspended.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// How long a sleep lasts at most before the clock is read again: the runtime's timers stand still with the machine.
pub(crate) const PAUSE: Duration = Duration::from_millis(100);

#[cfg(any(target_os = "android", target_os = "linux"))]
const CLOCK: ClockId = ClockId::Boottime;
#[cfg(not(any(target_os = "android", target_os = "linux")))]
const CLOCK: ClockId = ClockId::Monotonic;

/// The time since the machine was started: the same for every process on it.
pub(crate) fn now() -> Duration {
    let now = clock_gettime(CLOCK);
    let (seconds, nanoseconds) = (u64::try_from(now.tv_sec), u32::try_from(now.tv_nsec));
    Duration::new(seconds.unwrap_or_default(), nanoseconds.unwrap_or_default())
}

/// Completes at that time; never if there is none.
pub(crate) async fn sleep_until(at: Option<Duration>) {
    let Some(at) = at else { return std::future::pending().await };
    loop {
        let left = at.saturating_sub(now());
        if left.is_zero() {
            return;
        }
        tokio::time::sleep(left.min(PAUSE)).await;
    }
}
