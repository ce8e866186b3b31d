//! Cargo's target folder, as a place for what tests build and leave behind.

use std::path::PathBuf;

/// The folder that this test was built in, which cargo marks as a cache.
pub(crate) fn find() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    program.ancestors().find(|folder| folder.join("CACHEDIR.TAG").exists()).map(PathBuf::from)
}

/// Where large temporary files go: what a killed test leaves behind goes with `cargo clean`.
///
/// # Errors
///
/// When it cannot be made.
pub fn temporary() -> std::io::Result<PathBuf> {
    let folder = find().map_or_else(std::env::temp_dir, |folder| folder.join("tmp"));
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}
