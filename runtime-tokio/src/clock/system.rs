//! The system's monotonic clock that counts the time for which the machine was suspended.
//!
//! `CLOCK_BOOTTIME` on Linux and Android. On other Unix systems `CLOCK_MONOTONIC`: Apple's manual says that it goes on while the
//! system is asleep; that could not be tried. Elsewhere what the standard library has, which may stand still meanwhile.

use std::time::Duration;

#[cfg(unix)]
#[derive(Clone, Copy, Debug)]
pub(super) struct SystemClock;

#[cfg(unix)]
impl SystemClock {
    pub(super) const fn new() -> Self {
        Self
    }

    /// Since the machine was started: the same for all its processes.
    pub(super) fn elapsed(self) -> Duration {
        use rustix::time::{ClockId, clock_gettime};

        #[cfg(any(target_os = "android", target_os = "linux"))]
        const CLOCK: ClockId = ClockId::Boottime;
        #[cfg(not(any(target_os = "android", target_os = "linux")))]
        const CLOCK: ClockId = ClockId::Monotonic;

        let reading = clock_gettime(CLOCK);
        let (seconds, nanoseconds) = (u64::try_from(reading.tv_sec), u32::try_from(reading.tv_nsec));
        Duration::new(seconds.unwrap_or_default(), nanoseconds.unwrap_or_default())
    }
}

#[cfg(not(unix))]
#[derive(Clone, Copy, Debug)]
pub(super) struct SystemClock(std::time::Instant);

#[cfg(not(unix))]
impl SystemClock {
    pub(super) fn new() -> Self {
        Self(std::time::Instant::now())
    }

    /// Since it was made.
    pub(super) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}
