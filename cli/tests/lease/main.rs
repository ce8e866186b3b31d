//! `quorate lease`: the command as a whole, on a development server.
#![cfg(unix)]
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that goes wrong should stop there"
)]

#[path = "../support/dev_server.rs"]
mod dev_server;
mod follow;
mod look;
#[path = "../support/process.rs"]
mod process;
mod server;
mod usage;
