//! `quorate replay`: plays a simulated cluster again.

mod picture;
mod plan;
mod steps;

use std::fs;
use std::path::Path;

use quorate_core::testing::simulation::{Simulation, Trace, Violation, shrink};

use self::picture::Picture;
use self::plan::Plan;
use crate::Failure;
use crate::args::Replay;

pub(crate) fn run(arguments: &Replay) -> Result<(), Failure> {
    let mut plan = Plan::make(arguments).map_err(Failure::Usage)?;
    let simulation = &mut plan.simulation;
    steps::show_plan(&plan.trace)?;
    let outcome = steps::play(simulation, &plan.window)?;
    if let (Some(file), Some(timeline)) = (&plan.picture, simulation.timeline()) {
        let picture = Picture::of(&timeline, &plan.trace.plan, plan.window.clip(simulation.now()), &outcome);
        write(file, &picture.to_string())?;
    }
    let Err(violation) = outcome else {
        return Ok(steps::show_end(&plan.trace, simulation.report())?);
    };
    if let Some(file) = &plan.smaller {
        write(file, &smaller(&plan.trace, &violation)?.to_json())?;
    }
    Err(Failure::Failed(steps::told(&plan.trace, &violation)))
}

fn smaller(trace: &Trace, violation: &Violation) -> Result<Trace, Failure> {
    let plan = shrink(&trace.plan, violation);
    let mut simulation = Simulation::new(plan.clone()).map_err(|error| Failure::Failed(error.to_string()))?;
    match simulation.run() {
        Err(violation) => Ok(Trace::new(plan, &violation)),
        Ok(_) => Err(Failure::Failed(String::from("the smaller plan breaks no promise: this is a fault of quorate"))),
    }
}

fn write(file: &Path, text: &str) -> Result<(), Failure> {
    fs::write(file, text).map_err(|error| Failure::Failed(format!("cannot write {}: {error}", file.display())))
}
