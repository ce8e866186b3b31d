//! `quorate elect`, the very command, on a real API server: kills, stops, outages, and client-go as a rival.
//!
//! The commands themselves write down when they ran, by the clock that all processes of the machine share. In every test but
//! the one that freezes everything, nothing in that log may overlap (E1), and tokens must grow (E4).
#![expect(
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too, and says what it measured"
)]

mod arena;
mod client_go;
mod commands;
mod first_process;
mod frozen;
mod kills;
mod log;
mod manifests;
mod outages;
mod store;
mod terms;

use std::process::ExitCode;

use quorate_tests::server_trials;

fn main() -> ExitCode {
    // The slow ones first, so that the rest fits in beside them.
    server_trials![
        client_go::a_hand_over_takes_a_tenth_of_client_gos_at_most,
        client_go::beside_a_client_go_candidate_nothing_overlaps,
        kills::a_supervisor_that_is_killed_is_replaced_within_the_lease_and_half_a_second,
        outages::in_a_longer_silence_the_command_ends_in_time_and_somebody_leads_afterwards,
        outages::in_a_longer_refusal_the_command_ends_in_time_and_somebody_leads_afterwards,
        outages::an_outage_within_what_is_tolerated_changes_nothing,
        frozen::a_supervisor_that_stands_still_past_the_lease_has_lost_it,
        frozen::when_everything_stands_still_the_late_write_is_refused_by_its_token,
        kills::a_keeper_that_is_killed_hands_over,
        kills::a_command_that_is_killed_hands_over,
        commands::a_stubborn_command_with_children_is_gone_before_the_next_begins,
        commands::a_command_that_ends_at_once_hands_over_each_time,
        commands::a_command_that_cannot_be_run_hands_over,
        first_process::as_the_first_process_of_a_container_it_ends_what_it_has_started,
        manifests::the_server_takes_what_we_ship,
        manifests::the_shipped_role_is_enough,
        terms::a_leader_that_is_told_to_end_hands_over_at_once,
    ]
}
