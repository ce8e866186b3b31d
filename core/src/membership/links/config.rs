//! How links are kept: loose options, and the proven configuration that they become.

use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use crate::name::NodeName;

/// The shortest time that an attempt, a pause or an interval may take: anything less is a busy loop.
const SHORTEST: Duration = Duration::from_millis(1);

/// Which members keep their links.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the two rules of design §3")]
pub enum Keep {
    /// All that are in the view, ready or not: a readiness probe that flaps disconnects nobody.
    #[default]
    Present,
    /// Those that are ready or admitted. This is libcluster's rule: unready means disconnected.
    Ready,
}

/// How links are made, kept and ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "options: built by every user, with ..Default::default()")]
pub struct LinkOptions {
    /// Our own name: never dialled, never disconnected. While who has it terminates, nobody else is either. Default: none,
    /// for those who are no member.
    pub self_name: Option<NodeName>,
    /// The most attempts, to connect or to disconnect, that are in flight at once; at least 1. Default: 16.
    pub parallel: usize,
    /// How long one attempt may take; at least 1 ms. Default: 10 s.
    pub attempt_timeout: Duration,
    /// The pause after a peer's first failure, which doubles with each further one and is shortened by chance to between
    /// half and all of it; at least 1 ms. A link that lasts less than this is such a failure, too. Default: 1 s.
    pub first_pause: Duration,
    /// The longest such pause; at least `first_pause`. Default: 30 s.
    pub longest_pause: Duration,
    /// Which members keep their links. Default: all that are present.
    pub keep: Keep,
    /// How long a peer stays connected when it is no longer kept, in case it comes back; a peer whose name has passed to
    /// another goes at once. `None`: nobody is ever disconnected, not even then, and a name is dialled again once its old
    /// link is seen to be down. Default: 2 s.
    pub disconnect_after: Option<Duration>,
    /// How long a terminating member is kept. `None`: as long as it terminates. Default: `None`.
    pub terminating_after: Option<Duration>,
    /// How often the connector is asked who is connected; at least 1 ms. Default: 10 s.
    pub list_interval: Duration,
    /// Settles the jitter of the pauses: the same seed gives the same pauses. Replicas need seeds of their own, or they all
    /// return at once from an outage. Default: 0.
    pub seed: u64,
}

impl Default for LinkOptions {
    fn default() -> Self {
        Self {
            self_name: None,
            parallel: 16,
            attempt_timeout: Duration::from_secs(10),
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(30),
            keep: Keep::Present,
            disconnect_after: Some(Duration::from_secs(2)),
            terminating_after: None,
            list_interval: Duration::from_secs(10),
            seed: 0,
        }
    }
}

impl LinkOptions {
    /// Proves the options.
    ///
    /// # Errors
    ///
    /// When they cannot work, with all faults at once.
    pub fn build(self) -> Result<LinkConfig, LinkConfigError> {
        let Self { attempt_timeout, first_pause, longest_pause, list_interval, .. } = self;
        let too_short = |option, value| (value < SHORTEST, LinkFault::TooShort { option, value });
        let faults = [
            (self.parallel == 0, LinkFault::Zero("parallel")),
            too_short("attempt_timeout", attempt_timeout),
            too_short("first_pause", first_pause),
            (longest_pause < first_pause, LinkFault::PausesCrossed { first_pause, longest_pause }),
            too_short("list_interval", list_interval),
        ];
        let faults: Vec<_> = faults.into_iter().filter_map(|(found, fault)| found.then_some(fault)).collect();
        if faults.is_empty() { Ok(LinkConfig(self)) } else { Err(LinkConfigError { faults }) }
    }
}

/// Options that work.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LinkConfig(LinkOptions);

impl LinkConfig {
    /// The options that it was made of.
    #[must_use]
    pub const fn options(&self) -> &LinkOptions {
        &self.0
    }
}

/// Options that cannot work.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LinkConfigError {
    faults: Vec<LinkFault>,
}

impl LinkConfigError {
    /// Everything that is wrong.
    #[must_use]
    pub fn faults(&self) -> &[LinkFault] {
        &self.faults
    }
}

/// One line a fault.
impl fmt::Display for LinkConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.faults.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{fault}")?;
        }
        Ok(())
    }
}

impl core::error::Error for LinkConfigError {}

/// One thing wrong with [`LinkOptions`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LinkFault {
    /// The longest pause is shorter than the first.
    PausesCrossed {
        /// The first pause.
        first_pause: Duration,
        /// The longest pause.
        longest_pause: Duration,
    },
    /// The named option is too short a time.
    TooShort {
        /// Its name.
        option: &'static str,
        /// Its value.
        value: Duration,
    },
    /// The named option must not be zero.
    Zero(&'static str),
}

impl fmt::Display for LinkFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PausesCrossed { first_pause, longest_pause } => {
                write!(
                    f,
                    "longest_pause is {longest_pause:?}: it must be at least first_pause, which is {first_pause:?}"
                )
            }
            Self::TooShort { option, value } => write!(f, "{option} is {value:?}: it must be at least {SHORTEST:?}"),
            Self::Zero(option) => write!(f, "{option} is 0: it must be at least 1"),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString as _;

    use super::*;

    #[test]
    fn the_defaults_work() {
        assert!(LinkOptions::default().build().is_ok());
    }

    #[test]
    fn all_faults_are_named_at_once() {
        let options = LinkOptions {
            parallel: 0,
            attempt_timeout: Duration::ZERO,
            longest_pause: Duration::from_millis(10),
            list_interval: Duration::from_micros(5),
            ..LinkOptions::default()
        };
        assert_eq!(
            options.build().unwrap_err().to_string(),
            "parallel is 0: it must be at least 1\n\
             attempt_timeout is 0ns: it must be at least 1ms\n\
             longest_pause is 10ms: it must be at least first_pause, which is 1s\n\
             list_interval is 5µs: it must be at least 1ms"
        );
    }
}
