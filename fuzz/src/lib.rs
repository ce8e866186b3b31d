//! The fuzz targets as plain functions, so that a corpus also replays under `cargo test`, without libFuzzer.
//!
//! A target takes any bytes and panics when the core breaks one of its promises.

pub mod document;
mod line;
pub mod list_pages;
pub mod listing_operations;
pub mod node_name;
pub mod selector;
pub mod status;

/// The body of a fuzz target.
pub type Target = fn(&[u8]);

/// All targets, by the names of their corpora.
pub const TARGETS: [(&str, Target); 6] = [
    ("document", document::run),
    ("list_pages", list_pages::run),
    ("listing_operations", listing_operations::run),
    ("node_name", node_name::run),
    ("selector", selector::run),
    ("status", status::run),
];
