//! What can be wrong with the options of an election.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use super::config::IDENTITY_LIMIT;

/// Options that cannot work.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ElectionConfigError {
    faults: Vec<ElectionFault>,
}

impl ElectionConfigError {
    pub(super) const fn new(faults: Vec<ElectionFault>) -> Self {
        Self { faults }
    }

    /// Everything that is wrong.
    #[must_use]
    pub fn faults(&self) -> &[ElectionFault] {
        &self.faults
    }
}

/// One line a fault.
impl fmt::Display for ElectionConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.faults.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{fault}")?;
        }
        Ok(())
    }
}

impl core::error::Error for ElectionConfigError {}

/// One thing wrong with [`ElectionOptions`](super::ElectionOptions).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ElectionFault {
    /// The identity is empty, too long, or not printable.
    Identity(String),
    /// More than all of the retry period as jitter, in percent.
    Jitter(u8),
    /// The lease duration is not in whole seconds, or out of range.
    LeaseDuration(Duration),
    /// Others may take over before the work is gone.
    NoGrace {
        /// The lease duration.
        lease_duration: Duration,
        /// The lease duration ÷ the clock-rate ratio.
        safe_lease: Duration,
        /// The renew deadline.
        renew_deadline: Duration,
        /// The grace that was asked for, or that is left.
        grace: Duration,
        /// The kill margin.
        kill_margin: Duration,
        /// Whether one second more is kept for candidates that use client-go.
        beside_client_go: bool,
    },
    /// One slow attempt costs the term: a second one does not fit into the renew deadline.
    NoSecondAttempt {
        /// The renew deadline.
        renew_deadline: Duration,
        /// The retry period with all its jitter.
        pause: Duration,
        /// The attempt timeout.
        attempt_timeout: Duration,
    },
    /// The clock-rate ratio is out of range, in thousandths.
    Ratio(u32),
    /// The named option must not be zero.
    Zero(&'static str),
}

impl fmt::Display for ElectionFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Identity(identity) => {
                write!(f, "identity is {identity:?}: it must be 1 to {IDENTITY_LIMIT} bytes of printable ASCII")
            }
            Self::Jitter(percent) => write!(f, "jitter_percent is {percent}: it must be 0 to 100"),
            Self::LeaseDuration(duration) => {
                write!(f, "lease_duration is {}: it must be whole seconds, 1 s to 3600 s", Seconds(*duration))
            }
            Self::NoGrace { lease_duration, safe_lease, renew_deadline, grace, kill_margin, beside_client_go } => {
                let company = if *beside_client_go { " + 1 s beside client-go" } else { "" };
                write!(
                    f,
                    "lease_duration is {}: renew_deadline {} + grace {} (more than 0) + kill_margin {}{company} must not \
                     exceed {} (lease_duration ÷ clock-rate ratio); lengthen lease_duration or shorten renew_deadline",
                    Seconds(*lease_duration),
                    Seconds(*renew_deadline),
                    Seconds(*grace),
                    Seconds(*kill_margin),
                    Seconds(*safe_lease)
                )
            }
            Self::NoSecondAttempt { renew_deadline, pause, attempt_timeout } => write!(
                f,
                "renew_deadline is {}: a pause of {} (retry_period with its jitter), an attempt_timeout of {} (more than 0), \
                 and the longer of the two once more must fit into it; lengthen renew_deadline or shorten retry_period",
                Seconds(*renew_deadline),
                Seconds(*pause),
                Seconds(*attempt_timeout)
            ),
            Self::Ratio(permille) => write!(f, "rate_ratio_permille is {permille}: it must be 1000 to 2000"),
            Self::Zero(option) => write!(f, "{option} is 0: it must be longer"),
        }
    }
}

/// `2.4 s`
struct Seconds(Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Thousandths, as no fault hides behind less.
        write!(f, "{} s", Duration::from_millis(u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX)).as_secs_f64())
    }
}
