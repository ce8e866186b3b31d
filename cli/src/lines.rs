//! Standard output of who follows something: a line an event, and nothing else.

use std::io;
use std::time::Duration;

use anstream::{AutoStream, ColorChoice};
use tokio::io::{AsyncWriteExt as _, Stdout};

use crate::faults::Faults;

/// How often we look whether anybody reads on.
const LOOK_EVERY: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    Text,
}

impl Format {
    pub(crate) fn choose(faults: &mut Faults, name: &str) -> Option<Self> {
        faults.choose("--output", name, &[("text", Self::Text), ("json", Self::Json)])
    }
}

/// Writes on a thread of its own: a reader that sleeps holds up nothing but what it is to read.
pub(crate) struct Lines {
    format: Format,
    is_coloured: bool,
    out: Stdout,
}

impl Lines {
    pub(crate) fn new(format: Format) -> Self {
        let is_coloured = AutoStream::choice(&io::stdout()) != ColorChoice::Never;
        Self { format, is_coloured, out: tokio::io::stdout() }
    }

    /// Prints one line, in whichever form is wanted. `text` may be coloured.
    pub(crate) async fn print(
        &mut self,
        json: impl FnOnce() -> serde_json::Result<String>,
        text: impl FnOnce() -> String,
    ) -> io::Result<()> {
        let mut line = match self.format {
            Format::Json => json()?,
            Format::Text if self.is_coloured => text(),
            Format::Text => anstream::adapter::strip_str(&text()).to_string(),
        };
        line.push('\n');
        self.out.write_all(line.as_bytes()).await?;
        self.out.flush().await
    }
}

/// Completes when nobody reads our output any more, where the system tells before something is written.
pub(crate) async fn closed() {
    while !is_closed() {
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

#[cfg(unix)]
fn is_closed() -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    let out = io::stdout();
    // An error and a hang-up are told unasked.
    let mut watched = [PollFd::new(&out, PollFlags::empty())];
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut watched, Some(&at_once)).is_ok_and(|found| found > 0)
}

#[cfg(not(unix))]
fn is_closed() -> bool {
    false
}
