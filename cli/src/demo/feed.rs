//! What everybody tells, in one stream.

use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc;

use crate::keep::monotonic_seconds;

/// How often a file is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Who tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    Members,
    Candidate(u8),
    /// The command of a candidate.
    Work(u8),
}

/// Something that was told.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) who: Who,
    /// When it happened, in seconds on the clock that all processes share.
    pub(super) at: f64,
    pub(super) value: Value,
}

impl Told {
    pub(super) fn event(&self) -> &str {
        self.text("event")
    }

    /// A text in it; empty if there is none.
    pub(super) fn text(&self, field: &str) -> &str {
        self.value.get(field).and_then(Value::as_str).unwrap_or_default()
    }
}

/// Where it is told to.
#[derive(Clone)]
pub(super) struct Feed(mpsc::UnboundedSender<Told>);

impl Feed {
    pub(super) fn new() -> (Self, mpsc::UnboundedReceiver<Told>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self(sender), receiver)
    }

    pub(super) fn tell(&self, who: Who, line: &str) {
        let Ok(value) = serde_json::from_str::<Value>(line) else { return };
        let at = value.get("monotonic").and_then(Value::as_f64).unwrap_or_else(monotonic_seconds);
        // The play is over when nobody listens.
        let _ = self.0.send(Told { who, at, value });
    }

    /// Tells whatever is appended to a file, from its beginning.
    pub(super) fn follow(&self, who: Who, file: PathBuf) {
        let feed = self.clone();
        tokio::spawn(async move {
            let (mut read, mut rest) = (0, String::new());
            loop {
                tokio::time::sleep(LOOK_EVERY).await;
                // It may not be there yet.
                let Ok(mut opened) = std::fs::File::open(&file) else { continue };
                let news = opened.seek(SeekFrom::Start(read)).and_then(|_| opened.read_to_string(&mut rest));
                read = news.map_or(read, |bytes| read.saturating_add(bytes as u64));
                while let Some((line, after)) = rest.split_once('\n') {
                    feed.tell(who, line);
                    rest = after.to_owned();
                }
            }
        });
    }
}
