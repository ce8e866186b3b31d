//! Growing, jittered waits: deterministic for a seed.

use core::time::Duration;

/// A small generator for jitter, and for nothing that must be hard to guess.
///
/// The recurrence is SplitMix64 (Steele, Lea, Flood: *Fast splittable pseudorandom number generators*, 2014).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Jitter(u64);

impl Jitter {
    pub(crate) const fn from_seed(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A part of `whole` between nothing and all of it. No chance is used up where there is nothing to divide.
    pub(crate) fn up_to(&mut self, whole: Duration) -> Duration {
        if whole.is_zero() {
            return whole;
        }
        let chance = u32::try_from(self.next() >> 32).unwrap_or(u32::MAX);
        let part = whole.as_nanos().saturating_mul(u128::from(chance)) >> 32;
        Duration::from_nanos(u64::try_from(part).unwrap_or(u64::MAX))
    }

    /// A seed for a generator of its own.
    pub(crate) fn seed(&mut self) -> u64 {
        self.next()
    }

    /// A wait from `shortest` up to `longest`.
    pub(crate) fn between(&mut self, shortest: Duration, longest: Duration) -> Duration {
        // 32 bits of chance are plenty, and keep the product within range.
        let chance = u32::try_from(self.next() >> 32).unwrap_or(u32::MAX);
        let extra = longest.saturating_sub(shortest).as_nanos().saturating_mul(u128::from(chance)) >> 32;
        shortest.saturating_add(Duration::from_nanos(u64::try_from(extra).unwrap_or(u64::MAX)))
    }

    /// A part of `whole` between one half and all of it, so that clients which failed together do not return together.
    pub(crate) fn shorten(&mut self, whole: Duration) -> Duration {
        self.between(whole.checked_div(2).unwrap_or_default(), whole)
    }
}

/// Waits that double from a first one up to a longest one, each shortened by chance to between half and all of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Backoff {
    first: Duration,
    longest: Duration,
    doublings: u32,
    jitter: Jitter,
}

impl Backoff {
    pub(crate) const fn new(first: Duration, longest: Duration, jitter: Jitter) -> Self {
        Self { first, longest, doublings: 0, jitter }
    }

    /// The next wait.
    pub(crate) fn next(&mut self) -> Duration {
        let factor = 1_u32.checked_shl(self.doublings).unwrap_or(u32::MAX);
        let whole = self.first.saturating_mul(factor).min(self.longest);
        self.doublings = self.doublings.saturating_add(1);
        self.jitter.shorten(whole)
    }

    /// Begins again at the first wait; chance goes on.
    pub(crate) const fn reset(&mut self) {
        self.doublings = 0;
    }

    /// For model checkers: from here on the same waits, whatever chance was used up.
    #[cfg(feature = "testing")]
    pub(crate) const fn forget_chance(&mut self) {
        self.jitter = Jitter::from_seed(0);
        // The longest wait is long reached.
        if self.doublings > 16 {
            self.doublings = 16;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn backoff(seed: u64) -> Backoff {
        Backoff::new(Duration::from_millis(100), Duration::from_secs(2), Jitter::from_seed(seed))
    }

    proptest! {
        #[test]
        fn waits_double_up_to_the_longest_within_their_jitter(seed in any::<u64>(), steps in 0..80_u32) {
            let mut backoff = backoff(seed);
            for step in 0..steps {
                let whole = Duration::from_millis(100).saturating_mul(1 << step.min(10)).min(Duration::from_secs(2));
                let wait = backoff.next();
                prop_assert!(wait >= whole / 2 && wait <= whole, "{wait:?} of {whole:?}");
            }
        }

        #[test]
        fn the_seed_settles_every_wait(seed in any::<u64>()) {
            let (mut one, mut other) = (backoff(seed), backoff(seed));
            prop_assert!((0..20).all(|_| one.next() == other.next()));
        }
    }

    #[test]
    fn a_reset_begins_again() {
        let mut backoff = backoff(7);
        for _ in 0..9 {
            let _ = backoff.next();
        }
        backoff.reset();
        assert!(backoff.next() <= Duration::from_millis(100));
    }

    #[test]
    fn seeds_spread_the_waits() {
        let firsts: alloc::collections::BTreeSet<_> = (0..100).map(|seed| backoff(seed).next()).collect();
        assert!(firsts.len() > 90);
    }
}
