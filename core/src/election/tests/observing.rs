//! Design §4, Observing.

use super::*;

fn standby(first: &Value) -> Host {
    let mut host = Host::start(options());
    host.answer(200, first);
    host.open_watch();
    host
}

// E3.
#[test]
fn a_held_record_is_taken_over_when_the_lease_duration_has_passed_since_its_last_change_was_received() {
    let mut host = standby(&held(7, "other", 1));
    for _ in 0..3 {
        assert_eq!((host.wait(), host.asked()), (3750, "read"));
        host.answer(200, &held(7, "other", 1));
    }
    assert_eq!((host.wait(), host.asked()), (3750, "win"));
    assert_eq!(host.body()["spec"]["leaseTransitions"], 4);
}

#[test]
fn an_edit_of_a_label_does_not_prolong_a_dead_lease() {
    let mut host = standby(&held(7, "other", 1));
    host.pass(3000).event("MODIFIED", &held(8, "other", 1));
    let mut waited = 3000;
    while host.asked() != "win" {
        waited += host.wait();
        if host.asked() == "read" {
            host.answer(200, &held(8, "other", 1));
        }
    }
    assert_eq!((waited, &host.body()["metadata"]["resourceVersion"]), (15_000, &json!("8")));
}

#[test]
fn a_record_is_believed_a_longer_duration_up_to_the_cap() {
    for (duration, wait) in [(60, 60), (1, 15), (3600, 3600), (2_147_483_647, 3600)] {
        let mut lease = held(7, "other", 1);
        lease["spec"]["leaseDurationSeconds"] = json!(duration);
        let (mut host, mut waited) = (standby(&lease), 0);
        while host.asked() != "win" {
            waited += host.wait();
            if host.asked() == "read" {
                host.answer(200, &lease);
            }
        }
        assert_eq!(waited, wait * 1000, "{duration}");
    }
}

#[test]
fn reads_leave_the_resource_version_unset() {
    let host = Host::start(options());
    assert_eq!(host.in_flight.unwrap().1.target(), "/apis/coordination.k8s.io/v1/namespaces/lab/leases/demo");
}

#[test]
fn a_watch_event_not_newer_than_the_newest_seen_is_dropped() {
    let mut host = standby(&held(9, "other", 1));
    let before = host.election.observation.clone();
    host.event("MODIFIED", &held(8, "x", 2)).event("DELETED", &held(9, "x", 2)).event("ADDED", &held(9, "x", 2));
    assert_eq!(host.election.observation, before);
}

#[test]
fn an_answer_that_the_watch_outran_is_no_history_break() {
    let mut host = standby(&held(9, "other", 1));
    host.wait();
    host.event("MODIFIED", &held(11, "other", 2)).answer(200, &held(10, "other", 1));
    assert!(!host.has(|event| *event == Event::HistoryBreak));
    assert_eq!(host.election.observation.newest().as_str(), "11");
}

#[test]
fn after_a_history_break_all_waits_restart_and_a_free_record_waits_too() {
    for broken in [lease_of("v", 20, &json!({})), free(6)] {
        let mut host = standby(&held(9, "other", 1));
        host.wait();
        host.answer(200, &broken);
        assert!(host.has(|event| *event == Event::HistoryBreak));
        let mut waited = 0;
        while host.asked() != "win" {
            waited += host.wait();
            if host.asked() == "read" {
                host.answer(200, &broken);
            }
        }
        assert_eq!(waited, 15_000, "{broken}");
    }
}

// E7.
#[test]
fn free_is_a_missing_null_or_empty_holder_and_nothing_else() {
    for spec in [json!({}), json!({"holderIdentity": null}), json!({"holderIdentity": "", "leaseDurationSeconds": 60})]
    {
        assert_eq!(standby(&lease_of("u", 7, &spec)).asked(), "win", "{spec}");
    }
    // Bonny releases with its name still in.
    for spec in [json!({"holderIdentity": "bonny", "leaseDurationSeconds": 1}), json!({"holderIdentity": 7})] {
        let mut host = standby(&lease_of("u", 7, &spec));
        assert_eq!((host.asked(), host.wait()), ("nothing", 3750), "{spec}");
    }
}

// E7.
#[test]
fn malformed_records_count_as_what_is_safe() {
    for spec in [
        json!({"holderIdentity": "o", "leaseDurationSeconds": null, "leaseTransitions": -4, "renewTime": "x"}),
        json!({"holderIdentity": "o", "leaseDurationSeconds": 0, "renewTime": 7}),
        json!({"holderIdentity": "o", "leaseDurationSeconds": "15"}),
    ] {
        let lease = lease_of("u", 7, &spec);
        let (mut host, mut waited) = (standby(&lease), 0);
        while host.asked() != "win" {
            waited += host.wait();
            if host.asked() == "read" {
                host.answer(200, &lease);
            }
        }
        assert_eq!((waited, &host.body()["spec"]["leaseTransitions"]), (15_000, &json!(1)), "{spec}");
    }
}

#[test]
fn what_is_no_lease_changes_nothing() {
    let mut host = Host::start(options());
    host.answer(200, &json!({"kind": "Status"}));
    assert!(host.has(|event| matches!(event, Event::ReadFailed(_))));
    assert_eq!((host.wait(), host.asked()), (2000, "read"));
}
