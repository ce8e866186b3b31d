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

/// [Runs](run) these tests, each under its own path.
#[macro_export]
macro_rules! server_trials {
    ($($test:path),* $(,)?) => {
        $crate::server_trials::run(
            [$((stringify!($test), $test as fn() -> Result<(), $crate::trouble::Trouble>)),*]
        )
    };
}

/// Runs tests, each with its name, as `cargo test` expects it of a test binary.
///
/// With `apiserver` among the words of `QUORATE_REQUIRE`, separated by commas, none may be ignored.
#[must_use]
pub fn run(tests: impl IntoIterator<Item = (&'static str, fn() -> Result<(), Trouble>)>) -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(THREADS);
    let ignored = Arc::new(AtomicUsize::new(0));
    let trials = tests.into_iter().map(|(name, test)| {
        let ignored = Arc::clone(&ignored);
        Trial::ignorable_test(name, move || attempt(test, &ignored))
    });
    let conclusion = libtest_mimic::run(&arguments, trials.collect());
    ApiServer::stop_shared();
    let ignored = ignored.load(Ordering::Relaxed);
    if let (1.., Err(reason)) = (ignored, ApiServer::available()) {
        // There is nobody left to be told if this fails.
        let _ = writeln!(
            std::io::stderr(),
            "{ignored} tests were IGNORED, for they need a real API server: {reason}. With QUORATE_REQUIRE=apiserver they \
             fail instead."
        );
    }
    conclusion.exit_code()
}

fn attempt(test: fn() -> Result<(), Trouble>, ignored: &AtomicUsize) -> Result<Completion, Failed> {
    match ApiServer::available() {
        Ok(()) => test().map(|()| Completion::Completed).map_err(Failed::from),
        Err(reason) if is_required() => Err(Failed::from(reason)),
        Err(reason) => {
            ignored.fetch_add(1, Ordering::Relaxed);
            Ok(Completion::ignored_with(reason))
        }
    }
}

/// Whether `QUORATE_REQUIRE` says that there must be an API server.
#[must_use]
pub fn is_required() -> bool {
    let required = std::env::var("QUORATE_REQUIRE").unwrap_or_default();
    required.split(',').any(|word| word.trim() == "apiserver")
}
