//! What is printed: each step, and what the machines of its node say of themselves then.

use std::io::{self, Write as _};

use anstyle::{AnsiColor, Style};
use quorate_core::testing::simulation::{Plan, Report, Simulation, Step, Trace, Violation, Who};

use super::plan::Window;

/// What is run, in a line.
pub(super) fn show_plan(trace: &Trace) -> io::Result<()> {
    let plan = &trace.plan;
    let mut out = anstream::stdout().lock();
    let others = [(plan.observers, "observers"), (plan.members, "further members")];
    let others = others.iter().filter(|(count, _)| *count > 0);
    let others: String = others.map(|(count, what)| format!(", {count} {what}")).collect();
    writeln!(out, "seed {}: {} nodes{others}, {}", plan.seed, plan.nodes, faults(plan))?;
    match &trace.violated {
        Some(violated) => writeln!(out, "the trace says: {} is broken: {}", violated.promise, violated.what),
        None => Ok(()),
    }
}

pub(super) fn faults(plan: &Plan) -> String {
    let plural = if plan.faults.len() == 1 { "" } else { "s" };
    format!("{} fault{plural} planned within {:?}", plan.faults.len(), plan.duration())
}

/// Plays the run to its end, and shows the steps in the window.
pub(super) fn play(simulation: &mut Simulation, window: &Window) -> io::Result<Result<(), Violation>> {
    let mut out = anstream::stdout().lock();
    loop {
        match simulation.step() {
            Ok(None) => return Ok(Ok(())),
            Err(violation) => {
                let step = violation.step.as_deref().filter(|step| window.shows(step));
                step.map_or(Ok(()), |step| show(&mut out, step, simulation))?;
                return Ok(Err(violation));
            }
            Ok(Some(step)) if window.shows(&step) => show(&mut out, &step, simulation)?,
            Ok(Some(_)) => {}
        }
    }
}

fn show(out: &mut impl io::Write, step: &Step, simulation: &Simulation) -> io::Result<()> {
    let colour = match step.who {
        Who::Node(_) => AnsiColor::Cyan,
        Who::Server => AnsiColor::Green,
        _ => AnsiColor::Yellow,
    };
    let (who, faint) = (Style::new().fg_color(Some(colour.into())), Style::new().dimmed());
    writeln!(out, "{:.6} s  {who}{:<7}{who:#} {}", step.at.as_secs_f64(), step.who, step.what)?;
    step.actions.iter().try_for_each(|action| writeln!(out, "    {action}"))?;
    let Who::Node(node) = step.who else { return Ok(()) };
    let explained = simulation.explain(node).to_string();
    explained.lines().try_for_each(|line| writeln!(out, "    {faint}{line}{faint:#}"))
}

/// How a run ended in which every promise was kept.
pub(super) fn show_end(trace: &Trace, report: &Report) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    writeln!(out, "no promise is broken")?;
    if trace.violated.is_some() {
        writeln!(out, "the trace says otherwise: the machines have changed since it was written")?;
    }
    writeln!(out, "{report}")
}

/// What went wrong, and whether the trace said so.
pub(super) fn told(trace: &Trace, violation: &Violation) -> String {
    match &trace.violated {
        Some(violated) if violated.promise != violation.promise => {
            format!("{violation}\nthe trace says otherwise ({}): the machines have changed since", violated.promise)
        }
        _ => violation.to_string(),
    }
}
