//! Whole clusters in virtual time, by chance and by design: every promise is checked after every step.
//!
//! A run that breaks a promise is shrunk, written to `target/traces/` and told with its seed. More of them, on all cores:
//!
//! ```text
//! QUORATE_SIMULATE_HOURS=2000 cargo test --profile model -p quorate-tests --test simulation -- --nocapture many_hours
//! ```
//!
//! `QUORATE_SIMULATE_SEED` is the first seed.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and tells what it did"
)]

#[path = "simulation/application.rs"]
mod application;
#[path = "simulation/directed.rs"]
mod directed;
#[path = "simulation/hours.rs"]
mod hours;
#[path = "simulation/teeth.rs"]
mod teeth;

use quorate_core::membership::Source;
use quorate_core::testing::simulation::{Fault, MembershipPlan, Mix, Plan, Planned, Report, Simulation, Trace};

use hours::tell;

/// Runs a plan that breaks no promise.
fn run(plan: &Plan) -> Report {
    let mut simulation = Simulation::new(plan.clone()).unwrap();
    match simulation.run() {
        Ok(report) => report,
        Err(violation) => panic!("{}", tell(plan, &violation)),
    }
}

#[test]
fn every_promise_is_kept_in_plans_by_chance() {
    let mix = Mix { duration_ms: 400_000, faults_per_hour: 120, ..Mix::default() };
    let mut total = Report::default();
    for seed in 0..4 {
        total.add(&run(&Plan::random(seed, &mix)));
    }
    assert!(total.terms > 4 && total.connects > 0 && total.comparisons > 4, "{total}");
}

#[test]
fn the_same_plan_gives_the_same_steps() {
    let plan = Plan::random(11, &Mix { duration_ms: 100_000, faults_per_hour: 600, ..Mix::default() });
    let steps = |plan: &Plan| {
        let mut simulation = Simulation::new(plan.clone()).unwrap();
        simulation.record();
        let mut lines = Vec::new();
        while let Some(step) = simulation.step().unwrap() {
            lines.push(step.to_string());
        }
        (lines, simulation.timeline().unwrap())
    };
    let (one, other) = (steps(&plan), steps(&plan));
    assert_eq!(one, other);
    assert_ne!(one.0, steps(&Plan { seed: 12, ..plan }).0);
    assert!(one.0.len() > 1_000 && !one.1.spans.is_empty());
}

#[test]
fn a_plan_survives_its_file() {
    let plan = Plan::random(3, &Mix { faults_per_hour: 500, ..Mix::default() });
    let trace = Trace { violated: None, plan };
    assert_eq!(Trace::from_json(&trace.to_json()).unwrap(), trace);
    let misspelt = trace.to_json().replacen("\"seed\"", "\"sead\"", 1);
    assert!(Trace::from_json(&misspelt).unwrap_err().to_string().contains("sead"));
}

#[test]
fn a_plan_that_cannot_work_is_refused() {
    let mut plan = Plan::default();
    plan.election.renew_deadline_ms = 20_000;
    let error = Simulation::new(plan.clone()).unwrap_err().to_string();
    assert!(error.contains("renew_deadline"), "{error}");
    plan.election.unproven = true;
    assert!(Simulation::new(plan).is_ok());
}

// M2, M3, M4: many members, and each of them replaced.
#[test]
fn an_observer_follows_a_rolling_update() {
    for source in [Source::EndpointSlices, Source::Pods] {
        let update = Fault::RollingUpdate { batch: 25, every_ms: 10_000 };
        let plan = Plan {
            nodes: 0,
            observers: 1,
            members: 150,
            duration_ms: 120_000,
            membership: MembershipPlan { source, poll_ms: None },
            faults: vec![Planned { at_ms: 20_000, fault: update }],
            ..Plan::default()
        };
        let report = run(&plan);
        // What goes down by itself, and is noticed, need not be disconnected.
        assert!(report.connects == 300 && report.disconnects < 150, "{source:?}: {report}");
    }
}
