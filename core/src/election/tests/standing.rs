//! Design §4, Standing by and Company.

use super::*;

#[test]
fn standbys_watch_the_one_lease_and_take_over_at_once_on_release() {
    let mut host = Host::start(options());
    host.answer(200, &held(7, "other", 1));
    host.open_watch();
    host.pass(1000).event("MODIFIED", &held(8, "", 2));
    assert_eq!((host.asked(), &host.body()["metadata"]["resourceVersion"]), ("win", &json!("8")));
}

#[test]
fn a_crowd_is_spread_by_a_seeded_jitter_and_by_a_quarter_of_it_after_a_release() {
    for (next_holder, longest) in [("third", 400), ("", 100)] {
        let waits: alloc::collections::BTreeSet<u128> = (0..40)
            .map(|seed| {
                let mut host = Host::start(ElectionOptions { jitter_percent: 20, seed, ..options() });
                host.answer(200, &held(7, "other", 1));
                host.open_watch();
                host.event("MODIFIED", &held(8, next_holder, 2));
                host.election.observation.lag.as_millis()
            })
            .collect();
        let last = *waits.last().unwrap();
        assert!(waits.len() > 30 && (longest * 3 / 4..=longest).contains(&last), "{waits:?}");
    }
}

#[test]
fn a_silent_watch_is_opened_again_when_a_read_shows_what_it_kept_back() {
    let mut host = Host::start(options());
    host.answer(200, &held(7, "other", 1));
    let deaf = host.watch.unwrap();
    assert_eq!((host.wait(), host.asked()), (3750, "read"));
    host.answer(200, &held(8, "other", 2));
    assert!(host.watch.is_some_and(|watch| watch != deaf));
}

#[test]
fn a_watch_that_is_gone_is_followed_by_a_read_and_another_watch() {
    let mut host = Host::start(options());
    host.answer(200, &held(7, "other", 1));
    host.open_watch();
    host.event("ERROR", &json!({"kind": "Status", "code": 410, "message": "too old"}));
    host.watch = None;
    assert_eq!(host.asked(), "read");
    host.answer(200, &held(7, "other", 1));
    host.wait();
    assert!(host.watch.is_some());
}

#[test]
fn a_lease_of_coordinated_election_is_left_alone() {
    let mut host = Host::start(options());
    let mut lease = free(7);
    lease["spec"]["strategy"] = json!("OldestEmulationVersion");
    host.answer(200, &lease);
    assert!(host.has(|event| matches!(event, Event::ForeignStrategy { .. })));
    for _ in 0..9 {
        host.wait();
        assert_eq!(host.asked(), "read");
        host.answer(200, &lease);
    }
}

#[test]
fn a_standby_that_holds_nothing_leaves_at_once() {
    let mut host = Host::start(options());
    host.report(&Report::Shutdown);
    assert!(host.election.has_ended() && host.in_flight.is_none());
    assert_eq!(host.election.deadline(), None);
}

#[test]
fn a_shutdown_with_a_win_in_flight_waits_for_it_and_releases() {
    let mut host = Host::start(options());
    host.answer(200, &free(7));
    host.report(&Report::Shutdown);
    host.acknowledge(8);
    assert_eq!((host.left(), host.orders.len()), (None, 0));
    host.pass(2000);
    assert_eq!(host.asked(), "release");
}

#[test]
fn it_says_why_it_does_what_it_does() {
    let mut host = Host::start(options());
    host.answer(200, &held(7, "other", 1));
    let text = host.election.explain(host.now).to_string();
    assert_eq!(text, "standing by; other holds the Lease, which is open in 15.0 s");
    assert_eq!(Host::leading().election.explain(host.now).to_string(), "leading, term 8, for 10.0 s more");
}

#[test]
fn our_identity_ends_in_the_nonce() {
    let mut host = Host::start(options());
    host.answer(200, &free(7));
    assert_eq!(host.body()["spec"]["holderIdentity"], ME);
}
