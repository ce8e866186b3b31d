//! How to stand for election: loose options, and the proven configuration that they become.

use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use super::fault::{ElectionConfigError, ElectionFault};
use crate::api::lease::Lease;
use crate::api::{LeaseName, Namespace};

/// The longest lease duration that a configuration takes, and that a foreign record is believed.
///
/// One write of 2,147,483,647 seconds would else block the Lease for 68 years.
pub const LONGEST_LEASE: Duration = Duration::from_secs(3600);

/// The longest identity, in bytes.
pub(super) const IDENTITY_LIMIT: usize = 200;

/// The longest attempt timeout and kill margin that are chosen where none is given.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(3);
const KILL_MARGIN: Duration = Duration::from_millis(500);

/// What a client-go candidate may misjudge: it compares times in whole seconds.
const CLIENT_GO_ROUNDING: Duration = Duration::from_secs(1);

/// Which Lease, under which name, and how patiently.
///
/// Three durations are for users to choose: [`lease_duration`](Self::lease_duration),
/// [`renew_deadline`](Self::renew_deadline) and [`retry_period`](Self::retry_period). All others follow from them unless
/// they are given.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "options: built by every user, with ..ElectionOptions::new(…)")]
pub struct ElectionOptions {
    /// The namespace of the Lease.
    pub namespace: Namespace,
    /// The name of the Lease: the same for all candidates.
    pub name: LeaseName,
    /// Who we are, for people: the name of the pod, say. 1 to 200 bytes of printable ASCII.
    pub identity: String,
    /// Whether the identity is written as it is, instead of with the nonce behind it. Each write then carries the nonce as
    /// an annotation, and a record in our name without it is somebody else's. Default: no.
    pub exact_identity: bool,
    /// A number that no other process life has: the host draws it at random.
    pub nonce: u64,
    /// How long others must see no change before one of them takes over. Whole seconds, 1 s to 3,600 s. Default: 15 s.
    pub lease_duration: Duration,
    /// How long after it sent its last successful renewal a leader still leads. Default: 10 s.
    pub renew_deadline: Duration,
    /// The pause from attempt to attempt, and from renewal to renewal. Default: 2 s.
    pub retry_period: Duration,
    /// The random part on top of each pause, and the longest that a standby waits on top of the expiry, in percent of the
    /// retry period; after a release it waits a quarter of it at most. 0 to 100. Default: 20.
    pub jitter_percent: u8,
    /// How long one attempt may take. Default: 3 s, or less where the renew deadline leaves no room for two.
    pub attempt_timeout: Option<Duration>,
    /// The least time the work gets to stop when leadership was lost. Default: all there is,
    /// lease duration ÷ clock-rate ratio − renew deadline − kill margin.
    pub grace: Option<Duration>,
    /// How long before others may take over the work is killed. Default: 0.5 s, or less where the lease is short.
    pub kill_margin: Option<Duration>,
    /// How much faster another's clock may run than ours, in thousandths; work never overlaps up to it. 1,000 to 2,000.
    /// Default: 1,010.
    pub rate_ratio_permille: u32,
    /// What to do where there is no Lease. Default: create it, and wait.
    pub create: Create,
    /// Whether candidates that use client-go may share the Lease. It takes one second off the grace. Default: no.
    pub beside_client_go: bool,
    /// Settles all jitter: the same seed gives the same pauses. Default: the nonce.
    pub seed: u64,
}

/// What a candidate does that finds no Lease.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Create {
    /// Creates it, and leads one lease duration later at the earliest: a creation cannot tell whether somebody deleted the
    /// Lease of a leader that still works.
    #[default]
    Safe,
    /// Creates it, and leads at once, as client-go does. Two lead at once if somebody deletes a Lease that is held.
    Fast,
}

impl ElectionOptions {
    /// The defaults for this Lease and this candidate.
    #[must_use]
    pub fn new(namespace: Namespace, name: LeaseName, identity: &str, nonce: u64) -> Self {
        Self {
            namespace,
            name,
            identity: identity.into(),
            exact_identity: false,
            nonce,
            lease_duration: Duration::from_secs(15),
            renew_deadline: Duration::from_secs(10),
            retry_period: Duration::from_secs(2),
            jitter_percent: 20,
            attempt_timeout: None,
            grace: None,
            kill_margin: None,
            rate_ratio_permille: 1010,
            create: Create::Safe,
            beside_client_go: false,
            seed: nonce,
        }
    }

    /// Proves the options.
    ///
    /// # Errors
    ///
    /// When they cannot work, with all faults at once.
    pub fn build(self) -> Result<ElectionConfig, ElectionConfigError> {
        let config = ElectionConfig::derive(self);
        let faults = config.faults();
        if faults.is_empty() { Ok(config) } else { Err(ElectionConfigError::new(faults)) }
    }

    /// Takes the options unproven: to show what becomes of a cluster whose options cannot work.
    #[cfg(feature = "testing")]
    #[must_use]
    pub fn unproven(self) -> ElectionConfig {
        ElectionConfig::derive(self)
    }
}

/// Options that work, and what they buy.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ElectionConfig {
    options: ElectionOptions,
    identity: Arc<str>,
    nonce: Option<Arc<str>>,
    attempt_timeout: Duration,
    grace: Duration,
    kill_margin: Duration,
}

impl ElectionConfig {
    /// Fills in what is not given.
    fn derive(options: ElectionOptions) -> Self {
        let nonce = format!("{:016x}", options.nonce);
        let (identity, nonce) = match options.exact_identity {
            true => (options.identity.as_str().into(), Some(nonce.into())),
            false => (format!("{}_{nonce}", options.identity).into(), None),
        };
        let mut config = Self {
            identity,
            nonce,
            attempt_timeout: options.attempt_timeout.unwrap_or_default(),
            grace: options.grace.unwrap_or_default(),
            kill_margin: options.kill_margin.unwrap_or_default(),
            options,
        };
        if config.options.attempt_timeout.is_none() {
            config.attempt_timeout = ATTEMPT_TIMEOUT.min(config.longest_attempt());
        }
        let after_deadline = config.safe_lease().saturating_sub(config.options.renew_deadline);
        let left = after_deadline.saturating_sub(config.rounding());
        if config.options.kill_margin.is_none() {
            config.kill_margin = KILL_MARGIN.min(left.checked_div(4).unwrap_or_default());
        }
        if config.options.grace.is_none() {
            config.grace = left.saturating_sub(config.kill_margin);
        }
        config
    }

    fn faults(&self) -> Vec<ElectionFault> {
        let options = &self.options;
        let lease = options.lease_duration;
        let is_name = (1..=IDENTITY_LIMIT).contains(&options.identity.len())
            && options.identity.bytes().all(|b| b.is_ascii_graphic() || b == b' ');
        let spent = options.renew_deadline.saturating_add(self.grace).saturating_add(self.kill_margin);
        let spent = spent.saturating_add(self.rounding());
        let pause = self.longest_pause();
        let two_attempts = pause.saturating_add(self.attempt_timeout).saturating_add(self.attempt_timeout.max(pause));
        let zero = |value: Duration, name| (value.is_zero(), ElectionFault::Zero(name));
        let faults = [
            (!is_name, ElectionFault::Identity(options.identity.clone())),
            (
                lease.subsec_nanos() != 0 || lease.is_zero() || lease > LONGEST_LEASE,
                ElectionFault::LeaseDuration(lease),
            ),
            zero(options.renew_deadline, "renew_deadline"),
            zero(options.retry_period, "retry_period"),
            (options.attempt_timeout == Some(Duration::ZERO), ElectionFault::Zero("attempt_timeout")),
            (options.jitter_percent > 100, ElectionFault::Jitter(options.jitter_percent)),
            (!(1000..=2000).contains(&options.rate_ratio_permille), ElectionFault::Ratio(options.rate_ratio_permille)),
            // E3: the work is gone before anybody may take over, for clocks within the ratio.
            (
                spent > self.safe_lease() || self.grace.is_zero(),
                ElectionFault::NoGrace {
                    lease_duration: lease,
                    safe_lease: self.safe_lease(),
                    renew_deadline: options.renew_deadline,
                    grace: self.grace,
                    kill_margin: self.kill_margin,
                    beside_client_go: options.beside_client_go,
                },
            ),
            // One slow call costs nothing: a second attempt still fits.
            (
                two_attempts > options.renew_deadline || self.attempt_timeout.is_zero(),
                ElectionFault::NoSecondAttempt {
                    renew_deadline: options.renew_deadline,
                    pause,
                    attempt_timeout: self.attempt_timeout,
                },
            ),
        ];
        faults.into_iter().filter_map(|(found, fault)| found.then_some(fault)).collect()
    }

    /// The longest attempt of which two fit into the renew deadline.
    fn longest_attempt(&self) -> Duration {
        let pause = self.longest_pause();
        let left = self.options.renew_deadline.saturating_sub(pause);
        let half = left.checked_div(2).unwrap_or_default();
        if half >= pause { half } else { left.saturating_sub(pause) }
    }

    fn rounding(&self) -> Duration {
        if self.options.beside_client_go { CLIENT_GO_ROUNDING } else { Duration::ZERO }
    }

    /// The options that it was made of.
    #[must_use]
    pub const fn options(&self) -> &ElectionOptions {
        &self.options
    }

    /// What we write as `holderIdentity`.
    #[must_use]
    pub const fn identity(&self) -> &Arc<str> {
        &self.identity
    }

    /// What each write carries as an annotation, with an exact identity.
    pub(super) fn nonce(&self) -> Option<&str> {
        self.nonce.as_deref()
    }

    /// Whether a record is in our name, and, with an exact identity, not a namesake's.
    pub(super) fn is_ours(&self, lease: &Lease) -> bool {
        lease.holder().as_deref() == Some(&*self.identity) && (self.nonce.is_none() || lease.nonce() == self.nonce())
    }

    /// How long one attempt may take.
    #[must_use]
    pub const fn attempt_timeout(&self) -> Duration {
        self.attempt_timeout
    }

    /// The least time that the work gets to stop when leadership was lost.
    #[must_use]
    pub const fn grace(&self) -> Duration {
        self.grace
    }

    /// How long before others may take over the work is killed.
    #[must_use]
    pub const fn kill_margin(&self) -> Duration {
        self.kill_margin
    }

    /// The longest random part of a pause, and of a standby's wait.
    #[must_use]
    pub fn jitter(&self) -> Duration {
        let percent = u32::from(self.options.jitter_percent);
        self.options.retry_period.saturating_mul(percent).checked_div(100).unwrap_or_default()
    }

    /// The longest time from the beginning of one attempt to that of the next, if the first was answered by then.
    #[must_use]
    pub fn longest_pause(&self) -> Duration {
        self.options.retry_period.saturating_add(self.jitter())
    }

    /// What passes on our clock at least while the lease duration passes on any other: the lease duration ÷ the ratio.
    fn safe_lease(&self) -> Duration {
        let permille = self.options.rate_ratio_permille.max(1);
        self.options.lease_duration.saturating_mul(1000).checked_div(permille).unwrap_or_default()
    }

    /// How long after a successful write was sent the work must be gone.
    #[must_use]
    pub fn hard_deadline(&self) -> Duration {
        self.safe_lease().saturating_sub(self.kill_margin).saturating_sub(self.rounding())
    }

    /// How long the API server may leave everything unanswered without costing a leader its term.
    #[must_use]
    pub fn tolerated_silence(&self) -> Duration {
        let pause = self.longest_pause();
        self.options.renew_deadline.saturating_sub(pause).saturating_sub(pause.max(self.attempt_timeout))
    }

    /// How long the API server may refuse connections without costing a leader its term.
    #[must_use]
    pub fn tolerated_refusal(&self) -> Duration {
        let pause = self.longest_pause();
        self.options.renew_deadline.saturating_sub(pause).saturating_sub(pause)
    }

    /// The longest time from the last write of a leader that took effect, before it crashed, until another leads, while the
    /// API server answers at once.
    #[must_use]
    pub fn worst_failover(&self) -> Duration {
        self.options.lease_duration.saturating_add(self.longest_pause())
    }

    /// The longest time from a release until another leads, while the API server answers at once: a standby whose watch has
    /// died unheard looks after a quarter of a lease duration. With a living watch, the [`jitter`](Self::jitter).
    #[must_use]
    pub fn worst_handover(&self) -> Duration {
        let quarter = self.options.lease_duration.checked_div(4).unwrap_or_default();
        quarter.saturating_add(self.jitter())
    }

    /// How much faster another's clock may run than ours, in thousandths, until two guards may say "leading" at once.
    #[must_use]
    pub fn guard_ratio_permille(&self) -> u32 {
        permille(self.options.lease_duration, self.options.renew_deadline)
    }

    /// How much faster another's clock may run than ours, in thousandths, until two may work at once.
    #[must_use]
    pub fn work_ratio_permille(&self) -> u32 {
        let spent = self.options.renew_deadline.saturating_add(self.grace).saturating_add(self.kill_margin);
        permille(self.options.lease_duration, spent.saturating_add(self.rounding()))
    }
}

/// Thousandths of one duration in another, rounded down.
fn permille(whole: Duration, part: Duration) -> u32 {
    let permille = whole.as_nanos().saturating_mul(1000).checked_div(part.as_nanos()).unwrap_or(u128::MAX);
    u32::try_from(permille).unwrap_or(u32::MAX)
}

/// What a configuration buys, one line each.
impl fmt::Display for ElectionConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = |duration: Duration| duration.as_secs_f64();
        writeln!(
            f,
            "tolerated outage of the API: {:.1} s without answers, {:.1} s of refused connections",
            seconds(self.tolerated_silence()),
            seconds(self.tolerated_refusal())
        )?;
        writeln!(
            f,
            "another leads after a crash within {:.1} s, after a release within {:.1} s ({:.1} s while its watch lives)",
            seconds(self.worst_failover()),
            seconds(self.worst_handover()),
            seconds(self.jitter())
        )?;
        writeln!(f, "time to stop the work after a loss: {:.2} s at least", seconds(self.grace))?;
        write!(
            f,
            "tolerated ratio of clock rates: {:.3} for the guard, {:.3} for the work",
            f64::from(self.guard_ratio_permille()) / 1000.0,
            f64::from(self.work_ratio_permille()) / 1000.0
        )
    }
}

#[cfg(test)]
mod tests;
