//! Waiting for a condition instead of for a time.

use std::thread;
use std::time::{Duration, Instant};

use crate::trouble::Trouble;

const PAUSE: Duration = Duration::from_millis(25);

/// Asks again and again until there is an answer.
///
/// # Errors
///
/// When `ask` fails, or has no answer within `limit`; `what` says what was waited for.
pub fn eventually<T>(
    what: &str,
    limit: Duration,
    mut ask: impl FnMut() -> Result<Option<T>, Trouble>,
) -> Result<T, Trouble> {
    let end = Instant::now() + limit;
    loop {
        if let Some(answer) = ask()? {
            return Ok(answer);
        }
        if Instant::now() >= end {
            return Err(Trouble::new(format!("still not so after {limit:?}: {what}")));
        }
        thread::sleep(PAUSE);
    }
}
