//! The two clocks of a machine: a monotonic [`Instant`] for every decision, and a wall-clock [`Timestamp`] that is only
//! ever written for others to read.
//!
//! `core` owns no clock. The host reads both and passes them in as [`Now`]; nothing here can ask what time it is.

use core::fmt;
use core::time::Duration;

/// A point on the host's monotonic clock, counted from an origin that the host chooses.
///
/// Two instants compare only if the same host clock made them. Arithmetic saturates: no input can make it panic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(Duration);

impl Instant {
    /// The host's origin.
    pub const ORIGIN: Self = Self(Duration::ZERO);

    /// The instant that lies `elapsed` after the host's origin.
    #[must_use]
    pub const fn since_origin(elapsed: Duration) -> Self {
        Self(elapsed)
    }

    /// How long after the host's origin this instant lies.
    #[must_use]
    pub const fn elapsed_since_origin(self) -> Duration {
        self.0
    }

    /// This instant moved into the future; it stops at the end of time.
    #[must_use]
    pub const fn saturating_add(self, wait: Duration) -> Self {
        Self(self.0.saturating_add(wait))
    }

    /// The time from `earlier` to this instant; zero when `earlier` is the later one.
    #[must_use]
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{:.3}s", self.0.as_secs_f64())
    }
}

/// A wall-clock time in microseconds since 1970-01-01T00:00:00Z, negative before it.
///
/// Microseconds are what Kubernetes keeps in a
/// [`MicroTime`](https://kubernetes.io/docs/reference/generated/kubernetes-api/v1.34/#microtime-v1-meta).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The time that lies `micros` microseconds after (or, negative, before) 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn from_unix_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn unix_micros(self) -> i64 {
        self.0
    }
}

/// What the host's clocks say when it calls a machine.
///
/// `instant` must not go back from call to call; a machine that is given an earlier one treats it as the latest it saw.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "hosts build it at every call; a third clock would be a new contract")]
pub struct Now {
    /// The monotonic clock: every decision uses this one.
    pub instant: Instant,
    /// The wall clock: only written, for others to read; never compared.
    pub wall: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_saturates_at_both_ends() {
        let end = Instant::since_origin(Duration::MAX);
        assert_eq!(end.saturating_add(Duration::from_secs(1)), end);
        assert_eq!(Instant::ORIGIN.saturating_since(end), Duration::ZERO);
    }

    #[test]
    fn an_instant_moves_by_what_is_added() {
        let later = Instant::ORIGIN.saturating_add(Duration::from_millis(1500));
        assert_eq!(later.saturating_since(Instant::ORIGIN), Duration::from_millis(1500));
        assert_eq!(alloc::format!("{later}"), "+1.500s");
    }
}
