//! The fuzz targets as plain functions, so that a corpus also replays under `cargo test`, without libFuzzer.
//!
//! A target takes any bytes and panics when the core breaks one of its promises.

mod answer;
pub mod document;
pub mod election_operations;
mod host;
mod line;
pub mod list_pages;
pub mod listing_operations;
pub mod membership_operations;
pub mod node_name;
mod received;
mod script;
pub mod selector;
mod source;
pub mod status;
mod stream;

/// The body of a fuzz target.
pub type Target = fn(&[u8]);

/// All targets, by the names of their corpora.
pub const TARGETS: [(&str, Target); 8] = [
    ("document", document::run),
    ("election_operations", election_operations::run),
    ("list_pages", list_pages::run),
    ("listing_operations", listing_operations::run),
    ("membership_operations", membership_operations::run),
    ("node_name", node_name::run),
    ("selector", selector::run),
    ("status", status::run),
];
