//! Names and uids: arbitrary to clients, the same for the same seed.

use alloc::format;
use alloc::string::String;

/// Kubernetes' alphabet for generated names: no vowels, so no words.
const ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";

/// [SplitMix64](https://prng.di.unimi.it/splitmix64.c).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Random(u64);

impl Random {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(super) fn uid(&mut self) -> String {
        let (high, low) = (self.next(), self.next());
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xfff,
            0x8000 | (low >> 48) & 0x3fff,
            low & 0xffff_ffff_ffff
        )
    }

    /// What `generateName` is completed with.
    pub(super) fn suffix(&mut self) -> String {
        let mut bits = self.next();
        let mut text = String::new();
        for _ in 0..5 {
            let letter = usize::try_from(bits.checked_rem(27).unwrap_or_default()).unwrap_or_default();
            text.extend(ALPHABET.get(letter).map(|letter| char::from(*letter)));
            bits >>= 8;
        }
        text
    }
}
