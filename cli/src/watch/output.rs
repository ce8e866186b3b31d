//! Standard output: a line an event, and nothing else.

use std::io;
use std::time::Duration;

use anstream::{AutoStream, ColorChoice};
use jiff::Timestamp;
use quorate_core::membership::Event;
use quorate_runtime_tokio::MembershipHandle;
use tokio::io::{AsyncWriteExt as _, Stdout};

use super::record::Record;
use super::text;

/// How often we look whether anybody reads on.
const LOOK_EVERY: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, Debug)]
pub(super) enum Format {
    Json,
    Text,
}

/// Writes on a thread of its own: a reader that sleeps holds up nothing but what it is to read.
pub(super) struct Output {
    format: Format,
    is_coloured: bool,
    out: Stdout,
}

impl Output {
    pub(super) fn new(format: Format) -> Self {
        let is_coloured = AutoStream::choice(&io::stdout()) != ColorChoice::Never;
        Self { format, is_coloured, out: tokio::io::stdout() }
    }

    /// Prints an event of the membership, if it is one that is told.
    pub(super) async fn print(&mut self, event: &Event, membership: &MembershipHandle) -> io::Result<()> {
        let Some(record) = Record::of(event, |at| membership.wall(at)) else { return Ok(()) };
        let now = Timestamp::now();
        let mut line = match self.format {
            Format::Json => record.to_json(now)?,
            Format::Text if self.is_coloured => text::line(&record, now),
            Format::Text => anstream::adapter::strip_str(&text::line(&record, now)).to_string(),
        };
        line.push('\n');
        self.out.write_all(line.as_bytes()).await?;
        self.out.flush().await
    }
}

/// Completes when nobody reads our output any more, where the system tells before something is written.
pub(super) async fn closed() {
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
