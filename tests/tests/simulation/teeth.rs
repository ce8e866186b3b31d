//! What cannot work is found out: the simulator bites.

use std::fs;
use std::time::Duration;

use quorate_core::election::FencingToken;
use quorate_core::testing::promises::Promise;
use quorate_core::testing::simulation::{
    Application, ClockPlan, ElectionPlan, Fault, FaultKind, Mix, Partition, Plan, Planned, Simulation, Trace, shrink,
    shrink_with,
};

use super::tell;

/// A renew deadline past the lease duration.
fn forced() -> ElectionPlan {
    ElectionPlan { renew_deadline_ms: 40_000, unproven: true, ..ElectionPlan::default() }
}

// E1
#[test]
fn a_deadline_past_the_lease_duration_gives_two_leaders() {
    let kinds = vec![(FaultKind::Partition, 1), (FaultKind::Pause, 1), (FaultKind::WallJump, 1)];
    let mix = Mix { nodes: (2, 3), faults_per_hour: 120, kinds, scenes_percent: 0, ..Mix::default() };
    let plan = Plan { election: forced(), clocks: Vec::new(), ..Plan::random(1, &mix) };
    let violation = Simulation::new(plan.clone()).unwrap().run().unwrap_err();
    assert!(matches!(violation.promise, Promise::E1 | Promise::E3), "{violation}");
    let smallest = shrink(&plan, &violation);
    assert!(smallest.faults.len() <= 3 && smallest.faults.len() < plan.faults.len() / 10, "{smallest:?}");

    let told = tell(&plan, &violation);
    assert!(told.contains(&format!("seed {}", plan.seed)), "{told}");
    let (_, file) = told.split_once("quorate replay ").unwrap();
    let trace = Trace::from_json(&fs::read_to_string(file).unwrap()).unwrap();
    let again = Simulation::new(trace.plan).unwrap().run().unwrap_err();
    assert_eq!(trace.violated.unwrap().what, again.what);
}

/// Two nodes, one of them with so fast a clock; each is cut off for a while, and the slow one while it leads.
fn with_fast_clock(rate_permille: u32) -> Plan {
    // A guard that lasts for 13 s of 15 bears clocks whose ratio is below 15/13.
    let election = ElectionPlan { renew_deadline_ms: 13_000, unproven: true, ..ElectionPlan::default() };
    let clock = |rate_permille| ClockPlan { rate_permille, ..ClockPlan::default() };
    let cut = |(at_ms, node)| Planned::new(at_ms, Fault::Partition { node, how: Partition::Silent, for_ms: 40_000 });
    Plan {
        nodes: 2,
        election,
        clocks: vec![clock(1000), clock(rate_permille)],
        faults: [(30_000, 1), (100_000, 0), (170_000, 1)].map(cut).into(),
        ..Plan::default()
    }
}

// E1
#[test]
fn clocks_beyond_the_ratio_that_guards_bear_give_two_leaders() {
    assert!(Simulation::new(with_fast_clock(1_009)).unwrap().run().is_ok());
    let violation = Simulation::new(with_fast_clock(1_400)).unwrap().run().unwrap_err();
    assert_eq!(violation.promise, Promise::E1, "{violation}");
    assert!(violation.what.contains("lead"), "{violation}");
}

/// A store that does not look at tokens, behind a network that may take a minute.
#[derive(Default)]
struct Unfenced {
    under_way: Vec<(Duration, FencingToken)>,
    newest: Option<FencingToken>,
    wrong: Option<String>,
}

impl Application for Unfenced {
    fn work_period(&self) -> Option<Duration> {
        Some(Duration::from_secs(1))
    }

    fn work(&mut self, _: usize, token: &FencingToken, now: Duration) {
        let late = if now.as_secs().is_multiple_of(5) { 60 } else { 0 };
        self.under_way.push((now + Duration::from_secs(late), token.clone()));
        for (_, token) in self.under_way.extract_if(.., |(at, _)| *at <= now) {
            match &self.newest {
                Some(newest) if token < *newest => self.wrong = Some(format!("{token} after {newest}")),
                _ => self.newest = Some(token),
            }
        }
    }

    fn check(&self) -> Result<(), String> {
        self.wrong.clone().map_or(Ok(()), Err)
    }
}

#[test]
fn an_application_is_held_to_what_it_promises() {
    let plan = Plan::random(5, &Mix { faults_per_hour: 200, ..Mix::default() });
    let violation = Simulation::with(plan.clone(), Unfenced::default()).unwrap().run().unwrap_err();
    assert_eq!(violation.promise, Promise::Application);
    let smallest = shrink_with(&plan, &violation, Unfenced::default);
    assert!(smallest.faults.len() <= 2, "{smallest:?}");
}
