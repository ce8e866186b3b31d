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
use quorate_core::testing::simulation::{Fault, MembershipPlan, Mix, Plan, Planned, Report, Simulation, Trace, Whom};

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
    let meant = |whom| plan.faults.iter().any(|planned| planned.whom == whom);
    assert!(meant(Whom::Leader) && meant(Whom::Named));
    let trace = Trace { violated: None, plan };
    assert_eq!(Trace::from_json(&trace.to_json()).unwrap(), trace);
    assert!(!trace.to_json().contains("named"));
    let misspelt = trace.to_json().replacen("\"seed\"", "\"sead\"", 1);
    assert!(Trace::from_json(&misspelt).unwrap_err().to_string().contains("sead"));
}

// Who leads is settled by the run, and said by each of its steps.
#[test]
fn a_fault_befalls_whom_it_is_meant_for() {
    let pause = Fault::Pause { node: 0, for_ms: 20_000 };
    let standby = Planned { at_ms: 80_000, whom: Whom::Standby, fault: Fault::Pause { node: 1, for_ms: 1_000 } };
    let faults = vec![Planned::leader(30_000, pause.clone()), Planned::leader(60_000, pause), standby];
    let plan = Plan { nodes: 2, duration_ms: 100_000, faults, ..Plan::default() };
    let mut simulation = Simulation::new(plan).unwrap();
    let mut told = Vec::new();
    let leader = |simulation: &Simulation| simulation.leaders().next().map(|(node, _)| node);
    let mut led = leader(&simulation);
    while let Some(step) = simulation.step().unwrap() {
        if step.what.starts_with("pause") {
            told.push((step.what, led));
        }
        led = leader(&simulation);
    }
    let [(one, first), (two, second), (three, third)] = &*told else { panic!("{told:?}") };
    assert_ne!(first, second);
    assert!(one.contains(&format!("node {}, for 20000 ms (meant for whoever leads)", first.unwrap())), "{one}");
    assert!(two.contains(&format!("node {},", second.unwrap())), "{two}");
    assert!(three.contains(&format!("node {}, for 1000 ms (meant for a standby)", 1 - third.unwrap())), "{three}");
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
            membership: MembershipPlan { source, ..MembershipPlan::default() },
            faults: vec![Planned::new(20_000, update)],
            ..Plan::default()
        };
        let report = run(&plan);
        // What goes down by itself, and is noticed, need not be disconnected.
        assert!(report.connects == 300 && report.disconnects < 150, "{source:?}: {report}");
    }
}
