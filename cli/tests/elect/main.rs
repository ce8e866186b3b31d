//! `quorate elect`: the command as a whole, on a development server.
#![cfg(target_os = "linux")]
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that goes wrong should stop there"
)]

mod candidate;
#[path = "../support/dev_server.rs"]
mod dev_server;
mod ending;
mod events;
mod keeper;
mod loss;
mod probes;
mod server;
mod signals;
mod usage;
