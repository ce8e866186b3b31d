//! With `--watch`.

use quorate_tests::api_server::{Announce, ApiServer};
use quorate_tests::trouble::Trouble;
use serde_json::{Value, json};

use crate::demo::{Demo, fold, held, renewal, version};

pub(crate) fn every_change_is_told_and_the_events_fold_to_the_truth() -> Result<(), Trouble> {
    let demo = Demo::new("follow-all")?;
    let first = demo.create(&held("web-0", 3))?;
    let mut following = demo.follow()?;
    let found = following.next("found")?;
    assert_eq!(found["fencingToken"], json!({"value": version(&first), "bound": "at-most"}));
    following.next("live")?;

    demo.patch(&renewal(1))?;
    following.next("renewed")?;
    // No change of content.
    demo.patch(&json!({"metadata": {"labels": {"a": "b"}}}))?;
    let won = demo.patch(&json!({"spec": held("web-1", 4)}))?;
    let taken = following.next("taken_over")?;
    assert_eq!(taken["previousHolder"], "web-0");
    let token = json!({"value": version(&won), "bound": "exact"});
    assert_eq!(taken["fencingToken"], token);
    assert_eq!(taken["takeOver"]["bound"], "earliest");
    demo.patch(&renewal(2))?;
    assert_eq!(following.next("renewed")?["fencingToken"], token, "the term goes on");
    // The same holder wins anew.
    let won = demo.patch(&json!({"spec": {"leaseTransitions": 5, "renewTime": "2026-11-20T18:06:00.000000Z"}}))?;
    let token = json!({"value": version(&won), "bound": "exact"});
    assert_eq!(following.next("taken_over")?["fencingToken"], token);

    demo.patch(&json!({"spec": {"holderIdentity": "", "leaseDurationSeconds": 1}}))?;
    let released = following.next("released")?;
    assert_eq!((&released["fencingToken"], &released["takeOver"]), (&Value::Null, &Value::Null));
    demo.patch(&json!({"spec": held("web-2", 6)}))?;
    following.next("taken_over")?;
    demo.delete()?;
    following.next("deleted")?;
    assert_eq!(fold(following.events()?), None);
    demo.create(&held("web-3", 0))?;
    assert_eq!(following.next("created")?["fencingToken"]["bound"], "at-most");
    let last = demo.patch(&renewal(3))?;
    following.next("renewed")?;

    let events = following.events()?;
    let known = fold(events).ok_or_else(|| Trouble::new("it is there"))?;
    let truth = [&last["metadata"]["uid"], version(&last), &last["spec"]["holderIdentity"], &last["spec"]["renewTime"]];
    assert_eq!([&known["uid"], &known["resourceVersion"], &known["holder"], &known["renewTime"]], truth);

    // One read, one watch of the one Lease, and nothing is written.
    let user = demo.lab.user();
    let asked = demo.lab.server().audit()?.into_iter().filter(|entry| entry.user == user).collect::<Vec<_>>();
    assert!(asked.iter().all(|entry| ["get", "watch"].contains(&entry.verb.as_str())), "{asked:?}");
    let watch = asked.iter().find(|entry| entry.verb == "watch").map(|entry| entry.uri.clone()).unwrap_or_default();
    assert!(watch.contains("fieldSelector=metadata.name%3Ddemo"), "{watch}");
    following.signal("TERM")?.with_code(0)?;
    Ok(())
}

pub(crate) fn a_lease_that_is_not_there_is_waited_for() -> Result<(), Trouble> {
    let demo = Demo::new("follow-missing")?;
    let mut following = demo.follow()?;
    following.next("missing")?;
    following.next("live")?;
    let lease = demo.create(&held("web-0", 0))?;
    assert_eq!(following.next("created")?["uid"], lease["metadata"]["uid"]);
    let won = demo.patch(&json!({"spec": held("web-1", 1)}))?;
    assert_eq!(following.next("taken_over")?["fencingToken"]["value"], *version(&won));
    Ok(())
}

pub(crate) fn a_signal_ends_it() -> Result<(), Trouble> {
    let demo = Demo::new("follow-signal")?;
    demo.create(&held("web-0", 0))?;
    for signal in ["INT", "TERM"] {
        let mut following = demo.follow()?;
        following.next("found")?;
        let ended = following.signal(signal)?.with_code(0)?;
        assert_eq!(ended.stderr(), "");
    }
    Ok(())
}

pub(crate) fn a_server_that_starts_again_costs_no_event() -> Result<(), Trouble> {
    let server = ApiServer::start(&[])?;
    let demo = Demo::on(&server, "follow-restart")?;
    demo.create(&held("web-0", 3))?;
    let mut following = demo.follow()?;
    following.next("found")?;
    following.next("live")?;
    server.kill()?;
    let degraded = following.next("degraded")?;
    assert!(degraded["since"].is_string(), "{degraded}");
    server.restart(Announce::Ready)?;
    // The record has not changed for its duration by then, or for as long as it takes until somebody says so.
    let mut next = following.next_of(&["degraded", "expired", "live"])?;
    while next["event"] != "live" {
        next = following.next_of(&["degraded", "expired", "live"])?;
    }
    demo.patch(&json!({"spec": held("web-1", 4)}))?;
    let taken = following.next_of(&["expired", "taken_over"])?;
    let taken = if taken["event"] == "expired" { following.next("taken_over")? } else { taken };
    assert_eq!(taken["holder"], "web-1");
    Ok(())
}

pub(crate) fn a_history_that_is_forgotten_is_made_up_for_by_a_read() -> Result<(), Trouble> {
    let server = ApiServer::start(&[])?;
    let demo = Demo::on(&server, "follow-compacted")?;
    demo.create(&held("web-0", 3))?;
    let mut following = demo.follow()?;
    following.next("found")?;
    following.next("live")?;
    following.pause()?;
    server.kill()?;
    server.restart(Announce::Ready)?;
    demo.patch(&json!({"spec": held("web-1", 4)}))?;
    demo.patch(&renewal(9))?;
    server.compact()?;
    following.go_on()?;
    let mut next = following.next_of(&["degraded", "expired", "live", "taken_over"])?;
    while next["event"] != "taken_over" {
        next = following.next_of(&["degraded", "expired", "live", "taken_over"])?;
    }
    assert_eq!(next["renewTime"], "2026-11-20T18:05:09.000000Z");
    // Later versions only were to be had.
    assert_eq!(next["fencingToken"]["bound"], "at-most");
    Ok(())
}
