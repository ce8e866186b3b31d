//! Lengths of time, as every command takes them.

use std::time::Duration;

/// Reads `500ms`, `10s`, `1m30s`; a length must not be zero.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let parsed = text.parse::<jiff::SignedDuration>().ok().and_then(|duration| Duration::try_from(duration).ok());
    parsed
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| format!("{text:?} is no length of time: write it as 500ms, 10s or 1m"))
}
