//! Strategies for property tests with [proptest](mod@proptest): configurations, what servers have and say, and whole histories of a machine.
//!
//! Each comes in two kinds where it matters: what works, and *any*, which may not. A property about an embedder's own code
//! takes what works; a property about faults takes any.
//!
//! | module | makes |
//! |---|---|
//! | [`election`] | options of candidates |
//! | [`membership`] | options of listings, memberships and links, and policies |
//! | [`records`] | Leases: well-formed, odd, and what is none |
//! | [`objects`] | Pods, EndpointSlices and Endpoints, and pages of them |
//! | [`answers`] | answers of a server, whole, refused or cut |
//! | [`histories`] | what happens to a machine, step by step, and a [`Player`](histories::Player) that carries it out |
//!
//! # Example
//!
//! Whatever a server says and whenever: a candidate never claims to lead for longer than its renew deadline after it sent its
//! last write (E2).
//!
//! ```
//! use proptest::prelude::*;
//! use quorate_core::election::Election;
//! use quorate_core::testing::strategies::{election, histories, histories::Player};
//!
//! proptest!(|(options in election::options(), steps in histories::of_election())| {
//!     let deadline = options.renew_deadline;
//!     let mut player = Player::start(Election::new(options.build()?));
//!     for step in &steps {
//!         player.step(step);
//!         if let Some(until) = player.machine().leading_until() {
//!             let sent_at = player.last_write_at().expect("who leads has written");
//!             prop_assert!(until <= sent_at.saturating_add(deadline));
//!         }
//!     }
//! });
//! ```

pub mod answers;
pub mod election;
pub mod histories;
pub mod membership;
pub mod objects;
pub mod records;

use core::ops::RangeInclusive;
use core::time::Duration;

use proptest::prelude::*;

/// A time of so many milliseconds.
fn millis(range: RangeInclusive<u64>) -> impl Strategy<Value = Duration> {
    range.prop_map(Duration::from_millis)
}
