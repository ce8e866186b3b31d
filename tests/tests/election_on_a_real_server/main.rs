//! Leader election, the very `Elector`, on a real API server, over connections that fail.
//!
//! In every test the works tell themselves when they ran, a thread asks all guards all the time, and in the end nothing may
//! have overlapped (E1) and tokens must have grown (E4).
#![expect(
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too, and says what it measured"
)]

mod arena;
mod client_go;
mod log;
mod outages;
mod people;
mod requests;
mod slow;
mod stuck_clock;
mod terms;

use std::process::ExitCode;

use quorate_tests::server_trials;

fn main() -> ExitCode {
    // The slow ones first, so that the rest fits in beside them.
    server_trials![
        slow::two_seconds_of_latency_on_every_answer_change_no_leader,
        people::malformed_leases_block_nobody_for_ever_and_are_taken_by_their_changes_only,
        client_go::a_crash_of_either_is_taken_over_after_the_duration_without_overlap,
        client_go::a_release_of_either_is_taken_by_the_other_without_overlap,
        requests::a_quiet_election_costs_one_write_a_retry_period_and_nothing_for_ten_standbys,
        outages::a_leader_that_is_cut_off_is_gone_before_another_leads,
        outages::an_outage_within_what_is_tolerated_changes_nothing,
        outages::in_a_longer_silence_the_work_ends_by_its_deadlines_and_somebody_leads_afterwards,
        outages::in_a_longer_refusal_the_work_ends_by_its_deadlines_and_somebody_leads_afterwards,
        people::a_lease_that_is_deleted_while_it_is_held_costs_no_overlap,
        people::whoever_sees_another_in_its_record_stops_at_once_and_waits_for_it,
        people::edits_of_what_is_not_ours_cost_no_term_and_are_kept,
        people::edited_labels_do_not_prolong_a_dead_leaders_lease,
        slow::answers_slower_than_the_attempt_timeout_now_and_then_cost_nothing,
        stuck_clock::a_wall_clock_that_stands_still_costs_no_renewal,
        terms::after_a_crash_another_leads_within_the_promised_time,
        terms::a_release_hands_over_within_a_round_trip_and_jitter,
        terms::one_of_two_leads_at_once_where_there_is_a_lease,
        terms::whoever_creates_the_lease_leads_one_duration_later,
    ]
}
