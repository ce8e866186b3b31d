//! The contract: what Quorate takes for granted of an API server, as one list of cases that any server can be held to.
//!
//! The cases know HTTP and JSON only. What a kind of server needs to be prepared is behind [`Server`].

mod conflicts;
mod discovery;
mod dry_runs;
pub mod harness;
mod headers;
pub mod http;
pub mod json;
mod objects;
mod paging;
mod rights;
mod selectors;
mod services;
mod subject;
mod validation;
mod versions;
mod watches;

use quorate_transport_hyper::Config;

pub use subject::Subject;

use crate::trouble::Trouble;

/// The node that servers have. Pods on it are in EndpointSlices, and are terminating for a while when they are deleted.
pub const NODE: &str = crate::api_server::NODE;

/// A server that is held to the contract: what the cases cannot do by the API itself.
pub trait Server: Send + Sync {
    /// The configuration of somebody who may do everything.
    ///
    /// # Errors
    ///
    /// When it cannot be had.
    fn administrator(&self) -> Result<Config, Trouble>;

    /// The configuration of whoever holds this token.
    ///
    /// # Errors
    ///
    /// When it cannot be had.
    fn bearer(&self, token: &str) -> Result<Config, Trouble>;

    /// The configuration of somebody who has no credentials.
    ///
    /// # Errors
    ///
    /// When it cannot be had.
    fn anonymous(&self) -> Result<Config, Trouble>;

    /// Makes a namespace in which pods can be created at once.
    ///
    /// # Errors
    ///
    /// When the server refuses.
    fn add_namespace(&self, namespace: &str) -> Result<(), Trouble>;

    /// Makes a service account, which may nothing.
    ///
    /// # Errors
    ///
    /// When the server refuses.
    fn add_account(&self, namespace: &str, account: &str) -> Result<(), Trouble>;

    /// A token of this service account, which the server refuses after so many seconds, give or take one; if negative,
    /// now.
    ///
    /// # Errors
    ///
    /// When there is no such account.
    fn token(&self, namespace: &str, account: &str, seconds: i64) -> Result<String, Trouble>;

    /// From soon on, this is all that the service account may do in its namespace.
    ///
    /// # Errors
    ///
    /// When the server refuses.
    fn set_rights(&self, namespace: &str, account: &str, rights: &[Right]) -> Result<(), Trouble>;

    /// Forgets old states: soon, lists cannot be continued from before now.
    ///
    /// # Errors
    ///
    /// When the server does not run.
    fn compact(&self) -> Result<(), Trouble>;

    /// Forgets the history of changes: no watch can begin before now. Open connections may be cut.
    ///
    /// # Errors
    ///
    /// When the server does not come back.
    fn forget_history(&self) -> Result<(), Trouble>;
}

/// One rule of a Role.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "servers read it, cases build it")]
pub struct Right {
    /// The API group; empty for the core.
    pub group: &'static str,
    /// The plural name.
    pub resource: &'static str,
    /// What may be done.
    pub verbs: &'static [&'static str],
}

/// The server that a case wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "whoever provides servers must think of each")]
pub enum Needs {
    /// Any; other cases use it at the same time, in namespaces of their own.
    Shared,
    /// One of its own, which it may compact and make forget.
    Own,
}

/// One behaviour.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "harnesses read it")]
pub struct Case {
    /// What the server does, as `topic::sentence`.
    pub name: &'static str,
    /// Which server it wants.
    pub needs: Needs,
    /// Fails when the server does something else.
    pub run: fn(&Subject<'_>) -> Result<(), Trouble>,
}

macro_rules! cases {
    ($($needs:ident: [$($case:path),* $(,)?]),* $(,)?) => {
        vec![$($(Case { name: stringify!($case), needs: Needs::$needs, run: $case }),*),*]
    };
}

/// All of it. Those that take long come first, so that the rest fits in beside them.
#[must_use]
#[expect(clippy::too_many_lines, reason = "a list")]
pub fn cases() -> Vec<Case> {
    cases![
        Own: [
            paging::an_expired_token_is_410_with_a_token_for_the_rest_as_it_is_now,
            paging::an_exact_version_from_before_a_compaction_is_410,
            watches::a_watch_from_a_forgotten_version_has_one_event_that_says_410,
        ],
        Shared: [
            rights::an_open_watch_outlives_its_token,
            versions::a_version_from_the_future_is_504,
            versions::a_get_from_the_future_is_504,
            watches::initial_events_from_the_future_are_one_event_that_says_504,
            watches::a_bookmark_comes_before_the_end_if_allowed,
            objects::a_created_pod_has_the_metadata_that_servers_give,
            objects::a_created_lease_keeps_its_microseconds_and_has_no_generation,
            objects::an_empty_lease_is_a_lease,
            objects::a_generated_name_begins_as_asked_for,
            objects::a_get_gives_what_the_create_gave,
            objects::lists_have_a_kind_and_their_items_none,
            objects::a_list_is_in_the_order_of_names,
            objects::a_list_item_is_the_object_without_kind,
            objects::an_empty_list_has_items_and_a_version,
            objects::a_namespace_that_is_missing_lists_as_empty,
            objects::a_list_of_all_namespaces_has_this_one,
            objects::a_missing_object_is_404_for_every_verb,
            objects::a_namespace_that_is_missing_takes_no_objects,
            objects::a_replaced_lease_keeps_its_identity_and_gets_a_version,
            objects::a_replaced_pod_has_only_what_was_sent,
            objects::a_merge_patch_adds_changes_and_removes,
            objects::a_status_patch_changes_the_status_and_the_version_alone,
            objects::a_status_can_be_replaced,
            objects::a_status_is_read_as_the_whole_pod,
            objects::a_patch_of_a_pod_leaves_its_status_alone,
            objects::a_status_patch_leaves_the_spec_alone,
            objects::a_created_pod_has_no_status_of_its_own,
            objects::a_deleted_pod_on_a_node_is_terminating,
            objects::a_pod_that_is_terminating_may_be_deleted_again,
            objects::a_deletion_without_grace_is_at_once,
            objects::a_deleted_pod_on_no_node_is_gone_at_once,
            objects::a_deleted_lease_is_gone_and_its_uid_is_told,
            objects::an_object_that_is_made_again_has_another_uid,
            objects::a_deletion_may_say_how_it_goes_on,
            objects::a_service_gets_its_defaults,
            objects::slices_can_be_made_by_hand,
            objects::events_are_objects_too,
            conflicts::a_name_can_be_taken_once,
            conflicts::of_two_replacements_of_one_version_one_wins,
            conflicts::a_stale_replacement_of_a_pod_is_refused,
            conflicts::a_stale_replacement_that_changes_nothing_is_refused,
            conflicts::a_replacement_with_another_uid_is_refused,
            conflicts::a_lease_is_not_replaced_without_a_version,
            conflicts::a_pod_is_replaced_without_a_version,
            conflicts::a_replacement_makes_a_lease_that_is_missing,
            conflicts::a_stale_replacement_makes_a_deleted_lease_again_unless_it_says_the_uid,
            conflicts::a_write_that_changes_nothing_keeps_the_version,
            conflicts::a_merge_patch_without_a_version_wins,
            conflicts::a_merge_patch_with_a_stale_version_is_refused,
            conflicts::a_merge_patch_with_another_uid_is_refused,
            conflicts::a_deletion_may_have_preconditions,
            validation::an_unknown_content_type_is_415,
            validation::a_patch_must_say_of_which_kind_it_is,
            validation::bad_json_is_400,
            validation::an_empty_body_is_400,
            validation::a_body_without_kind_is_taken_for_what_the_path_says,
            validation::a_patch_of_bad_json_is_400,
            validation::an_object_of_another_kind_is_400,
            validation::a_renew_time_has_six_fractional_digits_or_the_lease_is_400,
            validation::a_renew_time_in_another_zone_is_kept_in_utc,
            validation::a_field_of_another_type_is_400,
            validation::a_lease_lasts_more_than_no_time,
            validation::a_lease_has_no_negative_transitions,
            validation::replacements_and_patches_are_validated_too,
            validation::all_faults_of_a_lease_are_told_at_once,
            validation::a_bad_name_is_422,
            validation::no_name_is_422,
            validation::a_bad_label_is_422,
            validation::an_object_for_another_namespace_is_400,
            validation::a_replacement_with_another_name_is_400,
            validation::an_unknown_field_is_dropped_unless_strictness_is_asked_for,
            validation::a_pod_has_containers_or_is_422,
            validation::a_new_object_has_no_version,
            versions::the_version_of_a_list_is_no_less_than_its_items_have,
            versions::an_unset_version_shows_what_was_just_written,
            versions::a_version_is_for_objects_of_every_kind,
            versions::version_0_is_any_state_and_ignores_the_limit,
            versions::a_version_is_a_lower_bound_by_default,
            versions::an_exact_version_shows_that_state,
            versions::a_version_with_a_limit_is_a_lower_bound_for_the_pages,
            versions::a_garbage_version_is_400,
            versions::a_get_at_a_garbage_version_is_500,
            versions::a_parameter_that_should_be_a_number_is_400,
            versions::an_exact_match_needs_a_version,
            paging::pages_have_everything_once_in_order_of_one_version,
            paging::a_page_that_has_everything_is_the_last,
            paging::pages_with_a_selector_do_not_count_what_remains,
            paging::later_pages_show_the_state_of_the_first,
            paging::a_garbage_token_is_400,
            paging::a_token_and_a_version_are_400,
            watches::changes_come_in_order_as_whole_objects,
            watches::changes_since_a_list_are_told_later,
            watches::leases_are_watched_too,
            watches::a_write_that_changes_nothing_is_not_told,
            watches::a_change_of_status_is_told,
            watches::a_deletion_with_grace_is_a_change_and_its_end_a_deletion,
            watches::a_pod_whose_labels_leave_the_selector_is_deleted_and_added_again,
            watches::one_object_can_be_watched_by_its_name,
            watches::a_watch_of_all_namespaces_has_this_one,
            watches::a_watch_from_any_version_begins_with_what_there_is,
            watches::initial_events_end_with_a_bookmark,
            watches::initial_events_may_be_none,
            watches::initial_events_want_the_right_parameters,
            watches::a_watch_ends_when_it_was_asked_to,
            watches::a_watch_from_the_future_is_silent,
            watches::a_watch_from_garbage_is_500,
            watches::bookmarks_from_any_version_begin_with_the_one_after_the_initial_events,
            watches::initial_events_go_by_the_selector,
            watches::a_watch_goes_on_from_the_version_of_an_event,
            watches::a_pod_on_no_node_is_told_without_grace_before_it_is_gone,
            watches::two_watches_see_the_same,
            watches::watch_may_be_asked_for_with_1,
            selectors::labels_select,
            selectors::a_bad_label_selector_is_400,
            selectors::fields_of_pods_select,
            selectors::an_unsupported_field_is_400,
            selectors::a_bad_field_selector_is_400,
            selectors::watches_refuse_what_lists_refuse,
            services::a_service_has_a_slice_that_names_it_and_its_pods,
            services::a_service_has_endpoints_of_its_name,
            services::slices_and_endpoints_tell_ready_from_not_ready_and_terminating,
            services::slices_follow_pods_that_leave_and_come,
            services::dual_stack_has_a_slice_for_each_family,
            services::slices_are_watched,
            services::a_deleted_service_takes_its_slices_and_endpoints_along,
            rights::a_403_says_who_may_not_do_what_where,
            rights::a_403_names_the_group_of_the_resource,
            rights::a_403_names_the_subresource,
            rights::a_resource_that_nobody_knows_is_403_for_whoever_may_not,
            rights::rights_hold_for_their_namespace_resource_and_verbs,
            rights::rights_can_be_taken_away_and_given_back,
            rights::an_open_watch_outlives_its_rights,
            rights::a_bad_and_an_expired_token_are_401,
            rights::whoever_has_no_token_is_anonymous,
            headers::objects_lists_and_statuses_are_json,
            headers::watches_are_json,
            headers::what_is_no_object_is_plain_text,
            headers::endpoints_are_warned_about,
            headers::other_kinds_are_not_warned_about,
            dry_runs::a_dry_run_of_a_create_stores_nothing,
            dry_runs::a_dry_run_of_a_replacement_stores_nothing,
            dry_runs::a_dry_run_of_a_patch_stores_nothing,
            dry_runs::a_dry_run_of_a_deletion_removes_nothing,
            dry_runs::a_dry_run_is_checked_as_a_write_is,
            dry_runs::a_dry_run_is_all_or_nothing,
            discovery::the_server_has_a_version,
            discovery::the_server_is_ready_and_alive,
            discovery::the_core_group_has_one_version,
            discovery::the_other_groups_are_listed,
            discovery::each_version_lists_its_resources,
            discovery::a_path_that_nobody_serves_is_404_in_plain_text,
            discovery::a_resource_that_a_version_lacks_is_404_as_a_status,
            discovery::a_method_that_is_not_served_is_405,
        ],
    ]
}
