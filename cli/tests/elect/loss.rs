//! Leadership that is lost.

use serde_json::json;

use super::candidate::at;
use super::server::Server;

const OBEDIENT: &str = "trap 'echo told; exit 5' TERM; echo ready; while :; do sleep 0.05; done";
const STUBBORN: &str = "trap '' TERM; setsid sleep 1000 & echo ready; while :; do sleep 0.05; done";

#[test]
fn without_renewals_the_command_is_told_to_end_and_we_stand_again() {
    let server = Server::new();
    let leader = server.run(&[], OBEDIENT);
    leader.until_said("ready");
    leader.until("renewed");
    server.goes_away_for(3000);
    let lost = leader.until("lost");
    let again = leader.until_nth("acquired", 1);
    leader.until_said("ready\ntold\nready\n");
    let ended = leader.terminate();
    assert_eq!(ended.code, Some(5));
    let token = |event: &serde_json::Value| event["fencingToken"].as_str().unwrap().parse::<u64>().unwrap();
    assert!(token(&lost) < token(&again), "{ended:#?}");
    let story = [
        "standing",
        "observed_holder",
        "observed_holder",
        "acquired",
        "child_started",
        "lost",
        "child_exited",
        "standing",
    ];
    assert_eq!(ended.story()[..story.len()], story, "{ended:#?}");
    let renewed = ended.events.iter().rfind(|event| event["event"] == "renewed" && at(event) < at(&lost)).unwrap();
    let after = at(&lost) - at(renewed);
    assert!((0.9..1.4).contains(&after), "lost {after} s after the last renewal");
    assert!(at(ended.event("child_exited")) - at(renewed) < 2.0, "{ended:#?}");
    assert!(ended.stderr.contains("warning: "), "{ended:?}");
}

#[test]
fn a_short_outage_costs_nothing() {
    let server = Server::new();
    let leader = server.run(&[], OBEDIENT);
    leader.until_said("ready");
    server.goes_away_for(300);
    leader.until("renew_failed");
    leader.until_nth("renewed", 5);
    let ended = leader.terminate();
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(5), "ready\ntold\n"));
    let failed = ended.event("renew_failed");
    assert!(failed["left"].as_f64().unwrap() > 0.0 && failed["reason"].is_string(), "{failed}");
}

#[test]
fn a_stubborn_command_is_gone_by_the_hard_deadline() {
    let server = Server::new();
    let leader = server.run(&[], STUBBORN);
    leader.until_said("ready");
    leader.until("renewed");
    server.goes_away_for(3000);
    let exited = leader.until("child_exited");
    let renewed = leader.events().iter().rev().find(|event| event["event"] == "renewed").map(at).unwrap();
    let after = at(&exited) - renewed;
    assert!((1.2..2.0).contains(&after), "{after} s after the last renewal, which was for 2 s");
    assert_eq!(exited["code"], 137);
}

#[test]
fn on_loss_exit_ends_us_as_the_command_ended() {
    let server = Server::new();
    let leader = server.run(&["--on-loss=exit"], OBEDIENT);
    leader.until_said("ready");
    server.goes_away_for(2500);
    let ended = leader.end();
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(5), "ready\ntold\n"), "{ended:#?}");
    assert!(ended.story().contains(&"lost"), "{ended:#?}");
}

#[test]
fn whoever_sees_another_holder_kills_at_once() {
    let server = Server::new();
    let leader = server.run(&["--on-loss=exit"], STUBBORN);
    leader.until_said("ready");
    server.patch(&json!({"holderIdentity": "another", "leaseDurationSeconds": 15, "leaseTransitions": 9}));
    let ended = leader.end();
    assert_eq!(ended.code, Some(137), "{ended:#?}");
    let took = at(ended.event("child_exited")) - at(ended.event("lost"));
    assert!(took < 0.5, "{took} s");
    assert_eq!(server.lease()["holderIdentity"], "another");
}
