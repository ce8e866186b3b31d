//! `quorate watch`, the very command, against a real API server, with a script as its connector.
//!
//! Every run is held to what is promised of links: see `quorate_tests::watching::check`.

mod churn;
mod credentials;
mod links;
mod outages;
mod pods;
mod requests;
mod sources;

use std::process::ExitCode;

use quorate_tests::server_trials;

fn main() -> ExitCode {
    // The slow ones first, so that the rest fits in beside them.
    server_trials![
        outages::a_frozen_server_is_noticed_by_its_pings_and_disconnects_nobody,
        churn::when_fifty_pods_come_to_rest_the_events_add_up_to_the_servers_own_list,
        credentials::a_token_that_expires_disconnects_nobody_and_its_replacement_is_read,
        credentials::rights_that_are_taken_away_disconnect_nobody_and_are_named,
        outages::a_server_that_starts_again_costs_no_disconnect,
        outages::history_that_is_forgotten_is_made_up_for_by_a_list,
        requests::in_the_steady_state_there_is_one_watch_and_only_the_comparisons_list,
        sources::every_source_namespace_and_way_to_follow_comes_to_the_same_links,
        pods::everybody_who_goes_at_once_is_held_until_a_fresh_list_agrees,
        pods::one_pod_or_all_of_them_that_become_unready_are_disconnected_by_policy_only,
        pods::a_pod_that_terminates_is_kept_until_it_is_gone_or_its_time_is_over,
        pods::pods_that_come_are_connected_and_pods_that_go_are_disconnected,
        pods::a_pod_that_changes_its_address_changes_its_name,
        pods::a_name_that_passes_to_another_pod_is_dialled_again,
        links::links_that_are_there_already_are_found_and_strangers_are_left_alone,
        links::a_peer_that_refuses_is_dialled_until_it_accepts,
        links::a_link_that_drops_is_made_again,
    ]
}
