//! What the core makes of a real API server's answers (`testdata/captures`).
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

#[path = "captures/damage.rs"]
mod damage;
#[path = "captures/mutations.rs"]
mod mutations;
#[path = "captures/paging.rs"]
mod paging;
#[path = "captures/sources.rs"]
mod sources;
#[path = "captures/statuses.rs"]
mod statuses;

use quorate_core::api::LabelSelector;
use quorate_core::membership::Source;
use quorate_core::membership::listing::{ListingOptions, Snapshot};
use quorate_tests::listing_host::ListingHost;
use quorate_tests::recording::Recording;

/// The options that the recordings were made with, as far as they matter.
fn options(source: Source) -> ListingOptions {
    ListingOptions { source, selector: LabelSelector::parse("app=web").ok(), ..ListingOptions::default() }
}

fn start(source: Source) -> ListingHost {
    ListingHost::start(options(source).build().unwrap())
}

/// A listing that gets this recording for an answer.
fn answered(source: Source, recording: &str) -> ListingHost {
    let mut host = start(source);
    host.answer(&Recording::load(recording));
    host
}

/// What a recorded list holds, read by the listing machine.
fn listed(source: Source, recording: &str) -> Snapshot {
    answered(source, recording).listed().unwrap_or_else(|| panic!("{recording} is a whole list")).clone()
}
