//! `quorate lease`, the very command, against a real API server.
#![expect(clippy::indexing_slicing, reason = "what JSON lacks is null, and no panic")]

mod demo;
mod following;
mod looks;
mod rights;

use std::process::ExitCode;

use quorate_tests::server_trials;

fn main() -> ExitCode {
    // The slow ones first, so that the rest fits in beside them.
    server_trials![
        following::a_server_that_starts_again_costs_no_event,
        following::a_history_that_is_forgotten_is_made_up_for_by_a_read,
        rights::a_watch_without_the_right_goes_by_reads_and_names_the_rule,
        rights::a_403_names_the_right_and_the_very_rule_that_grants_it,
        following::every_change_is_told_and_the_events_fold_to_the_truth,
        following::a_lease_that_is_not_there_is_waited_for,
        following::a_signal_ends_it,
        looks::a_held_record_is_shown_as_it_is,
        looks::a_record_that_client_go_released_is_free,
        looks::malformed_records_count_as_what_they_count_as,
        looks::a_missing_lease_is_named_with_how_to_see_others,
    ]
}
