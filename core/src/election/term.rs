//! One unbroken period of leadership, and how long it may last.

use core::cmp::Ordering;
use core::fmt;

use super::config::ElectionConfig;
use crate::api::ResourceVersion;
use crate::time::Instant;

/// What a leader shows to what it changes, so that an earlier leader's late change can be refused: it grows from term to
/// term, across all holders of the Lease (E4).
///
/// It is the resourceVersion of the Lease in which the term's first write was seen: a decimal integer. It does not grow
/// across an etcd restored from a backup unless its revision was bumped.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FencingToken(ResourceVersion);

impl FencingToken {
    pub(super) const fn new(version: ResourceVersion) -> Self {
        Self(version)
    }

    /// For model checkers, to name it anew.
    #[cfg(feature = "testing")]
    pub(super) const fn version_mut(&mut self) -> &mut ResourceVersion {
        &mut self.0
    }

    /// The token: a decimal integer of any length.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

/// As integers.
impl Ord for FencingToken {
    fn cmp(&self, other: &Self) -> Ordering {
        // The texts settle what no integer does, so that only equal tokens are equal.
        self.0.newness().cmp(&other.0.newness()).then_with(|| self.as_str().cmp(other.as_str()))
    }
}

impl PartialOrd for FencingToken {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for FencingToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A term, while it lasts and while its work is being stopped.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Term {
    pub(super) token: FencingToken,
    /// The transitions of the record, for a Lease that has to be created again.
    pub(super) transitions: u32,
    /// When the last successful write of this term was sent.
    pub(super) sent_at: Instant,
}

impl Term {
    /// When it ends unless a renewal succeeds: counted from the sending, as the answer may have been long under way (E2).
    pub(super) const fn leading_until(&self, config: &ElectionConfig) -> Instant {
        self.sent_at.saturating_add(config.options().renew_deadline)
    }

    /// When its work must be gone.
    pub(super) fn hard_deadline(&self, config: &ElectionConfig) -> Instant {
        self.sent_at.saturating_add(config.hard_deadline())
    }
}
