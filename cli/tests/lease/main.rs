//! `quorate lease`: the command as a whole, on a development server.
#![cfg(unix)]
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that goes wrong should stop there"
)]

mod follow;
mod look;
mod server;
mod usage;
