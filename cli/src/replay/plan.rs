//! From flags to what will be played, or to everything that is wrong with them.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use quorate_core::testing::simulation::{Simulation, Step, Trace, Who};

use crate::args::Replay;
use crate::duration::duration_or_never;
use crate::faults::Faults;

/// How long before a violation the steps are shown that led to it.
const LEAD_IN: Duration = Duration::from_secs(10);

pub(super) struct Plan {
    pub(super) trace: Trace,
    /// Yet to be run; it tells what its machines do.
    pub(super) simulation: Simulation,
    pub(super) window: Window,
    pub(super) picture: Option<PathBuf>,
    pub(super) smaller: Option<PathBuf>,
}

/// Which steps are shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    from: Option<Duration>,
    until: Option<Duration>,
    lead_in: Duration,
    node: Option<usize>,
    is_quiet: bool,
}

impl Plan {
    pub(super) fn make(arguments: &Replay) -> Result<Self, Faults> {
        let mut faults = Faults::default();
        let trace = faults.check("TRACE", read(&arguments.trace));
        let mut time = |flag, text: &Option<String>| {
            let time = text.as_deref().map(duration_or_never);
            time.and_then(|time| faults.check(flag, time)).flatten()
        };
        let (from, until) = (time("--from", &arguments.from), time("--until", &arguments.until));
        if let (Some(from), Some(until)) = (from, until)
            && from >= until
        {
            faults.add("--from must be earlier than --until");
        }
        let simulation = trace.as_ref().and_then(|trace| faults.check("TRACE", Simulation::new(trace.plan.clone())));
        let (Some(trace), Some(mut simulation)) = (trace, simulation) else { return Err(faults) };
        if !faults.is_empty() {
            return Err(faults);
        }
        simulation.record();
        let violated = trace.violated.as_ref().map(|violated| Duration::from_micros(violated.at_us));
        let lead_in = violated.unwrap_or_default().saturating_sub(LEAD_IN);
        let window = Window { from, until, lead_in, node: arguments.node, is_quiet: arguments.quiet };
        Ok(Self { trace, simulation, window, picture: arguments.svg.clone(), smaller: arguments.shrink.clone() })
    }
}

impl Window {
    pub(super) fn shows(&self, step: &Step) -> bool {
        let is_in_time =
            step.at >= self.from.unwrap_or(self.lead_in) && self.until.is_none_or(|until| step.at <= until);
        !self.is_quiet && is_in_time && self.node.is_none_or(|node| step.who == Who::Node(node))
    }

    /// Which part of a run is drawn that has ended by then: all of it, unless flags say otherwise.
    pub(super) fn clip(&self, end: Duration) -> (Duration, Duration) {
        (self.from.unwrap_or_default().min(end), self.until.unwrap_or(end).min(end))
    }
}

fn read(file: &Path) -> Result<Trace, String> {
    let text = match file.to_str() {
        Some("-") => {
            let mut text = String::new();
            io::stdin().read_to_string(&mut text).map(|_| text)
        }
        _ => std::fs::read_to_string(file),
    };
    let text = text.map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    Trace::from_json(&text).map_err(|error| format!("{}: {error}", file.display()))
}
