//! Design §4, Working.

use super::*;

#[test]
fn on_a_loss_the_work_is_stopped_at_the_deadline_and_gone_by_the_hard_deadline() {
    let mut host = Host::leading();
    let started = host.now.instant;
    assert_eq!(host.last_order(), "start the work of term 8, to be gone by +114.351s");
    while host.left().is_some() {
        assert!(host.wait() > 0, "a deadline is served once");
    }
    assert_eq!(host.now.instant, started.saturating_add(Duration::from_secs(10)));
    assert_eq!(host.last_order(), "stop the work of term 8, to be gone by +114.351s: no renewal succeeded in time");
    assert!(!host.election.is_leading(host.now.instant));
}

#[test]
fn whatever_comes_in_at_the_deadline_comes_too_late() {
    let mut host = Host::leading();
    host.pass(9999);
    assert_eq!(host.asked(), "renew");
    host.set_time(host.now.instant.saturating_add(Duration::from_millis(1)));
    host.acknowledge(9);
    assert_eq!(host.left(), None);
    assert!(matches!(host.orders.last(), Some(Order::StopWork { .. })));
}

#[test]
fn on_evidence_of_another_holder_the_hard_deadline_is_now() {
    let mut host = Host::leading();
    host.open_watch();
    host.pass(1000).event("MODIFIED", &held(9, "other", 1));
    assert_eq!(host.left(), None);
    assert_eq!(host.last_order(), "stop the work of term 8, to be gone by +101.000s: other holds the Lease");
}

#[test]
fn every_renewal_moves_the_hard_deadline() {
    let mut host = Host::leading();
    host.pass(2000);
    host.acknowledge(9);
    assert_eq!(host.last_order(), "the work of term 8 must be gone by +116.351s");
}

// E1, E3: stop, then release.
#[test]
fn a_voluntary_stop_ends_the_guard_renews_while_the_work_stops_and_releases_when_it_is_gone() {
    let mut host = Host::leading();
    host.pass(1000).report(&Report::Shutdown);
    assert_eq!((host.left(), host.election.is_leading(host.now.instant)), (None, false));
    assert!(matches!(host.orders.last(), Some(Order::StopWork { reason: StopReason::Shutdown, .. })));
    host.pass(1000);
    assert_eq!(host.asked(), "renew");
    host.acknowledge(9);
    assert_eq!(host.last_order(), "the work of term 8 must be gone by +116.351s");
    assert_eq!(host.left(), None, "never revived");
    host.pass(500).end_work("8");
    while host.asked() == "nothing" {
        host.wait();
    }
    assert_eq!(host.asked(), "release");
    let body = host.body();
    let time = &body["spec"]["renewTime"];
    assert_eq!(
        body["spec"],
        json!({
            "holderIdentity": "", "leaseDurationSeconds": 1, "leaseTransitions": 1, "acquireTime": time, "renewTime": time,
        })
    );
    host.acknowledge(10);
    assert!(host.election.has_ended());
    assert!(host.has(|event| *event == Event::Released));
    assert_eq!((host.election.deadline(), host.watch), (None, None));
}

// E4 would bear it, and another one would wait for nothing.
#[test]
fn who_is_about_to_leave_does_not_make_a_lease_that_vanished_again() {
    for report in [Report::StepDown, Report::Shutdown] {
        let mut host = Host::leading();
        host.open_watch();
        host.pass(1000).report(&report);
        host.event("DELETED", &free(9));
        for _ in 0..8 {
            assert_eq!(host.asked(), "nothing");
            host.pass(500);
        }
        host.end_work("8");
        host.pass(2000);
        assert_ne!(host.asked(), "create");
    }
}

#[test]
fn a_release_that_is_refused_or_unanswered_is_read_and_repeated_while_the_record_is_ours() {
    let mut host = Host::leading();
    host.report(&Report::StepDown);
    host.end_work("8");
    host.pass(2000);
    assert_eq!(host.asked(), "release");
    let mine = host.election.observation.lease().unwrap().clone_as_json();
    host.cut().pass(2000);
    assert_eq!(host.asked(), "read");
    host.answer(200, &mine);
    assert_eq!(host.asked(), "release");
    host.conflict();
    assert_eq!(host.asked(), "read");
    host.answer(200, &held(12, "other", 1));
    assert_eq!((host.asked(), host.election.deadline()), ("nothing", None));
    host.report(&Report::Stand);
    assert_eq!(host.asked(), "read");
}

#[test]
fn a_lease_whose_work_cannot_be_stopped_is_not_released() {
    let mut host = Host::leading();
    host.report(&Report::Shutdown);
    for version in 9..40 {
        host.wait();
        if host.in_flight.is_some() {
            assert_eq!(host.asked(), "renew");
            host.acknowledge(version);
        }
    }
}

#[test]
fn after_a_loss_the_candidate_stands_again_once_the_work_is_gone() {
    let mut host = Host::leading();
    host.open_watch();
    host.event("MODIFIED", &held(9, "other", 1));
    host.event("MODIFIED", &free(10));
    host.pass(60_000);
    assert_eq!(host.asked(), "nothing", "the old work still runs");
    host.end_work("8");
    assert_eq!(host.asked(), "read");
    host.answer(200, &free(10));
    assert_eq!(host.asked(), "win");
    host.acknowledge(11);
    assert!(host.election.term().unwrap() > &FencingToken::new(crate::api::ResourceVersion::new("8")));
}

#[test]
fn a_record_that_somebody_frees_is_lost() {
    let mut host = Host::leading();
    host.open_watch();
    host.event("MODIFIED", &free(9));
    assert!(matches!(host.orders.last(), Some(Order::StopWork { reason: StopReason::Cleared, .. })));
}
