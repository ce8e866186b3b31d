//! `quorate watch --connector beam` beside unmodified Erlang nodes, on a real API server.
//!
//! Each node has an address of its own in 127.0.0.0/8, and all have one port: that is how nodes of one basename run on one
//! machine. Kubernetes takes such addresses for pods, and not in EndpointSlices: the members come from pods here.
//! `beam_namespaces` has nodes as they are in pods.

#![expect(clippy::indexing_slicing, reason = "a test fails by panicking")]

mod attaching;
mod handover;
mod manifest;
mod mesh;
mod outages;
mod parting;

use std::process::ExitCode;

use quorate_tests::server_trials::{API_SERVER, Need, run_with};
use quorate_tests::{beam, trials};

const NEEDS: &[Need] = &[API_SERVER, beam::ERLANG];

fn main() -> ExitCode {
    let tests = trials![
        outages::an_outage_and_a_403_leave_every_link_up,
        outages::an_empty_answer_and_the_deletion_of_all_pods_leave_every_link_up,
        handover::a_name_that_passes_to_another_pod_keeps_its_link,
        parting::a_node_that_hangs_is_disconnected_and_nobody_else_is,
        parting::a_node_that_is_alive_is_only_disconnected_if_that_is_asked_for,
        mesh::five_nodes_are_meshed_within_half_a_second,
        mesh::nodes_that_come_and_go_are_followed,
        mesh::a_node_that_is_killed_is_back_in_the_mesh_when_it_runs_again,
        mesh::nodes_that_somebody_else_connected_are_left_alone,
        attaching::a_wrong_cookie_is_named_and_shown_nowhere,
        attaching::a_name_that_is_another_is_told_with_what_is_configured_where,
        attaching::a_node_that_is_not_there_yet_is_waited_for,
        attaching::the_port_mapper_tells_the_port,
        manifest::the_shipped_flags_are_flags,
        manifest::the_shipped_sidecar_may_run_where_pods_are_restricted,
    ];
    run_with(tests, NEEDS)
}
