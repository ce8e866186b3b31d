//! Tests that need the real API server: where it cannot be had they are reported as ignored, by name and with the reason,
//! and loudly; where it is required they fail.
//!
//! Cargo's own harness hides what passing tests say, and cannot ignore a test at run time.

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use libtest_mimic::{Arguments, Completion, Failed, Trial};

use crate::api_server::ApiServer;
use crate::trouble::Trouble;

/// Most tests wait for the server most of the time.
const THREADS: usize = 6;

/// Tests, each with its own path for a name.
#[macro_export]
macro_rules! trials {
    ($($test:path),* $(,)?) => {
        [$((stringify!($test), $test as fn() -> Result<(), $crate::trouble::Trouble>)),*]
    };
}

/// [Runs](run) these tests, each under its own path.
#[macro_export]
macro_rules! server_trials {
    ($($test:path),* $(,)?) => {
        $crate::server_trials::run($crate::trials![$($test),*])
    };
}

/// What tests need besides cargo.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "a word and a question")]
pub struct Need {
    /// The word in `QUORATE_REQUIRE` that makes its absence a failure.
    pub word: &'static str,
    /// What it is.
    pub what: &'static str,
    /// Why it cannot be had, if it cannot.
    pub available: fn() -> Result<(), &'static str>,
}

/// A real API server.
pub const API_SERVER: Need = Need { word: "apiserver", what: "a real API server", available: ApiServer::available };

/// Runs tests that need an API server, each with its name, as `cargo test` expects it of a test binary.
///
/// With `apiserver` among the words of `QUORATE_REQUIRE`, separated by commas, none may be ignored.
#[must_use]
pub fn run(tests: impl IntoIterator<Item = (&'static str, fn() -> Result<(), Trouble>)>) -> ExitCode {
    run_with(tests, &[API_SERVER])
}

/// Runs tests that need all of this, each with its name.
#[must_use]
pub fn run_with(
    tests: impl IntoIterator<Item = (&'static str, fn() -> Result<(), Trouble>)>,
    needs: &'static [Need],
) -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(THREADS);
    let ignored = Arc::new(AtomicUsize::new(0));
    let trials = tests.into_iter().map(|(name, test)| {
        let ignored = Arc::clone(&ignored);
        Trial::ignorable_test(name, move || attempt(test, needs, &ignored))
    });
    let conclusion = libtest_mimic::run(&arguments, trials.collect());
    ApiServer::stop_shared();
    let ignored = ignored.load(Ordering::Relaxed);
    if let (1.., Some((need, reason))) = (ignored, missing(needs)) {
        // There is nobody left to be told if this fails.
        let _ = writeln!(
            std::io::stderr(),
            "{ignored} tests were IGNORED, for they need {}: {reason}. With QUORATE_REQUIRE={} they fail instead.",
            need.what,
            need.word
        );
    }
    conclusion.exit_code()
}

/// The first need that is not met, and why.
fn missing(needs: &[Need]) -> Option<(&Need, &'static str)> {
    needs.iter().find_map(|need| (need.available)().err().map(|reason| (need, reason)))
}

fn attempt(test: fn() -> Result<(), Trouble>, needs: &[Need], ignored: &AtomicUsize) -> Result<Completion, Failed> {
    let required = needs.iter().filter(|need| requires(need.word)).find_map(|need| (need.available)().err());
    match (required, missing(needs)) {
        (Some(reason), _) => Err(Failed::from(reason)),
        (None, None) => test().map(|()| Completion::Completed).map_err(Failed::from),
        (None, Some((_, reason))) => {
            ignored.fetch_add(1, Ordering::Relaxed);
            Ok(Completion::ignored_with(reason))
        }
    }
}

/// Whether `QUORATE_REQUIRE` says that there must be an API server.
#[must_use]
pub fn is_required() -> bool {
    requires(API_SERVER.word)
}

fn requires(wanted: &str) -> bool {
    let required = std::env::var("QUORATE_REQUIRE").unwrap_or_default();
    required.split(',').any(|word| word.trim() == wanted)
}
