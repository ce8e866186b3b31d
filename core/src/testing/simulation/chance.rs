//! Chance: everything of it follows from a plan's seed.

use crate::testing::random::Random;

#[derive(Clone, Debug)]
pub(super) struct Chance(Random);

impl Chance {
    /// One of many streams, so that what befalls one node changes no other's chances.
    pub(super) const fn new(seed: u64, stream: u64) -> Self {
        let (one, other) = (Random::new(seed).next(), Random::new(!stream).next());
        Self(Random::new(one ^ other))
    }

    /// A number below this one; 0 if there is none.
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.0.next().checked_rem(limit).unwrap_or_default()
    }

    /// A number from the first to the last.
    pub(super) fn between(&mut self, first: u64, last: u64) -> u64 {
        first.saturating_add(self.below(last.saturating_sub(first).saturating_add(1)))
    }

    pub(super) fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(u64::try_from(length).unwrap_or(u64::MAX))).unwrap_or_default()
    }

    pub(super) fn percent(&mut self, percent: u8) -> bool {
        self.below(100) < u64::from(percent)
    }

    pub(super) fn coin(&mut self) -> bool {
        self.percent(50)
    }
}
