//! Design §4, Writing.

use super::*;

#[test]
fn every_put_carries_uid_and_version_and_a_post_neither() {
    let mut host = Host::start(options());
    host.answer(404, &json!({}));
    assert_eq!(host.asked(), "create");
    assert_eq!(host.body()["metadata"], json!({"name": "demo", "namespace": "lab"}));
    host.acknowledge(8);
    host.wait();
    assert_eq!((host.asked(), &host.body()["metadata"]["uid"]), ("renew", &json!("created")));
    assert_eq!(host.body()["metadata"]["resourceVersion"], "8");
}

// E6.
#[test]
fn fields_that_are_not_ours_are_kept_by_every_write() {
    let mut lease = free(7);
    lease["metadata"]["labels"] = json!({"a": "b"});
    lease["metadata"]["ownerReferences"] = json!([{"uid": "o"}]);
    lease["spec"]["preferredHolder"] = json!("x");
    lease["spec"]["future"] = json!([1, {"y": null}]);
    let mut host = Host::start(options());
    host.answer(200, &lease);
    let check = |host: &Host, purpose: &str| {
        let body = host.body();
        assert_eq!((host.asked(), &body["metadata"]["labels"]), (purpose, &lease["metadata"]["labels"]));
        assert_eq!(body["metadata"]["ownerReferences"], lease["metadata"]["ownerReferences"]);
        assert_eq!(body["spec"]["preferredHolder"], "x");
        assert_eq!(body["spec"]["future"], lease["spec"]["future"]);
    };
    check(&host, "win");
    host.acknowledge(8);
    host.wait();
    check(&host, "renew");
    host.acknowledge(9);
    host.end_work("8");
    check(&host, "release");
}

#[test]
fn a_renew_time_moves_on_while_the_wall_clock_stands_still_or_goes_back() {
    let mut host = Host::leading();
    let mut last = host.election.observation.lease().unwrap().renew_time().unwrap().to_string();
    for wall in [WALL, WALL, WALL - 1_000_000_000] {
        host.now.instant = host.election.deadline().unwrap().at;
        host.now.wall = Timestamp::from_unix_micros(wall);
        host.feed(Input::Timeout);
        let time = host.body()["spec"]["renewTime"].as_str().unwrap().to_string();
        assert!(time > last && time.len() == "2026-11-20T18:04:58.545226Z".len(), "{time}");
        last = time;
        let version = host.body()["metadata"]["resourceVersion"].as_str().unwrap().parse::<u64>().unwrap() + 1;
        host.acknowledge(version);
    }
}

#[test]
fn a_200_with_the_version_that_was_sent_renews_nothing() {
    let mut host = Host::leading();
    host.pass(2000);
    host.acknowledge(8);
    assert_eq!(host.left(), Some(8000));
    assert!(host.has(|event| matches!(event, Event::RenewFailed { .. })));
}

#[test]
fn an_attempt_has_its_own_timeout_and_the_next_goes_out_at_the_later_of_period_and_end() {
    let mut host = Host::leading();
    host.pass(2000);
    assert_eq!((host.asked(), host.election.deadline().unwrap().cause), ("renew", Cause::RequestTimeout));
    assert_eq!((host.wait(), host.asked()), (3000, "renew"), "at its end, which is later than the period");
    host.pass(500).cut();
    assert_eq!((host.asked(), host.wait(), host.asked()), ("nothing", 1500, "renew"), "at the period, which is later");
}

#[test]
fn a_conflict_is_followed_by_a_read_at_once_a_few_times_then_at_the_period() {
    let mut host = Host::leading();
    host.pass(2000);
    for version in [20, 21, 22] {
        host.conflict();
        assert_eq!(host.asked(), "read");
        let mut lease = host.election.observation.lease().unwrap().clone_as_json();
        lease["metadata"]["resourceVersion"] = json!(format!("{version}"));
        host.answer(200, &lease);
        assert_eq!(host.asked(), "renew");
    }
    host.conflict();
    assert_eq!((host.asked(), host.wait(), host.asked()), ("nothing", 2000, "read"));
}

#[test]
fn a_missing_permission_names_the_rule_and_never_ends_the_candidacy() {
    let mut host = Host::start(options());
    for _ in 0..5 {
        host.answer(403, &json!({"kind": "Status", "message": "leases is forbidden"}));
        host.wait();
    }
    assert_eq!(host.asked(), "read");
    let text = host.events.last().unwrap().to_string();
    assert!(text.contains("cannot get leases in namespace lab: forbidden"), "{text}");
    assert!(text.ends_with(r#"verbs: ["create", "get", "update", "watch"]"#), "{text}");
}
