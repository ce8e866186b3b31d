//! A model check of the election machine itself: every state that two candidates can reach, within a few faults.
//!
//! The server is a small one, held against the fake API below. The watch is silent for ever, and reads make up for it. What
//! each check does to the candidates is said by its [`Faults`]; `QUORATE_MODEL=large` does more. The counts of states are
//! printed (`--nocapture`), and a counterexample as what happened, step by step.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too, and says how much it saw"
)]

#[path = "model_election/faithful.rs"]
mod faithful;
#[path = "model_election/names.rs"]
mod names;
#[path = "model_election/server.rs"]
mod server;
#[path = "model_election/world.rs"]
mod world;

use std::fmt::Write as _;
use std::time::Instant;

use quorate_core::machine::Machine as _;
use quorate_core::time::Now;
use stateright::{Checker as _, Expectation, HasDiscoveries, Model, Property};

use world::{Broken, Change, Faults, Happening, LEASE_DURATION, NOW, Node, State, World};

/// Who the candidates are; their lives tell them apart.
const NAME: &str = "web";

impl Model for World {
    type State = State;
    type Action = Happening;

    fn init_states(&self) -> Vec<State> {
        vec![self.start()]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Happening>) {
        self.happenings(state, actions);
    }

    fn next_state(&self, state: &State, happening: Happening) -> Option<State> {
        let next = self.after(state, happening);
        (next != *state).then_some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut properties = vec![
            Property::always("E1: one leads", |_, state: &State| !state.nodes.iter().all(leads)),
            Property::always("E1: one works", |_, state: &State| !state.nodes.iter().all(Node::is_working)),
            Property::always("E3: nobody takes what is worked for", |_, state: &State| {
                state.broken != Some(Broken::E3)
            }),
            Property::always("E4: tokens grow", |_, state: &State| state.broken != Some(Broken::E4)),
            Property::sometimes("E5: somebody leads", |_, state: &State| state.nodes.iter().any(leads)),
        ];
        if self.faults.crashes > 0 || self.faults.cut_offs > 0 {
            properties.push(Property::sometimes("E5: another leads after a crash or a cut", |_, state: &State| {
                state.last_change == Change::TakeOver && state.nodes.iter().any(leads)
            }));
        }
        if self.faults.step_downs > 0 {
            properties.push(Property::sometimes("E5: another leads after a release", |_, state: &State| {
                state.last_change == Change::AfterRelease && state.nodes.iter().any(leads)
            }));
        }
        if self.is_prompt() {
            properties.push(Property::always("E5: and in time", |_, state: &State| is_in_time(state)));
        }
        properties
    }
}

fn leads(node: &Node) -> bool {
    node.election.is_leading(NOW)
}

/// A tick passes at most until a read shows what the watch would have.
fn is_in_time(state: &State) -> bool {
    let is_held = state.server.lease.as_ref().is_some_and(|lease| lease.spec.holder.is_some());
    let wait = if is_held { LEASE_DURATION } else { 0 };
    state.unchanged <= wait + 1 || state.nodes.iter().any(leads)
}

/// Sees all that can be seen, and panics with what led to a violation.
fn check(name: &str, small: World, large: World) {
    let world = if std::env::var("QUORATE_MODEL").is_ok_and(|size| size == "large") { large } else { small };
    let started = Instant::now();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let checker = world.checker().threads(threads).finish_when(HasDiscoveries::AnyFailures).spawn_bfs().join();
    let (states, seconds) = (checker.unique_state_count(), started.elapsed().as_secs_f32());
    println!("{name}: {states} states, {} steps deep, in {seconds:.1} s", checker.max_depth());
    for property in checker.model().properties() {
        match (&property.expectation, checker.discovery(property.name)) {
            (Expectation::Sometimes, None) => panic!("never reached: {}", property.name),
            (Expectation::Always, Some(path)) => {
                panic!("{} is violated:\n{}", property.name, told(&path.into_vec()))
            }
            _ => {}
        }
    }
    assert!(checker.is_done(), "every state was seen");
}

/// What happened, with what the candidates made of it.
fn told(path: &[(State, Option<Happening>)]) -> String {
    let now = Now { instant: NOW, ..Now::default() };
    let mut text = String::new();
    let mut happened = None;
    for (state, next) in path {
        let explain = |index: usize| state.nodes[index].election.explain(now).to_string();
        writeln!(text, "{happened:?}\n    0: {}\n    1: {}", explain(0), explain(1)).unwrap();
        happened = *next;
    }
    text
}

#[test]
#[cfg_attr(
    debug_assertions,
    ignore = "wants optimization: cargo test --profile model -p quorate-tests --test model_election"
)]
fn when_nothing_is_slow_another_leads_in_time() {
    let faults = Faults { crashes: 1, step_downs: 1, labels: 2, ..Faults::default() };
    check(
        "prompt",
        World { late: 1, ..World::new(faults) },
        World::new(Faults { crashes: 2, step_downs: 2, ..faults }),
    );
}

#[test]
#[cfg_attr(
    debug_assertions,
    ignore = "wants optimization: cargo test --profile model -p quorate-tests --test model_election"
)]
fn one_leads_whatever_is_slow_and_whatever_is_written_late() {
    let small = World::new(Faults { delays: 2, ..Faults::default() });
    check("delays", small, World::new(Faults { delays: u8::MAX, ..Faults::default() }));
}

#[test]
#[cfg_attr(
    debug_assertions,
    ignore = "wants optimization: cargo test --profile model -p quorate-tests --test model_election"
)]
fn one_leads_whatever_answers_are_lost() {
    let faults = Faults { delays: 1, lost_answers: 1, ..Faults::default() };
    check("lost answers", World::new(faults), World::new(Faults { delays: 2, lost_answers: 2, ..faults }));
}

#[test]
#[cfg_attr(
    debug_assertions,
    ignore = "wants optimization: cargo test --profile model -p quorate-tests --test model_election"
)]
fn one_leads_whatever_reads_are_stale() {
    let faults = Faults { delays: 1, stale_reads: 1, ..Faults::default() };
    check("stale reads", World::new(faults), World::new(Faults { delays: 2, stale_reads: 2, ..faults }));
}

#[test]
#[cfg_attr(
    debug_assertions,
    ignore = "wants optimization: cargo test --profile model -p quorate-tests --test model_election"
)]
fn one_leads_whoever_is_cut_off() {
    let faults = Faults { delays: 1, cut_offs: 1, ..Faults::default() };
    check("cut-offs", World { late: 1, ..World::new(faults) }, World::new(Faults { delays: 2, ..faults }));
}

#[test]
#[cfg_attr(
    debug_assertions,
    ignore = "wants optimization: cargo test --profile model -p quorate-tests --test model_election"
)]
fn one_leads_whoever_crashes() {
    let faults = Faults { delays: 1, crashes: 1, ..Faults::default() };
    check("crashes", World { late: 1, ..World::new(faults) }, World::new(Faults { delays: 2, ..faults }));
}

#[test]
#[cfg_attr(
    debug_assertions,
    ignore = "wants optimization: cargo test --profile model -p quorate-tests --test model_election"
)]
fn one_leads_whoever_steps_down() {
    let faults = Faults { delays: 1, step_downs: 1, ..Faults::default() };
    check("step-downs", World { late: 1, ..World::new(faults) }, World::new(Faults { delays: 2, ..faults }));
}

#[test]
#[cfg_attr(
    debug_assertions,
    ignore = "wants optimization: cargo test --profile model -p quorate-tests --test model_election"
)]
fn one_leads_though_the_lease_is_deleted() {
    let faults = Faults { delays: 1, deletions: 1, ..Faults::default() };
    check("deletions", World { late: 1, ..World::new(faults) }, World::new(Faults { delays: 2, ..faults }));
}

#[test]
#[cfg_attr(
    debug_assertions,
    ignore = "wants optimization: cargo test --profile model -p quorate-tests --test model_election"
)]
fn one_leads_where_there_is_no_lease_at_first() {
    let of = |delays| World { has_lease: false, ..World::new(Faults { delays, ..Faults::default() }) };
    check("creation", of(1), of(2));
}
