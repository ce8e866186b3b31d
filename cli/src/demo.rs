//! `quorate demo`: everything at work, on one machine, with nothing but this program.

mod cast;
mod feed;
mod parts;
mod script;
mod stage;
mod tally;
mod timeline;

use std::process::ExitCode;

pub(crate) use self::parts::connector;
use crate::args::Demo;
use crate::signals::Signals;
use crate::{Failure, runtime};

/// As shells have it for SIGINT.
const INTERRUPTED: u8 = 130;

pub(crate) fn run(arguments: &Demo) -> Result<ExitCode, Failure> {
    if arguments.work {
        return runtime::block_on(parts::work())?.map_err(|error| Failure::Failed(error.to_string()));
    }
    runtime::block_on(play())?
}

async fn play() -> Result<ExitCode, Failure> {
    let mut signals =
        Signals::listen().map_err(|error| Failure::Failed(format!("cannot listen for signals: {error}")))?;
    tokio::select! {
        // Whoever is on the stage goes with it.
        _ = signals.next() => Ok(ExitCode::from(INTERRUPTED)),
        outcome = script::play() => outcome.map(|()| ExitCode::SUCCESS).map_err(Failure::Failed),
    }
}
