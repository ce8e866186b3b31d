//! Smaller plans that break the same promise.

use alloc::vec::Vec;

use super::Simulation;
use super::application::{Application, Plain};
use super::plan::{Plan, Planned};
use super::report::Violation;
use crate::testing::promises::Promise;

/// The most runs that are tried.
const MOST_RUNS: u32 = 400;

/// Makes the plan of a violation smaller, as long as the same promise is broken: fewer faults (by delta debugging), a shorter
/// duration, fewer nodes, observers and members, right clocks, shorter faults.
#[must_use]
pub fn shrink(plan: &Plan, violation: &Violation) -> Plan {
    shrink_with(plan, violation, || Plain)
}

/// The same with handlers of your own: a new application for each run.
#[must_use]
pub fn shrink_with<A: Application>(plan: &Plan, violation: &Violation, application: impl FnMut() -> A) -> Plan {
    let mut shrinking = Shrinking { promise: violation.promise, smallest: plan.clone(), runs: 0, application };
    shrinking.cut(violation);
    loop {
        let before = shrinking.smallest.clone();
        shrinking.drop_faults();
        shrinking.drop_processes();
        shrinking.simplify();
        if shrinking.smallest == before || shrinking.runs >= MOST_RUNS {
            return shrinking.smallest;
        }
    }
}

struct Shrinking<F> {
    promise: Promise,
    smallest: Plan,
    runs: u32,
    application: F,
}

impl<A: Application, F: FnMut() -> A> Shrinking<F> {
    /// Takes a plan in the place of the smallest, if it breaks the same promise.
    fn take(&mut self, plan: Plan) -> bool {
        if plan == self.smallest || self.runs >= MOST_RUNS {
            return false;
        }
        self.runs = self.runs.saturating_add(1);
        let run = Simulation::with(plan.clone(), (self.application)()).map(|mut simulation| simulation.run());
        match run {
            Ok(Err(violation)) if violation.promise == self.promise => {
                self.smallest = plan;
                self.cut(&violation);
                true
            }
            _ => false,
        }
    }

    /// What comes after the violation does not matter.
    fn cut(&mut self, violation: &Violation) {
        let at_ms = u64::try_from(violation.at.as_millis()).unwrap_or(u64::MAX);
        self.smallest.faults.retain(|planned| planned.at_ms <= at_ms);
        if at_ms >= self.smallest.duration_ms {
            return;
        }
        // Faults end with the duration, so this must be tried.
        let shorter = Plan { duration_ms: at_ms.saturating_add(1), ..self.smallest.clone() };
        let run = Simulation::with(shorter.clone(), (self.application)()).map(|mut simulation| simulation.run());
        if matches!(run, Ok(Err(violation)) if violation.promise == self.promise) {
            self.smallest = shorter;
        }
    }

    /// Delta debugging: parts of the script are left out, ever smaller ones.
    fn drop_faults(&mut self) {
        let mut size = self.smallest.faults.len();
        while size > 0 {
            let mut start = 0;
            while start < self.smallest.faults.len() {
                let kept = self.smallest.faults.iter().enumerate();
                let kept = kept.filter(|(index, _)| !(start..start.saturating_add(size)).contains(index));
                let faults: Vec<Planned> = kept.map(|(_, planned)| planned.clone()).collect();
                if !self.take(Plan { faults, ..self.smallest.clone() }) {
                    start = start.saturating_add(size);
                }
            }
            size = size.checked_div(2).unwrap_or_default();
        }
    }

    fn drop_processes(&mut self) {
        self.take(Plan { observers: 0, ..self.smallest.clone() });
        self.take(Plan { members: 0, ..self.smallest.clone() });
        while self.smallest.nodes > 1 {
            let fewer = self.smallest.nodes.saturating_sub(1);
            if !self.take(Plan { nodes: fewer, ..self.smallest.clone() }) {
                break;
            }
        }
        while self.smallest.members > 0 {
            let fewer = self.smallest.members.checked_div(2).unwrap_or_default();
            if !self.take(Plan { members: fewer, ..self.smallest.clone() }) {
                break;
            }
        }
    }

    fn simplify(&mut self) {
        self.take(Plan { clocks: Vec::new(), ..self.smallest.clone() });
        self.take(Plan { latency_us: 1_000, ..self.smallest.clone() });
        for index in 0..self.smallest.faults.len() {
            let mut plan = self.smallest.clone();
            if let Some(planned) = plan.faults.get_mut(index)
                && let Some(duration) = planned.fault.duration_mut()
            {
                *duration = duration.checked_div(2).unwrap_or_default();
                self.take(plan);
            }
        }
    }
}
