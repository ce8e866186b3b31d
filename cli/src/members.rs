//! `quorate members`: lists the members once.

mod fetch;
mod output;
mod plan;

use std::io::Write as _;

use quorate_core::membership::{Reason, View};
use tracing::{info, warn};

use self::plan::{Input, Plan};
use crate::Failure;
use crate::args::Members;

/// What was read, whatever it was read from.
struct Reading {
    view: View,
    /// Empty if nobody named one.
    resource_version: String,
}

pub(crate) fn run(arguments: &Members, from_command_line: impl Fn(&str) -> bool) -> Result<(), Failure> {
    let Plan { input, policy, format } = Plan::make(arguments, from_command_line).map_err(Failure::Usage)?;
    let (objects, resource_version) = match input {
        Input::Api { config, listing } => fetch::from_api(config, listing)?,
        Input::Document(file) => fetch::from_document(&file, policy.naming.service.as_ref())?,
    };
    let reading = Reading { view: View::of(&objects, &policy), resource_version };
    tell_what_is_missing(&reading.view);
    let mut out = anstream::stdout().lock();
    output::print(&reading, format, &mut out)?;
    out.flush()?;
    Ok(())
}

/// Nothing is lost silently: an incomplete answer and an empty one are worth a word, the rest is there for `-v`.
fn tell_what_is_missing(view: &View) {
    for skipped in &view.skipped {
        match skipped.reason {
            Reason::Truncated => warn!("{skipped}"),
            _ => info!("left out {skipped}"),
        }
    }
    if view.members.is_empty() {
        match view.skipped.as_slice() {
            [] => warn!("no members: nothing was found; is the selection right, and the namespace?"),
            [first, ..] => warn!("no members: {} left out; the first is {first}", view.skipped.len()),
        }
    }
}
