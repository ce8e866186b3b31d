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

/// The last microsecond that four digits can give a year.
const LAST_WRITABLE: i64 = 253_402_300_799_999_999;

impl Timestamp {
    /// The nearest time that Kubernetes can write: no year before 1970, none after 9999.
    pub(crate) fn writable(self) -> Self {
        Self(self.0.clamp(0, LAST_WRITABLE))
    }

    /// This time moved into the future, in whole microseconds; it stops at the end of time.
    pub(crate) fn saturating_add(self, wait: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(wait.as_micros()).unwrap_or(i64::MAX)))
    }
}

/// `2026-11-20T18:04:58.545226Z`, always with six digits: the API server refuses any other number of them.
///
/// Times before 1970 and after 9999 are written as the nearest between.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.writable().0.unsigned_abs();
        let (seconds, fraction) = (micros / 1_000_000, micros % 1_000_000);
        let (days, second) = (seconds / 86_400, seconds % 86_400);
        let (year, month, day) = civil(days);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{fraction:06}Z")
    }
}

/// Year, month and day of the day that lies so many after 1970-01-01, in the Gregorian calendar (Howard Hinnant,
/// [days from civil](https://howardhinnant.github.io/date_algorithms.html#civil_from_days)).
#[expect(clippy::arithmetic_side_effects, reason = "days of writable times are few, and divisors are constants")]
const fn civil(days: u64) -> (u64, u64, u64) {
    // Eras of 400 years begin on a 1st of March, so that the leap day is the last of its year.
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let (month, next) = if shifted < 10 { (shifted + 3, 0) } else { (shifted - 9, 1) };
    (era * 400 + year_of_era + next, month, day)
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
    fn times_are_written_with_six_digits() {
        for (micros, text) in [
            (1_795_197_898_545_226, "2026-11-20T18:04:58.545226Z"),
            (0, "1970-01-01T00:00:00.000000Z"),
            (951_782_400_000_001, "2000-02-29T00:00:00.000001Z"),
            (4_107_542_399_999_999, "2100-02-28T23:59:59.999999Z"),
            (i64::MIN, "1970-01-01T00:00:00.000000Z"),
            (i64::MAX, "9999-12-31T23:59:59.999999Z"),
        ] {
            assert_eq!(alloc::format!("{}", Timestamp::from_unix_micros(micros)), text);
        }
    }

    #[cfg(feature = "testing")]
    proptest::proptest! {
        #[test]
        fn every_time_is_written_as_jiff_writes_it(micros in 0..=LAST_WRITABLE) {
            let Ok(time) = jiff::Timestamp::from_microsecond(micros) else { return Ok(()) };
            proptest::prop_assert_eq!(alloc::format!("{}", Timestamp(micros)), alloc::format!("{time:.6}"));
        }
    }

    #[test]
    fn an_instant_moves_by_what_is_added() {
        let later = Instant::ORIGIN.saturating_add(Duration::from_millis(1500));
        assert_eq!(later.saturating_since(Instant::ORIGIN), Duration::from_millis(1500));
        assert_eq!(alloc::format!("{later}"), "+1.500s");
    }
}
