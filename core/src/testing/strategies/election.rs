//! Options of candidates.
//!
//! ```
//! use proptest::prelude::*;
//! use quorate_core::testing::strategies::election;
//!
//! proptest!(|(options in election::options())| {
//!     let config = options.build()?;
//!     prop_assert!(config.tolerated_silence() < config.options().lease_duration);
//! });
//! ```

use alloc::string::String;
use core::time::Duration;

use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::millis;
use crate::api::{LeaseName, Namespace};
use crate::election::{Create, ElectionOptions};

/// Options that work: they [build](ElectionOptions::build).
///
/// The lease lasts 1 s to 300 s, and the rest is in proportion. The Lease is `demo` in the namespace `lab`, and we are `me`.
pub fn options() -> impl Strategy<Value = ElectionOptions> {
    let times = (1..=300_u64, 40..=60_u64, 5..=9_u64, 0..=100_u8);
    (lease(), times, creation(), any::<[bool; 2]>(), any::<u64>(), any::<u64>()).prop_map(
        |(lease, (seconds, deadline, retry, jitter_percent), create, [exact_identity, beside], nonce, seed)| {
            // In percent of the lease, so that two attempts fit into the deadline, and the work's end behind it.
            let percent_of_lease =
                |percent: u64| Duration::from_millis(seconds.saturating_mul(10).saturating_mul(percent));
            ElectionOptions {
                exact_identity,
                lease_duration: Duration::from_secs(seconds),
                renew_deadline: percent_of_lease(deadline),
                retry_period: percent_of_lease(retry),
                jitter_percent,
                create,
                // A short lease has no second to give away.
                beside_client_go: beside && seconds >= 5,
                seed,
                ..with_defaults(lease, "me", nonce)
            }
        },
    )
}

/// Any options, those that cannot work among them.
pub fn any_options() -> impl Strategy<Value = ElectionOptions> {
    let identity = prop_oneof![4 => Just(String::from("me")), 1 => any::<String>()];
    let time = || prop_oneof![4 => millis(0..=20_000), 1 => any::<Duration>()];
    let times = (time(), time(), time(), option::of(time()), option::of(time()), option::of(time()));
    let numbers = (any::<u8>(), prop_oneof![1000..=2000_u32, any::<u32>()], any::<u64>(), any::<u64>());
    (lease(), identity, times, numbers, creation(), any::<[bool; 2]>()).prop_map(
        |(lease, identity, times, numbers, create, [exact_identity, beside_client_go])| {
            let (lease_duration, renew_deadline, retry_period, attempt_timeout, grace, kill_margin) = times;
            let (jitter_percent, rate_ratio_permille, nonce, seed) = numbers;
            ElectionOptions {
                exact_identity,
                lease_duration,
                renew_deadline,
                retry_period,
                jitter_percent,
                attempt_timeout,
                grace,
                kill_margin,
                rate_ratio_permille,
                create,
                beside_client_go,
                seed,
                ..with_defaults(lease, &identity, nonce)
            }
        },
    )
}

fn creation() -> impl Strategy<Value = Create> {
    select(&[Create::Safe, Create::Fast][..])
}

fn lease() -> impl Strategy<Value = (Namespace, LeaseName)> {
    // Both are valid names, so nothing is filtered out.
    Just(()).prop_filter_map("names", |()| Namespace::parse("lab").ok().zip(LeaseName::parse("demo").ok()))
}

fn with_defaults((namespace, name): (Namespace, LeaseName), identity: &str, nonce: u64) -> ElectionOptions {
    ElectionOptions::new(namespace, name, identity, nonce)
}
