//! Design §4, Terms.

use super::*;

// E2.
#[test]
fn a_term_lasts_until_the_renew_deadline_after_its_last_write_was_sent() {
    let mut host = Host::start(options());
    host.answer(200, &free(7));
    host.pass(2500);
    assert_eq!(host.left(), None, "nobody leads before the answer");
    host.acknowledge(8);
    assert_eq!(host.left(), Some(7500), "counted from the sending");
    assert_eq!(host.orders.len(), 1);
    assert_eq!(host.asked(), "renew", "the period is counted from the sending as well");
    host.pass(400);
    host.acknowledge(9);
    assert_eq!(host.left(), Some(9600));
}

// E1: a late PUT that succeeds makes us holder, not leader.
#[test]
fn a_write_sent_before_the_term_ended_is_void_afterwards() {
    let mut host = Host::leading();
    host.pass(8500);
    while host.asked() != "renew" || host.left() > Some(1499) {
        host.wait();
    }
    let late = host.written_as(9);
    host.pass(1500);
    assert_eq!(host.left(), None);
    host.end_work("8");
    // The PUT takes effect after all, and is read.
    while host.asked() != "read" {
        if host.in_flight.is_some() && host.asked() != "read" {
            host.cut();
        }
        host.wait();
    }
    host.answer(200, &late);
    assert_eq!((host.left(), host.asked()), (None, "win"), "a term begins with a winning write only");
    assert_eq!(host.body()["spec"]["leaseTransitions"], 2, "also if the holder was us");
    host.acknowledge(10);
    assert_eq!(host.election.term().map(FencingToken::as_str), Some("10"));
}

#[test]
fn a_winning_write_sent_before_a_release_began_is_void_too() {
    let mut host = Host::start(options());
    host.answer(200, &free(7));
    host.open_watch();
    let late = host.written_as(8);
    host.cut();
    host.report(&Report::StepDown);
    host.report(&Report::Stand);
    host.pass(2000);
    host.answer(200, &free(7));
    assert_eq!(host.events.last(), Some(&Event::Standing));
    host.event("MODIFIED", &late);
    assert_eq!(host.left(), None);
    assert!(host.has(|event| matches!(event, Event::ObservedHolder { is_ours: true, .. })));
}

#[test]
fn an_unanswered_renewal_that_is_read_back_counts_from_its_own_sending() {
    let mut host = Host::leading();
    host.pass(2000);
    let written = host.written_as(9);
    host.cut().pass(2000);
    assert_eq!(host.left(), Some(6000));
    host.conflict();
    host.answer(200, &written);
    assert_eq!(host.left(), Some(8000));
}

#[test]
fn of_two_unanswered_renewals_the_one_that_is_read_back_counts() {
    let mut host = Host::leading();
    host.pass(2000);
    let first = host.written_as(9);
    host.cut().pass(2000);
    let second = host.written_as(10);
    host.cut().pass(2000);
    host.conflict();
    let mut early = host.clone();
    host.answer(200, &second);
    assert_eq!(host.left(), Some(8000));
    // E2: it is still its own sending that counts, and not the later one's.
    early.answer(200, &first);
    assert_eq!(early.left(), Some(6000));
}

#[test]
fn an_unanswered_winning_write_that_is_read_back_wins() {
    let mut host = Host::start(options());
    host.answer(200, &free(7));
    let written = host.written_as(8);
    host.cut().pass(2000);
    assert_eq!(host.asked(), "read");
    host.answer(200, &written);
    assert_eq!((host.left(), host.election.term().map(FencingToken::as_str)), (Some(8000), Some("8")));
}

#[test]
fn the_watch_can_show_a_win_before_its_answer_does() {
    let mut host = Host::start(options());
    host.answer(200, &free(7));
    host.open_watch();
    let written = host.written_as(8);
    host.event("MODIFIED", &written);
    assert_eq!(host.left(), Some(10_000));
    host.answer(200, &written);
    assert_eq!(host.orders.len(), 1, "{:?}", host.orders);
}

#[test]
fn a_win_that_is_read_back_too_late_begins_nothing() {
    let mut host = Host::start(options());
    host.answer(200, &free(7));
    let written = host.written_as(8);
    host.cut();
    host.now.instant = host.now.instant.saturating_add(Duration::from_secs(10));
    host.feed(Input::Timeout);
    host.answer(200, &written);
    assert_eq!((host.left(), host.asked()), (None, "win"));
}

#[test]
fn a_create_never_wins_until_one_lease_duration_after_the_evidence_of_it() {
    let mut host = Host::start(options());
    host.answer(404, &json!({}));
    host.pass(1000);
    host.acknowledge(8);
    assert!(host.events.iter().any(|event| {
        let text = event.to_string();
        text.contains("waiting 15 s") && text.contains("empty Lease") && text.contains("create to fast")
    }));
    let (mut waited, mut version) = (0, 8);
    loop {
        waited += host.wait();
        match host.asked() {
            "renew" => {
                version += 1;
                host.acknowledge(version);
                assert_eq!(host.left(), None);
            }
            "win" => break,
            "nothing" => {}
            other => panic!("{other}"),
        }
    }
    assert!((15_000..=17_000).contains(&waited), "{waited}");
    host.acknowledge(version + 1);
    assert_eq!(host.left(), Some(10_000));
}

#[test]
fn an_unanswered_create_that_is_read_back_waits_as_well() {
    let mut host = Host::start(options());
    host.answer(404, &json!({}));
    let written = host.written_as(8);
    host.cut().pass(2000);
    host.answer(200, &written);
    assert_eq!((host.left(), host.asked()), (None, "renew"));
}

#[test]
fn a_created_lease_is_not_released_before_it_could_be_won() {
    let mut host = Host::start(options());
    host.answer(404, &json!({}));
    host.acknowledge(8);
    host.report(&Report::Shutdown);
    assert!(host.election.has_ended() && host.in_flight.is_none());
    assert!(host.has(|event| *event == Event::NotReleased));
}

#[test]
fn create_fast_wins_at_once() {
    let mut host = Host::start(ElectionOptions { create: Create::Fast, ..options() });
    host.answer(404, &json!({}));
    host.acknowledge(8);
    assert_eq!((host.left(), host.election.term().map(FencingToken::as_str)), (Some(10_000), Some("8")));
}

#[test]
fn a_leader_whose_lease_vanishes_makes_it_again_and_leads_on_if_answered_in_time() {
    for (delay, left) in [(1000, Some(9000)), (9500, None)] {
        let mut host = Host::leading();
        host.open_watch();
        host.pass(1000);
        host.event("DELETED", &free(9));
        assert_eq!(host.asked(), "create");
        let written = host.written_as(12);
        host.pass(delay.min(2000));
        if delay > 3000 {
            while host.left().is_some() {
                host.wait();
                if host.asked() == "read" {
                    host.cut();
                }
            }
            host.open_watch_event(&written);
        } else {
            host.answer(200, &written);
        }
        assert_eq!(host.left(), left, "{delay}");
        assert!(host.election.observation.is_barred(host.now.instant));
    }
}

// Another with our name.
#[test]
fn a_record_in_our_name_without_our_nonce_is_somebody_elses() {
    let mut lease = held(7, "web-0", 1);
    lease["metadata"]["annotations"] = json!({"quorate.github.io/nonce": "0000000000000008"});
    let mut host = Host::start(ElectionOptions { exact_identity: true, ..options() });
    host.answer(200, &lease);
    assert_eq!(host.asked(), "nothing", "it waits like any other");
    host.open_watch();
    host.event("MODIFIED", &free(8));
    assert_eq!(host.asked(), "win");
    assert_eq!(host.body()["metadata"]["annotations"]["quorate.github.io/nonce"], "0000000000000007");
    host.acknowledge(9);
    let mut stolen = lease;
    stolen["metadata"]["resourceVersion"] = json!("10");
    host.event("MODIFIED", &stolen);
    assert!(matches!(host.events.last(), Some(Event::Lost { cause: StopReason::Superseded { .. }, .. })));
}
