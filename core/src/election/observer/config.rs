//! What to observe: loose options, and the proven configuration that they become.

use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use crate::api::lease::Lease;
use crate::api::{LeaseName, Namespace};
use crate::election::config::{ElectionConfig, ElectionOptions, LONGEST_LEASE};
use crate::election::observation::Eyes;

/// What a record without a duration counts as: the lease duration that candidates have by default.
pub const USUAL_LEASE: Duration = Duration::from_secs(15);

/// Which Lease to observe, and how hard to try.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "options: built by every user, with ..ObserverOptions::new(…)")]
pub struct ObserverOptions {
    /// The namespace of the Lease.
    pub namespace: Namespace,
    /// The name of the Lease.
    pub name: LeaseName,
    /// Whether to go on after the first answer, until the host has enough. Default: no.
    pub follow: bool,
    /// How long to keep trying for the first answer where nothing is followed, all attempts and pauses included; a third of
    /// it is the longest that one attempt may take. Default: 10 s.
    pub request_timeout: Duration,
    /// Settles all jitter: the same seed gives the same pauses. Default: 0; a random one is the host's to give.
    pub seed: u64,
}

impl ObserverOptions {
    /// The defaults for this Lease.
    #[must_use]
    pub const fn new(namespace: Namespace, name: LeaseName) -> Self {
        Self { namespace, name, follow: false, request_timeout: Duration::from_secs(10), seed: 0 }
    }

    /// Proves the options.
    ///
    /// # Errors
    ///
    /// When they cannot work, with all faults at once.
    pub fn build(self) -> Result<ObserverConfig, ObserverConfigError> {
        let faults = [(self.request_timeout.is_zero(), ObserverFault::Zero("request_timeout"))];
        let faults: Vec<_> = faults.into_iter().filter_map(|(found, fault)| found.then_some(fault)).collect();
        if faults.is_empty() { Ok(ObserverConfig(self)) } else { Err(ObserverConfigError { faults }) }
    }
}

/// Options that work.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ObserverConfig(ObserverOptions);

impl ObserverConfig {
    /// The options that it was made of.
    #[must_use]
    pub const fn options(&self) -> &ObserverOptions {
        &self.0
    }

    /// How long one attempt may take.
    #[must_use]
    pub fn attempt_timeout(&self) -> Duration {
        self.0.request_timeout.checked_div(3).unwrap_or_default().max(Duration::from_millis(1))
    }

    /// How a candidate of ours stands with this lease duration, its other settings in the proportions of the defaults: renew
    /// deadline 10/15, retry period 2/15. `None` for a duration that no candidate of ours can have.
    ///
    /// The record says nothing but the lease duration: the rest is each candidate's own.
    #[must_use]
    pub fn usual_candidate(&self, lease_duration: Duration) -> Option<ElectionConfig> {
        let part = |of_fifteen: u32| lease_duration.saturating_mul(of_fifteen).checked_div(15).unwrap_or_default();
        let options = ElectionOptions {
            lease_duration,
            renew_deadline: part(10),
            retry_period: part(2),
            ..ElectionOptions::new(self.0.namespace.clone(), self.0.name.clone(), "candidate", 0)
        };
        options.build().ok()
    }
}

/// How long a candidate leaves a held record alone whose own lease duration is no longer than the record's (E7: what is absent
/// or absurd counts as the usual one).
pub(super) fn counted(duration_seconds: Option<u64>) -> Duration {
    duration_seconds.map_or(USUAL_LEASE, Duration::from_secs).min(LONGEST_LEASE)
}

/// Who only looks has no name, and made nothing.
impl Eyes for ObserverConfig {
    fn is_ours(&self, _: &Lease) -> bool {
        false
    }

    fn distrusts_creation(&self) -> bool {
        false
    }

    fn patience(&self, record: Option<&Lease>) -> Duration {
        counted(record.and_then(Lease::duration_seconds))
    }
}

/// Options that cannot work.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ObserverConfigError {
    faults: Vec<ObserverFault>,
}

impl ObserverConfigError {
    /// Everything that is wrong.
    #[must_use]
    pub fn faults(&self) -> &[ObserverFault] {
        &self.faults
    }
}

/// One line a fault.
impl fmt::Display for ObserverConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.faults.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{fault}")?;
        }
        Ok(())
    }
}

impl core::error::Error for ObserverConfigError {}

/// One thing wrong with [`ObserverOptions`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ObserverFault {
    /// The named option must not be zero.
    Zero(&'static str),
}

impl fmt::Display for ObserverFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Zero(option) => write!(f, "{option} is 0: it must be longer"),
        }
    }
}
