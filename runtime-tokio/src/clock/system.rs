//! The system's monotonic clock that counts the time for which the machine was suspended.
//!
//! `CLOCK_BOOTTIME` on Linux and Android. On Apple's systems `CLOCK_MONOTONIC`, which their manual says goes on while the
//! system is asleep; that could not be tried. Elsewhere what the standard library has, which may stand still meanwhile.

#[cfg(any(target_os = "android", target_os = "linux", target_vendor = "apple"))]
mod reading {
    use std::time::Duration;

    use rustix::time::{ClockId, clock_gettime};

    #[cfg(any(target_os = "android", target_os = "linux"))]
    const CLOCK: ClockId = ClockId::Boottime;
    #[cfg(target_vendor = "apple")]
    const CLOCK: ClockId = ClockId::Monotonic;

    /// A reading of the clock, to count from.
    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Origin(Duration);

    impl Origin {
        pub(crate) fn now() -> Self {
            let reading = clock_gettime(CLOCK);
            let seconds = u64::try_from(reading.tv_sec).unwrap_or_default();
            Self(Duration::new(seconds, u32::try_from(reading.tv_nsec).unwrap_or_default()))
        }

        pub(crate) fn elapsed(self) -> Duration {
            Self::now().0.saturating_sub(self.0)
        }
    }
}

#[cfg(not(any(target_os = "android", target_os = "linux", target_vendor = "apple")))]
mod reading {
    use std::time::{Duration, Instant};

    /// A reading of the clock, to count from.
    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Origin(Instant);

    impl Origin {
        pub(crate) fn now() -> Self {
            Self(Instant::now())
        }

        pub(crate) fn elapsed(self) -> Duration {
            self.0.elapsed()
        }
    }
}

pub(super) use reading::Origin;
