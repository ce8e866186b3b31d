//! What to follow, and how: loose options, and the proven configuration that they become.

use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use super::guard::Share;
use super::listing::{ListingConfig, ListingFault, ListingOptions};
use super::reflector::{Follow, ReflectorConfig};
use super::view::Policy;
use crate::api::Namespace;

/// Whom to follow, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "options: built by every user, with ..Default::default()")]
pub struct MembershipOptions {
    /// Which objects tell of the members, and how they are read. Its seed settles all jitter. Each namespace is followed by
    /// itself.
    pub listing: ListingOptions,
    /// Who is admitted, by what address, under what name.
    pub policy: Policy,
    /// Whether the API server tells of changes, or is asked again and again. Default: it tells.
    pub follow: Follow,
    /// Which part of the members may go at once without a fresh list that confirms it. Default: 50 %.
    pub confirm_removals_over: Share,
}

impl MembershipOptions {
    /// Proves the options.
    ///
    /// # Errors
    ///
    /// When they cannot work, with all faults at once.
    pub fn build(self) -> Result<MembershipConfig, MembershipConfigError> {
        let faults: Vec<_> = self.follow.faults().collect();
        match self.listing.clone().build() {
            Ok(listing) if faults.is_empty() => Ok(MembershipConfig { options: self, listing }),
            outcome => {
                let listing = outcome.err().into_iter().flat_map(|error| error.faults().to_vec());
                Err(MembershipConfigError { faults: listing.map(MembershipFault::Listing).chain(faults).collect() })
            }
        }
    }
}

/// Options that work.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MembershipConfig {
    options: MembershipOptions,
    listing: ListingConfig,
}

impl MembershipConfig {
    /// The options that it was made of.
    #[must_use]
    pub const fn options(&self) -> &MembershipOptions {
        &self.options
    }

    /// What each collection's reflector goes by.
    pub(super) fn reflectors(&self) -> impl Iterator<Item = (Option<Namespace>, ReflectorConfig)> {
        let mode = self.options.follow;
        self.listing.each_scope().map(move |(namespace, listing)| (namespace, ReflectorConfig { listing, mode }))
    }
}

/// Options that cannot work.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MembershipConfigError {
    faults: Vec<MembershipFault>,
}

impl MembershipConfigError {
    /// Everything that is wrong.
    #[must_use]
    pub fn faults(&self) -> &[MembershipFault] {
        &self.faults
    }
}

/// One line a fault.
impl fmt::Display for MembershipConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.faults.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{fault}")?;
        }
        Ok(())
    }
}

impl core::error::Error for MembershipConfigError {}

/// One thing wrong with [`MembershipOptions`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MembershipFault {
    /// What is to be read cannot be.
    Listing(ListingFault),
    /// The named time of [`Follow`] is too short.
    TooShort {
        /// Its name.
        option: &'static str,
        /// Its value.
        value: Duration,
        /// The shortest that works.
        least: Duration,
    },
    /// The named number of bytes of [`Follow`] is too small.
    TooSmall {
        /// Its name.
        option: &'static str,
        /// Its value.
        value: usize,
        /// The least that works.
        least: usize,
    },
}

impl fmt::Display for MembershipFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listing(fault) => fault.fmt(f),
            Self::TooShort { option, value, least } => {
                write!(f, "{option} is {value:?}: it must be at least {least:?}")
            }
            Self::TooSmall { option, value, least } => {
                write!(f, "{option} is {value} bytes: it must be at least {least} bytes")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString as _;

    use super::*;
    use crate::api::LabelSelector;

    #[test]
    fn all_faults_are_named_at_once() {
        let listing = ListingOptions { page_limit: 0, ..ListingOptions::default() };
        let follow =
            Follow::Watch { compare_every: Duration::from_nanos(1), idle_limit: Duration::ZERO, line_bytes: 0 };
        let options = MembershipOptions { listing, follow, ..MembershipOptions::default() };
        let error = options.build().unwrap_err().to_string();
        let of_follow = "compare_every is 1ns: it must be at least 1s\n\
                         idle_limit is 0ns: it must be at least 1s\n\
                         line_bytes is 0 bytes: it must be at least 65536 bytes";
        assert_eq!(error.lines().count(), 5, "{error}");
        assert!(error.contains("page_limit") && error.ends_with(of_follow), "{error}");
    }

    #[test]
    fn the_least_of_each_works_and_no_less() {
        let listing = ListingOptions { selector: LabelSelector::parse("app=web").ok(), ..ListingOptions::default() };
        let second = Duration::from_secs(1);
        let least = [
            Follow::Poll { interval: Duration::from_millis(100) },
            Follow::Watch { compare_every: second, idle_limit: second, line_bytes: 65_536 },
        ];
        for follow in least {
            let options = MembershipOptions { listing: listing.clone(), follow, ..MembershipOptions::default() };
            assert!(options.build().is_ok(), "{follow:?}");
        }
        let follow = Follow::Poll { interval: Duration::from_nanos(1) };
        let error = MembershipOptions { listing, follow, ..MembershipOptions::default() }.build().unwrap_err();
        assert_eq!(error.to_string(), "interval is 1ns: it must be at least 100ms");
    }
}
