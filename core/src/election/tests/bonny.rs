//! Where we agree with Bonny's elector and where we differ on purpose: cases of its recorded behaviour, by their names there.

use super::*;

/// What is done after the first read, and how long after it the record is taken over, in seconds.
fn first_step(lease: &Value) -> (&'static str, Option<u64>) {
    let mut host = Host::start(options());
    host.answer(200, lease);
    let (first, mut waited) = (host.asked(), 0);
    if host.has(|event| matches!(event, Event::ReadFailed(_))) {
        return (first, None);
    }
    while host.asked() != "win" {
        waited += host.wait();
        if host.asked() == "read" {
            host.answer(200, lease);
        }
    }
    (first, Some(waited / 1000))
}

#[test]
fn a_record_is_judged_by_its_changes_and_not_by_its_times() {
    let fresh = "2024-05-01T11:59:50.000000Z";
    let spec = |holder: Value, duration: Value, renew: Value| json!({"holderIdentity": holder, "leaseDurationSeconds": duration, "renewTime": renew});
    let other = || json!("my-operator-7d9f-zzzzz");
    for (name, spec, bonny, ours) in [
        ("holder_empty", spec(json!(""), json!(15), json!(fresh)), "taken over", ("win", 0)),
        ("holder_null", spec(json!(null), json!(15), json!(fresh)), "crash", ("win", 0)),
        ("holder_number", spec(json!(5), json!(15), json!(fresh)), "crash", ("nothing", 15)),
        ("holder_unicode", spec(json!("опер-1"), json!(15), json!(fresh)), "locked", ("nothing", 15)),
        ("edge_equal", spec(other(), json!(15), json!("2024-05-01T11:59:45.000000Z")), "taken over", ("nothing", 15)),
        ("renew_future", spec(other(), json!(15), json!("2024-05-01T13:00:00.000000Z")), "locked", ("nothing", 15)),
        ("renew_garbage", spec(other(), json!(15), json!("yesterday")), "crash", ("nothing", 15)),
        ("renew_missing", spec(other(), json!(15), json!(null)), "crash", ("nothing", 15)),
        ("duration_missing", spec(other(), json!(null), json!(fresh)), "crash", ("nothing", 15)),
        ("duration_string", spec(other(), json!("15"), json!(fresh)), "crash", ("nothing", 15)),
        ("duration_float", spec(other(), json!(15.5), json!(fresh)), "crash", ("nothing", 15)),
        ("duration_zero", spec(other(), json!(0), json!(fresh)), "taken over", ("nothing", 15)),
        ("duration_negative", spec(other(), json!(-1), json!(fresh)), "taken over", ("nothing", 15)),
        // Its release says one second with its name still in, before it stops.
        ("duration_one", spec(other(), json!(1), json!(fresh)), "taken over", ("nothing", 15)),
    ] {
        let (first, wait) = first_step(&lease_of("u-1", 777, &spec));
        assert_eq!((first, wait), (ours.0, Some(ours.1)), "{name}, where Bonny's answer is: {bonny}");
    }
}

#[test]
fn no_answer_crashes_or_ends_a_candidacy() {
    // get_http_error, renew_mine_no_rv, renew_mine_no_metadata: crashes, or writes without a precondition.
    let mut host = Host::start(options());
    host.cut().pass(2000);
    assert_eq!(host.asked(), "read");
    for lease in [json!({"kind": "Lease", "metadata": {}, "spec": {}}), json!({"kind": "Lease", "spec": {}})] {
        assert_eq!(first_step(&lease), ("nothing", None));
    }
    // create_lost, create_forbidden, create_http_error.
    for status in [409, 403, 500] {
        let mut host = Host::start(options());
        host.answer(404, &json!({})).answer(status, &json!({}));
        host.pass(2000);
        assert_eq!((host.asked(), host.left()), ("read", None), "{status}");
    }
}

#[test]
fn one_failed_renewal_does_not_end_a_term() {
    // renew_conflict, renew_http, seq_leader_get_down.
    let mut host = Host::leading();
    host.pass(2000);
    host.cut().pass(2000);
    host.conflict().answer(503, &json!({}));
    assert_eq!(host.left(), Some(6000));
}
