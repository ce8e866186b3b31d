//! `quorate members`, the very command, against a real API server: over TLS, with a service account's token and a Role.

mod credentials;
mod documents;
mod failures;
mod in_process;
mod namespaces;
mod outages;
mod output;
mod paging;
mod permissions;
mod secrets;
mod selection;
mod sources;
mod states;

use std::process::ExitCode;

use quorate_tests::server_trials;

fn main() -> ExitCode {
    // The slow ones first, so that the rest fits in beside them.
    server_trials![
        outages::clients_that_wait_for_a_starting_server_never_get_a_wrong_answer,
        outages::a_server_that_is_down_is_asked_until_the_request_timeout_and_one_that_comes_back_answers,
        outages::a_frozen_server_is_given_up_at_the_request_timeout_and_a_thawed_one_answers,
        paging::an_expired_continue_token_begins_the_list_again,
        paging::the_command_reads_more_than_one_page,
        permissions::a_403_names_the_right_and_the_very_rule_that_grants_it,
        permissions::the_pods_of_a_service_take_the_right_to_get_it,
        credentials::a_client_certificate_is_enough,
        credentials::a_token_file_that_was_replaced_is_read_again,
        credentials::a_wrong_or_expired_token_fails_at_once,
        credentials::a_wrong_authority_fails_at_once_and_is_told_nothing,
        credentials::the_files_of_a_pod_are_enough,
        documents::a_document_gives_what_the_server_gives,
        documents::a_mixed_list_gives_each_member_once,
        failures::a_body_over_the_limit_is_a_typed_failure,
        namespaces::a_missing_namespace_is_empty_with_a_hint,
        namespaces::all_namespaces_are_read_with_a_cluster_role,
        namespaces::several_namespaces_are_read_as_one,
        namespaces::the_context_says_the_namespace,
        output::json_has_the_documented_shape_and_the_uids_of_the_server,
        paging::a_small_page_limit_reads_all_pages,
        secrets::no_secret_is_in_any_output_at_the_highest_verbosity,
        selection::a_selector_may_be_set_based,
        selection::a_service_selects_its_own_members,
        selection::a_service_and_a_selector_must_both_hold,
        sources::truncated_endpoints_are_warned_of_and_slices_have_them_all,
        sources::every_source_and_mode_gives_what_kubectl_shows,
        states::a_dual_stack_member_has_the_address_that_is_asked_for,
        states::a_pod_behind_two_services_is_one_member,
        states::pods_that_share_an_address_have_one_name_between_them,
        states::a_terminating_pod_counts_by_policy,
        states::a_pod_that_is_not_ready_counts_by_policy,
        states::pods_that_are_not_there_are_skipped_with_a_reason,
    ]
}
