//! Runs one model, in the size that is asked for, and tells what it saw.

use std::collections::BTreeMap;
use std::env;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::sync::Mutex;
use std::time::Instant;

use quorate_core::machine::Machine as _;
use quorate_core::time::Now;
use stateright::{Checker, Expectation, HasDiscoveries, Model as _};

use super::happenings::Happening;
use super::state::{NOW, State};
use super::world::World;

/// One check in its sizes.
pub(crate) struct Sizes {
    pub(crate) quick: World,
    pub(crate) usual: World,
    pub(crate) large: World,
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
pub(crate) fn check(name: &'static str, sizes: Sizes) {
    let checker = run(name, sizes.chosen(), HasDiscoveries::AnyFailures);
    let properties = checker.model().properties();
    for property in properties.iter().filter(|property| property.expectation == Expectation::Always) {
        if let Some(path) = checker.discovery(property.name) {
            panic!("{} is violated:\n{}", property.name, told(&path.into_vec()));
        }
    }
    for property in properties.iter().filter(|property| property.expectation == Expectation::Sometimes) {
        assert!(checker.discovery(property.name).is_some(), "never reached: {}", property.name);
    }
    assert!(checker.is_done(), "every state was seen");
}

/// Requires that this is violated, and tells how.
pub(crate) fn refute(name: &'static str, world: World, violated: &'static str) {
    let started = Instant::now();
    let checker = run(name, world, HasDiscoveries::AllOf([violated].into()));
    let Some(path) = checker.discovery(violated) else { panic!("nothing violates {violated}") };
    let path = path.into_vec();
    let (steps, seconds) = (path.len() - 1, started.elapsed().as_secs_f32());
    print(&format!("{violated} is violated after {steps} steps, found in {seconds:.1} s:\n{}", told(&path)));
}

fn run(name: &'static str, world: World, until: HasDiscoveries) -> impl Checker<World> {
    let started = Instant::now();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let candidates = world.rates.len();
    let checker = world.checker().threads(threads).finish_when(until).spawn_bfs().join();
    let (states, seconds) = (checker.unique_state_count(), started.elapsed().as_secs_f32());
    let depth = checker.max_depth();
    print(&format!(
        "model of {name}, {candidates} candidates: {states} states, {depth} steps deep, in {seconds:.1} s\n{}",
        total(name, states)
    ));
    checker
}

/// What all models have seen so far: tests run side by side, and each tells.
fn total(name: &'static str, states: usize) -> String {
    static SEEN: Mutex<BTreeMap<&str, usize>> = Mutex::new(BTreeMap::new());
    let mut seen = SEEN.lock().unwrap();
    seen.insert(name, states);
    format!("models so far: {}, {} states\n", seen.len(), seen.values().sum::<usize>())
}

/// Not by print!, whose output cargo hides when a test passes.
fn print(text: &str) {
    io::stdout().write_all(text.as_bytes()).unwrap();
}

/// What happened, with what the candidates made of it.
fn told(path: &[(State, Option<Happening>)]) -> String {
    let now = Now { instant: NOW, ..Now::default() };
    let mut text = String::new();
    let mut happened = None;
    for (state, next) in path {
        writeln!(text, "{happened:?}").unwrap();
        for (index, node) in state.nodes().enumerate() {
            let work = if node.is_working() { "; its work runs" } else { "" };
            writeln!(text, "    {index}: {}{work}", node.election.explain(now)).unwrap();
        }
        happened = *next;
    }
    text
}
