//! Lengths of time, as every command takes them.

use std::time::Duration;

/// Reads `500ms`, `10s`, `1m30s`; a length must not be zero.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    parse(text)
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| format!("{text:?} is no length of time: write it as 500ms, 10s or 1m"))
}

/// Reads a length, which may be zero here, or `never`.
pub(crate) fn duration_or_never(text: &str) -> Result<Option<Duration>, String> {
    match (text, parse(text)) {
        ("never", _) => Ok(None),
        (_, Some(duration)) => Ok(Some(duration)),
        (_, None) => {
            Err(format!("{text:?} is no length of time: write it as 0s, 500ms, 10s or 1m, or never if there is none"))
        }
    }
}

fn parse(text: &str) -> Option<Duration> {
    text.parse::<jiff::SignedDuration>().ok().and_then(|duration| Duration::try_from(duration).ok())
}
