//! Where chance comes from.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};

/// A seed for the options that ask for one: another at each call.
///
/// Machines are deterministic, and their pauses follow from their seeds. Replicas with the same seed, such as the default 0,
/// would all come back at the same moments after an outage, and overload the API server anew.
///
/// It is as random as the keys of the standard library's hash maps: nothing to make secrets of.
#[must_use]
pub fn random_seed() -> u64 {
    RandomState::new().build_hasher().finish()
}
