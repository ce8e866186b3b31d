//! Runs a model in the size that is asked for, and tells what it saw.
#![expect(clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::env;
use std::hash::Hash;
use std::io::{self, Write as _};
use std::sync::Mutex;
use std::time::Instant;

use stateright::{Checker, Expectation, HasDiscoveries, Model};

/// How much is looked at: `QUORATE_MODEL` is its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "each check says what it does in each")]
pub enum Size {
    /// What there is time for after every change.
    Quick,
    /// The default with optimization.
    Usual,
}

impl Size {
    /// The size that the environment asks for, or that suits the build.
    #[must_use]
    pub fn chosen() -> Self {
        match env::var("QUORATE_MODEL").as_deref() {
            Ok("quick") => Self::Quick,
            Ok("usual") => Self::Usual,
            Ok(other) => panic!("QUORATE_MODEL is quick or usual, and not {other}"),
            Err(_) if cfg!(debug_assertions) => Self::Quick,
            Err(_) => Self::Usual,
        }
    }
}

/// What led to a state: what happened next in each state, but for the last.
pub type Path<M> = [(<M as Model>::State, Option<<M as Model>::Action>)];

/// A model whose counterexamples can be told to people.
pub trait Tell:
    Model<State: Clone + Hash + Send + Sync + PartialEq, Action: Clone + PartialEq + Send + Sync> + Send + Sync + 'static
{
    /// What happened, and what the machines made of it.
    fn tell(path: &Path<Self>) -> String
    where
        Self: Sized;
}

/// Sees all that can be seen, and panics with what led to a violation.
pub fn check<M: Tell>(name: &str, model: M) {
    let checker = run(name, model, HasDiscoveries::AnyFailures);
    let properties = checker.model().properties();
    for property in properties.iter().filter(|property| property.expectation == Expectation::Always) {
        if let Some(path) = checker.discovery(property.name) {
            panic!("{} is violated:\n{}", property.name, M::tell(&path.into_vec()));
        }
    }
    for property in properties.iter().filter(|property| property.expectation == Expectation::Sometimes) {
        assert!(checker.discovery(property.name).is_some(), "never reached: {}", property.name);
    }
    assert!(checker.is_done(), "every state was seen");
}

/// Requires that this is violated, and tells how.
pub fn refute<M: Tell>(name: &str, model: M, violated: &'static str) {
    let started = Instant::now();
    let checker = run(name, model, HasDiscoveries::AllOf([violated].into()));
    let Some(path) = checker.discovery(violated) else { panic!("nothing violates {violated}") };
    let path = path.into_vec();
    let (steps, seconds) = (path.len().saturating_sub(1), started.elapsed().as_secs_f32());
    print(&format!("{violated} is violated after {steps} steps, found in {seconds:.1} s:\n{}", M::tell(&path)));
}

fn run<M: Tell>(name: &str, model: M, until: HasDiscoveries) -> impl Checker<M> {
    let started = Instant::now();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let checker = model.checker().threads(threads).finish_when(until).spawn_bfs().join();
    let (states, seconds) = (checker.unique_state_count(), started.elapsed().as_secs_f32());
    let depth = checker.max_depth();
    print(&format!("model of {name}: {states} states, {depth} steps deep, in {seconds:.1} s\n{}", total(name, states)));
    checker
}

/// What all models have seen so far: tests run side by side, and each tells.
fn total(name: &str, states: usize) -> String {
    static SEEN: Mutex<BTreeMap<String, usize>> = Mutex::new(BTreeMap::new());
    let Ok(mut seen) = SEEN.lock() else { return String::new() };
    seen.insert(name.into(), states);
    format!("models so far: {}, {} states\n", seen.len(), seen.values().sum::<usize>())
}

/// Not by print!, whose output cargo hides when a test passes.
fn print(text: &str) {
    // Who has closed our output does not read it.
    let _ = io::stdout().write_all(text.as_bytes());
}
