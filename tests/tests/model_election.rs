//! A model check of the election machine itself: every state that two candidates can reach, within a few faults.
//!
//! The server is a small one, held against the fake API below. The watch is silent for ever, and reads make up for it. What
//! each check does to the candidates is said by its [`Faults`]. Each has three sizes: `QUORATE_MODEL` is `quick`, which is what
//! there is time for without optimization; `usual`, the default with it (`--profile model`); or `large`. The counts of states
//! are printed, and a counterexample as what happened, step by step.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
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

use std::env;
use std::fmt::Write as _;
use std::io::{self, Write as _};
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

/// One check in its sizes.
struct Sizes {
    quick: World,
    usual: World,
    large: World,
}

impl Sizes {
    fn chosen(self) -> World {
        match env::var("QUORATE_MODEL").as_deref() {
            Ok("large") => self.large,
            Ok("quick") => self.quick,
            Ok("usual") => self.usual,
            Ok(other) => panic!("QUORATE_MODEL is quick, usual or large, and not {other}"),
            Err(_) if cfg!(debug_assertions) => self.quick,
            Err(_) => self.usual,
        }
    }
}

/// Sees all that can be seen, and panics with what led to a violation.
fn check(name: &str, sizes: Sizes) {
    let world = sizes.chosen();
    let started = Instant::now();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let checker = world.checker().threads(threads).finish_when(HasDiscoveries::AnyFailures).spawn_bfs().join();
    let (states, seconds) = (checker.unique_state_count(), started.elapsed().as_secs_f32());
    // Not by print!, whose output cargo hides when a test passes.
    let depth = checker.max_depth();
    let line = format!("model of {name}: {states} states, {depth} steps deep, in {seconds:.1} s\n");
    io::stdout().write_all(line.as_bytes()).unwrap();
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

/// Usually with one delay, quickly without, and at large with two.
fn with_delays(faults: Faults, late: usize) -> Sizes {
    let of = |delays, late| World { late, ..World::new(Faults { delays, ..faults }) };
    Sizes { quick: of(0, 1), usual: of(1, late), large: of(2, 2) }
}

#[test]
fn when_nothing_is_slow_another_leads_in_time() {
    let faults = Faults { crashes: 1, step_downs: 1, labels: 2, ..Faults::default() };
    let of = |faults| World { late: 1, ..World::new(faults) };
    let quick = of(Faults { step_downs: 0, labels: 1, ..faults });
    let large = World::new(Faults { crashes: 2, step_downs: 2, ..faults });
    check("what is prompt", Sizes { quick, usual: of(faults), large });
}

#[test]
fn one_leads_whatever_is_slow_and_whatever_is_written_late() {
    let of = |delays| World::new(Faults { delays, ..Faults::default() });
    check("delays", Sizes { quick: World { late: 1, ..of(1) }, usual: of(2), large: of(u8::MAX) });
}

#[test]
fn one_leads_whatever_answers_are_lost() {
    let of = |delays, lost_answers| World::new(Faults { delays, lost_answers, ..Faults::default() });
    check("lost answers", Sizes { quick: of(0, 1), usual: of(1, 1), large: of(2, 2) });
}

#[test]
fn one_leads_whatever_reads_are_stale() {
    let of = |delays, stale_reads| World::new(Faults { delays, stale_reads, ..Faults::default() });
    check("stale reads", Sizes { quick: of(0, 1), usual: of(1, 1), large: of(2, 2) });
}

#[test]
fn one_leads_whoever_is_cut_off() {
    check("cut-offs", with_delays(Faults { cut_offs: 1, ..Faults::default() }, 1));
}

#[test]
fn one_leads_whoever_crashes() {
    check("crashes", with_delays(Faults { crashes: 1, ..Faults::default() }, 1));
}

#[test]
fn one_leads_whoever_steps_down() {
    check("step-downs", with_delays(Faults { step_downs: 1, ..Faults::default() }, 1));
}

#[test]
fn one_leads_though_the_lease_is_deleted() {
    check("deletions", with_delays(Faults { deletions: 1, ..Faults::default() }, 1));
}

#[test]
fn one_leads_where_there_is_no_lease_at_first() {
    let of = |delays| World { has_lease: false, ..World::new(Faults { delays, ..Faults::default() }) };
    check("creation", Sizes { quick: of(0), usual: of(1), large: of(2) });
}
