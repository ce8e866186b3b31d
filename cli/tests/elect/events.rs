//! What is told: to the command in its environment, to programs in the events, and to people.

use serde_json::Value;

use super::candidate::{Candidate, at};
use super::server::Server;

#[test]
fn the_command_finds_the_term_in_its_environment() {
    let server = Server::new();
    let script = "echo $LEADER_LEASE; echo $LEADER_IDENTITY; echo $LEADER_FENCING_TOKEN; echo $LEADER_TRANSITIONS; \
        echo $OTHER; pwd; echo complaint >&2";
    let command = ["sh", "-c", script];
    let leader = Candidate::start(&server.kubeconfig(), &["--identity=web-0"], &command, &[("OTHER", "kept")]);
    let ended = leader.end();
    let lines: Vec<_> = ended.stdout.lines().collect();
    let [lease, identity, token, transitions, other, folder] = lines.as_slice() else { panic!("{ended:?}") };
    assert_eq!((*lease, *other, *transitions), ("default/demo", "kept", "1"));
    let holder = ended.events.iter().find_map(|event| event["holder"].as_str()).unwrap();
    assert!(identity.starts_with("web-0_") && *identity == holder, "{identity} {holder}");
    assert_eq!(*token, ended.event("acquired")["fencingToken"]);
    assert!(std::path::Path::new(folder).is_absolute());
    assert_eq!(ended.stderr, "complaint\n");
    assert_eq!(server.lease()["leaseTransitions"], 1);
}

#[test]
fn arguments_go_to_the_command_as_they_are() {
    let server = Server::new();
    let ended = server.elect(&[], &["printf", "[%s]", "a b", "", "--help", "--", "$HOME", "*"]).end();
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), "[a b][][--help][--][$HOME][*]"));
}

#[test]
fn events_tell_the_whole_story_in_order() {
    let server = Server::new();
    let leader = server.run(&[], "sleep 0.5; exit 3");
    let ended = leader.end();
    let story = [
        "standing",
        "observed_holder",
        "observed_holder",
        "acquired",
        "child_started",
        "child_exited",
        "stepping_down",
        "observed_holder",
        "released",
    ];
    assert_eq!(ended.story(), story, "{ended:#?}");
    assert!(ended.events.is_sorted_by_key(at));
    for event in &ended.events {
        let time = event["time"].as_str().unwrap();
        assert!(time.parse::<jiff::Timestamp>().is_ok() && time.ends_with('Z'), "{time}");
    }
    let observed: Vec<_> =
        ended.events.iter().filter(|event| event["event"] == "observed_holder").map(|event| &event["isOurs"]).collect();
    assert_eq!(observed, [false, true, false]);
    let token = &ended.event("acquired")["fencingToken"];
    assert!(token.is_string());
    for event in ["renewed", "child_started", "child_exited", "stepping_down"] {
        assert_eq!(&ended.event(event)["fencingToken"], token, "{event}");
    }
    assert!(ended.event("child_started")["pid"].is_i64());
    assert!(ended.event("stepping_down")["reason"].is_string());
}

#[test]
fn two_candidates_may_share_a_file_of_events() {
    let server = Server::new();
    let folder = tempfile::tempdir().unwrap();
    let events = folder.path().join("events");
    let flag = format!("--events={}", events.display());
    let script = "trap 'exit 0' TERM; echo ready; while :; do sleep 0.05; done";
    let leader = server.run(&[&flag], script);
    leader.until_said("ready");
    let next = server.run(&[&flag], script);
    std::thread::sleep(std::time::Duration::from_millis(500));
    assert_eq!(leader.terminate().code, Some(0));
    next.until_said("ready");
    assert_eq!(next.terminate().code, Some(0));
    let text = std::fs::read_to_string(&events).unwrap();
    let events: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |name: &str| events.iter().filter(|event| event["event"] == name).map(at).collect::<Vec<_>>();
    let (exited, started) = (of("child_exited"), of("child_started"));
    assert!(exited[0] < started[1], "{text}");
    // The watch tells of the release.
    let gap = started[1] - exited[0];
    assert!(gap < 1.0, "{gap} s");
}

#[test]
fn events_that_cannot_be_written_any_more_cost_a_warning_and_nothing_else() {
    let server = Server::new();
    let ended = server.run(&["--events=/dev/full"], "echo run; exit 3").end();
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(3), "run\n"));
    assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");
    assert!(ended.stderr.starts_with("warning: cannot write an event: "), "{ended:?}");
}

#[test]
fn who_creates_the_lease_says_that_and_why_it_waits() {
    let server = Server::without_lease();
    let candidate = server.run(&[], "echo run");
    candidate.until_complained("warning: created the Lease, and waiting 2 s before leading");
    let ended = candidate.end();
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), "run\n"));
    let (created, acquired) = (ended.event("created"), ended.event("acquired"));
    assert!((1.8..=2.0).contains(&created["wait"].as_f64().unwrap()), "{created}");
    assert!((1.9..3.5).contains(&(at(acquired) - at(created))), "{ended:#?}");
    assert!(ended.stderr.contains("ship an empty Lease"), "{ended:?}");

    let ended = Server::without_lease().run(&["--create=fast"], "echo run").end();
    assert_eq!((ended.code, ended.stdout.as_str(), ended.stderr.as_str()), (Some(0), "run\n", ""));
    assert!(at(ended.event("acquired")) - at(ended.event("standing")) < 1.0);
}

#[test]
fn what_the_timing_buys_is_told_as_the_page_shows() {
    let server = Server::new();
    let variables = [("QUORATE_LEASE", "demo"), ("QUORATE_VERBOSE", "1")];
    let ended = Candidate::start(&server.kubeconfig(), &[], &["true"], &variables).end();
    let page = include_str!("../../docs/elect.md");
    let (_, shown) = page.split_once("```text\n").unwrap();
    let (shown, _) = shown.split_once("```").unwrap();
    assert!(shown.lines().count() >= 4 && ended.stderr.contains(shown), "{}\n{shown}", ended.stderr);
}
