//! With `--watch`.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

use quorate_transport_hyper::serve::FaultChange;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use super::process::wait;
use super::server::{Server, held};

/// Renewed so many times.
fn renewal(count: u32) -> Value {
    json!({"spec": {"renewTime": format!("2026-11-20T18:05:{count:02}.000000Z")}})
}

fn version(lease: &Value) -> &Value {
    &lease["metadata"]["resourceVersion"]
}

#[test]
fn each_change_is_a_line_and_a_take_over_that_is_seen_is_the_token() {
    let server = Server::with(&held("web-0", 3));
    let mut following = server.follow();
    let found = following.next("found");
    assert_eq!((&found["holder"], &found["fencingToken"]["bound"]), (&json!("web-0"), &json!("at-most")));
    following.next("live");
    server.until_watched();

    server.patch(&renewal(1));
    let renewed = following.next("renewed");
    assert_eq!((&renewed["unchangedFor"], &renewed["takeOver"]["bound"]), (&Value::Null, &json!("earliest")));
    std::thread::sleep(Duration::from_millis(300));
    let last = server.patch(&renewal(2));
    let renewed = following.next("renewed");
    assert_eq!(&renewed["resourceVersion"], version(&last));
    assert_eq!(renewed["fencingToken"], found["fencingToken"]);
    assert!((0.25..5.0).contains(&renewed["unchangedFor"].as_f64().unwrap()), "{renewed}");

    // No change of content.
    server.patch(&json!({"metadata": {"labels": {"a": "b"}}}));
    let won = server.patch(&json!({"spec": held("web-1", 4)}));
    let taken = following.next("taken_over");
    assert_eq!((&taken["holder"], &taken["previousHolder"]), (&json!("web-1"), &json!("web-0")));
    assert_eq!(taken["fencingToken"], json!({"value": version(&won), "bound": "exact"}));
    server.patch(&json!({"spec": {"preferredHolder": "web-2", "strategy": "S"}}));
    let edited = following.next("edited");
    assert_eq!((&edited["strategy"], &edited["preferredHolder"]), (&json!("S"), &json!("web-2")));

    server.patch(&json!({"spec": {"holderIdentity": "", "leaseDurationSeconds": 1}}));
    let released = following.next("released");
    assert_eq!((&released["holder"], &released["previousHolder"]), (&Value::Null, &json!("web-1")));
    assert_eq!((&released["fencingToken"], &released["takeOver"]), (&Value::Null, &Value::Null));

    server.delete();
    following.next("deleted");
    let created = server.create(&held("web-2", 0));
    let seen = following.next("created");
    assert_eq!((&seen["uid"], &seen["holder"]), (&created["metadata"]["uid"], &json!("web-2")));
    assert_eq!(seen["fencingToken"]["bound"], "at-most");
}

#[test]
fn what_stands_for_its_duration_is_told_as_expired() {
    let server = Server::with(&json!({"holderIdentity": "web-0", "leaseDurationSeconds": 1}));
    let mut following = server.follow();
    following.next("found");
    following.next("live");
    let began = Instant::now();
    let expired = following.next("expired");
    assert!(began.elapsed() > Duration::from_millis(700), "{:?}", began.elapsed());
    assert_eq!((&expired["takeOver"]["bound"], &expired["holder"]), (&json!("latest"), &json!("web-0")));
}

#[test]
fn a_lease_that_is_not_there_is_waited_for() {
    let server = Server::empty();
    let mut following = server.follow();
    following.next("missing");
    following.next("live");
    server.until_watched();
    server.create(&held("web-0", 0));
    following.next("created");
}

#[test]
fn an_api_that_fails_is_degraded_and_ends_nothing() {
    let server = Server::with(&held("web-0", 3));
    let mut following = server.follow();
    following.next("found");
    following.next("live");
    server.until_watched();
    server.change(&FaultChange { outage_ms: Some(6000), ..FaultChange::default() });
    let degraded = following.next("degraded");
    assert!(degraded["since"].is_string() && degraded["reason"].is_string(), "{degraded}");
    following.until_live();
    server.until_watched();
    server.patch(&renewal(1));
    following.next("renewed");
}

#[test]
fn a_signal_ends_it() {
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let server = Server::with(&held("web-0", 3));
        let mut following = server.follow();
        following.next("found");
        following.signal(signal);
        let (status, said) = following.end();
        assert_eq!((status.code(), said.as_str()), (Some(0), ""));
    }
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly_also_when_nothing_happens() {
    let server = Server::with(&held("web-0", 3));
    let mut child = server.lease(&["demo", "-w"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    while !lines.next().unwrap().unwrap().ends_with("live") {}
    drop(lines);
    assert_eq!(wait(&mut child).code(), Some(0));
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}

#[test]
fn a_reader_that_sleeps_does_not_hold_up_the_end() {
    let server = Server::with(&held("web-0", 3));
    let mut child =
        server.lease(&["demo", "-w", "-o=json"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    reader.read_line(&mut String::new()).unwrap();
    server.until_watched();
    // Far more than a pipe holds.
    for count in 0..400 {
        let time = format!("2026-11-20T19:{:02}:{:02}.000000Z", count / 60, count % 60);
        server.patch(&json!({"spec": {"renewTime": time}}));
    }
    std::thread::sleep(Duration::from_millis(300));
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(wait(&mut child).code(), Some(0));
}
