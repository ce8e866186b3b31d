//! Erlang nodes in pods' network namespaces, started as they are everywhere: each has its own address, its own port mapper at the
//! usual port, and the API where a pod finds it. Nothing is told to `quorate watch` that a pod does not tell it.
//!
//! All of it runs in namespaces of its own: nothing that is made here is seen outside, or outlives it.

#![expect(
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test fails by panicking; one that cannot begin says why"
)]

mod defaults;
mod shipped;

use std::process::ExitCode;

use quorate_tests::beam::{self, NAMESPACES};
use quorate_tests::server_trials::{API_SERVER, Need, run_with};
use quorate_tests::trials;

const NEEDS: &[Need] = &[API_SERVER, beam::ERLANG, NAMESPACES];

fn main() -> ExitCode {
    if let Err(trouble) = beam::enter() {
        eprintln!("error: {trouble}");
        return ExitCode::FAILURE;
    }
    let tests = trials![
        defaults::nodes_that_are_started_as_usual_are_meshed_by_defaults,
        shipped::the_shipped_manifest_meshes_nodes_with_no_more_rights_than_it_gives,
    ];
    run_with(tests, NEEDS)
}
