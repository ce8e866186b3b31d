//! Runs the contract as `cargo test` expects it of a test binary.

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Completion, Failed, Trial};

use super::{Case, Needs, Server, Subject, cases};
use crate::trouble::Trouble;

/// Most cases wait for the server most of the time.
const THREADS: usize = 6;

/// A kind of server.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "each test binary builds one")]
pub struct Kind {
    /// What it is called at the end.
    pub name: &'static str,
    /// Whether there are such servers here, or why not.
    pub available: fn() -> Result<(), &'static str>,
    /// Whether it is a failure if there are none.
    pub required: bool,
    /// The cases in which it differs on purpose, each with the reason. They must differ, or the entry has to go.
    pub differences: &'static [(&'static str, &'static str)],
    /// The one that is shared, or a new one.
    pub provide: fn(Needs) -> Result<Arc<dyn Server>, Trouble>,
}

/// Holds this kind of server to the contract; the last line that is printed counts the cases.
#[must_use]
pub fn run(kind: Kind) -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(THREADS);
    let trials = cases().into_iter().enumerate();
    let trials = trials.map(|(index, case)| Trial::ignorable_test(case.name, move || attempt(kind, index, case)));
    let conclusion = libtest_mimic::run(&arguments, trials.collect());
    if !arguments.list {
        // There is nobody left to be told if these fail.
        let _ = match (kind.available)() {
            Err(reason) if conclusion.num_ignored > 0 => {
                writeln!(
                    std::io::stderr(),
                    "the contract was IGNORED on {}: {reason}. QUORATE_REQUIRE can make that a failure.",
                    kind.name
                )
            }
            _ => writeln!(std::io::stdout(), "contract: {} cases on {}", conclusion.num_passed, kind.name),
        };
    }
    conclusion.exit_code()
}

fn attempt(kind: Kind, index: usize, case: Case) -> Result<Completion, Failed> {
    match (kind.available)() {
        Err(reason) if kind.required => return Err(Failed::from(reason)),
        Err(reason) => return Ok(Completion::ignored_with(reason)),
        Ok(()) => {}
    }
    let server = (kind.provide)(case.needs)?;
    let subject = Subject::new(&*server, &format!("contract-{index}"))?;
    let outcome = (case.run)(&subject);
    let difference = kind.differences.iter().find(|(name, _)| *name == case.name);
    match (difference, outcome) {
        (None, outcome) => Ok(outcome.map(|()| Completion::Completed)?),
        (Some((_, reason)), Err(_)) => Ok(Completion::ignored_with(*reason)),
        (Some(_), Ok(())) => Err(Failed::from("it no longer differs: take it off the list of differences")),
    }
}
