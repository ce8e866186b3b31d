//! The host's clocks, as a machine wants them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use quorate_core::time::{Instant, Now, Timestamp};

/// A monotonic clock that counts from its own creation, and the wall clock beside it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    origin: tokio::time::Instant,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self { origin: tokio::time::Instant::now() }
    }

    pub(crate) fn now(self) -> Now {
        Now { instant: Instant::since_origin(self.origin.elapsed()), wall: wall_clock() }
    }

    /// Zero for what lies ahead.
    pub(crate) fn elapsed_since(self, instant: Instant) -> Duration {
        self.origin.elapsed().saturating_sub(instant.elapsed_since_origin())
    }

    /// Completes at the instant; at once if it has passed, never if there is none.
    pub(crate) async fn sleep_until(self, at: Option<Instant>) {
        match at.and_then(|at| self.origin.checked_add(at.elapsed_since_origin())) {
            Some(at) => tokio::time::sleep_until(at).await,
            None => std::future::pending().await,
        }
    }
}

fn wall_clock() -> Timestamp {
    // A clock before 1970 is as wrong as one at 1970; nothing is decided by it.
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_unix_micros(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX))
}
