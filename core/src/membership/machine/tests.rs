//! The composition, by inputs and actions. What its parts do is tested beside them.

mod removals;
mod support;

use alloc::format;
use alloc::string::ToString as _;

use super::*;
use crate::machine::Cause;
use crate::membership::Follow;
use support::*;

const LIST_LAB: &str = "send #1 GET /api/v1/namespaces/lab/pods?labelSelector=app%3Dweb&limit=500";

#[test]
fn who_is_connected_is_asked_first_and_each_namespace_is_listed() {
    let mut host = Host::new(Follow::WATCH, &["lab", "ops"]);
    assert_eq!(host.membership.deadline(), None);
    assert_eq!(host.membership.standing(), &Standing::Syncing { trouble: None });
    let ops = "send #2 GET /api/v1/namespaces/ops/pods?labelSelector=app%3Dweb&limit=500";
    assert_eq!(host.feed(Input::Start), ["link 1: list who is connected", LIST_LAB, ops]);
    assert_eq!(host.feed(Input::Start), NOTHING, "a second start changes nothing");
    assert_eq!(host.feed(Input::Timeout), NOTHING, "before the deadline nothing is due");
}

#[test]
fn whoever_links_to_nobody_orders_nothing() {
    let mut membership = Membership::new(options(Follow::WATCH, &["lab"]).build().unwrap());
    let actions = membership.handle(Now::default(), Input::Start);
    assert_eq!(actions.to_string().lines().collect::<Vec<_>>(), [LIST_LAB]);
    let drained = membership.handle(Now::default(), Input::Report(&Report::Drain));
    assert_eq!(drained, Actions::none());
}

#[test]
fn any_seed_settles_the_jitter_of_every_namespace() {
    let mut options = options(Follow::WATCH, &["lab", "ops", "web"]);
    options.listing.seed = u64::MAX;
    assert_eq!(Membership::new(options.build().unwrap()).scopes.len(), 3);
}

#[test]
fn each_member_is_told_before_its_link_and_all_before_the_view_is_synced() {
    let mut host = Host::new(Follow::WATCH, &["lab"]);
    let _ = (host.feed(Input::Start), host.connected(&["10.0.0.2"]));
    let lines = host.list(200, &list("lab", "10", &[1, 2]));
    assert!(lines[0].starts_with("send #2 GET") && lines[0].contains("watch=true"), "{lines:?}");
    let rest = [
        "10.0.0.1 joined (ready)",
        "link 2: connect to 10.0.0.1",
        "10.0.0.2 joined (ready)",
        "found connected: 10.0.0.2",
        "synced: 2 members",
        "live",
    ];
    assert_eq!(lines[1..], rest);
}

// M3
#[test]
fn nobody_is_dialled_before_it_is_known_who_is_connected() {
    let mut host = Host::new(Follow::WATCH, &["lab"]);
    let _ = host.feed(Input::Start);
    let lines = host.list(200, &list("lab", "10", &[1, 2]));
    assert!(!lines.iter().any(|line| line.contains("connect")), "{lines:?}");
    assert_eq!(host.connected(&["10.0.0.1"]), ["found connected: 10.0.0.1", "link 2: connect to 10.0.0.2"]);
}

#[test]
fn a_standing_is_told_once_for_each_reason() {
    let mut host = Host::new(Follow::POLL, &["lab"]);
    let _ = (host.feed(Input::Start), host.connected(&[]));
    let lines = host.list(500, r#"{"message":"no"}"#);
    let syncing = "syncing: cannot list pods in namespace lab: the server failed with status 500";
    assert!(lines.len() == 1 && lines[0].starts_with(syncing), "{lines:?}");
    assert!(host.wait().1[0].starts_with("send"));
    assert_eq!(host.list(500, r#"{"message":"no"}"#), NOTHING, "the same again");
    let _ = host.wait();
    assert!(host.list(403, r#"{"message":"no"}"#)[0].starts_with("syncing: cannot list pods"), "another reason");
    let _ = host.wait();
    assert_eq!(host.list(200, &list("lab", "10", &[])), ["synced: 0 members", "live"]);
    let _ = host.wait();
    let lines = host.list(500, r#"{"message":"no"}"#);
    assert!(lines.len() == 1 && lines[0].starts_with("degraded, last current at +"), "{lines:?}");
    let _ = host.wait();
    assert_eq!(host.list(200, &list("lab", "10", &[])), ["live"], "synced is told once");
}

#[test]
fn the_standing_is_that_of_the_namespace_which_is_worst_off() {
    let mut host = Host::new(Follow::POLL, &["lab", "ops"]);
    let _ = (host.feed(Input::Start), host.connected(&[]));
    let joined = ["10.0.0.1 joined (ready)", "link 2: connect to 10.0.0.1"];
    assert_eq!(host.list_of("ops", 200, &list("ops", "10", &[1])), joined);
    assert_eq!(host.membership.standing(), &Standing::Syncing { trouble: None }, "lab is not listed yet");
    let lines = host.list_of("lab", 200, &list("lab", "10", &[2]));
    assert_eq!(lines[2..], ["synced: 2 members", "live"]);
    host.wait_for_lists(2);
    let lines = host.list_of("lab", 500, "{}");
    assert!(lines.len() == 1 && lines[0].starts_with("degraded"), "{lines:?}");
    assert_eq!(host.list_of("ops", 200, &list("ops", "11", &[1])), NOTHING, "lab is degraded still");
    let _ = host.wait();
    assert_eq!(host.list_of("lab", 200, &list("lab", "11", &[2])), ["live"]);
    assert_eq!(host.names(), ["10.0.0.1", "10.0.0.2"]);
}

#[test]
fn an_answer_that_nobody_waits_for_changes_nothing() {
    let mut host = Host::with(Follow::WATCH, &[1]);
    let before = host.membership.clone();
    assert_eq!(host.feed(Input::Answer { id: RequestId::NONE, part: AnswerPart::End }), NOTHING);
    assert_eq!(host.report(&Report::Ended { id: host.link(2), outcome: Ok(()) }), NOTHING);
    assert_eq!(host.membership, before);
}

// M1
#[test]
fn an_answer_that_is_no_list_removes_nobody() {
    let empty = list("lab", "11", &[]);
    let answers = [
        (403, r#"{"kind":"Status","message":"forbidden"}"#),
        (401, "{}"),
        (404, "{}"),
        (410, "{}"),
        (500, "{}"),
        (200, ""),
        (200, "{}"),
        (200, "null"),
        (200, r#"{"kind":"Status"}"#),
        (200, &empty[..empty.len() - 2]),
        (204, ""),
    ];
    for (status, body) in answers {
        let mut host = Host::with(Follow::POLL, &[1, 2]);
        let _ = host.wait();
        let lines = host.list(status, body);
        assert!(
            lines.iter().all(|line| line.starts_with("degraded") || line.starts_with("send")),
            "{status} {lines:?}"
        );
        assert_eq!(host.names(), ["10.0.0.1", "10.0.0.2"], "{status} {body:?}");
    }
    let mut host = Host::with(Follow::POLL, &[1, 2]);
    let _ = host.wait();
    let lines = host.cut();
    assert!(lines.iter().all(|line| line.starts_with("degraded")), "{lines:?}");
    assert_eq!(host.names().len(), 2);
}

#[test]
fn what_has_gone_wrong_and_what_comes_next_is_explained() {
    let mut host = Host::new(Follow::POLL, &["lab", "ops"]);
    assert_eq!(host.explain().split("; ").next(), Some("0 members"));
    let _ = (host.feed(Input::Start), host.connected(&[]));
    let _ = host.list_of("lab", 200, &list("lab", "10", &[1]));
    let _ = host.list_of("ops", 403, r#"{"message":"not you"}"#);
    let text = host.explain();
    for part in [
        "1 members; syncing: cannot list pods in namespace ops",
        "not you",
        "live; next list in ",
        " s (poll)",
        "0 of 1 wanted",
    ] {
        assert!(text.contains(part), "{part:?} is not in {text}");
    }
}

#[test]
fn the_deadline_is_the_earliest_of_all_parts() {
    let mut host = Host::with(Follow::POLL, &[1]);
    let deadline = host.membership.deadline().unwrap();
    assert!(deadline.cause == Cause::Poll && (4..=5).contains(&host.left()), "{} s", host.left());
    let _ = host.report(&Report::Dropped { name: "10.0.0.1".into() });
    let deadline = host.membership.deadline().unwrap();
    assert_eq!((deadline.cause, host.left()), (Cause::Reconnect, 0));
    // It depends on the state alone, and time that goes back changes nothing.
    host.now = Now::default();
    assert_eq!(host.feed(Input::Timeout), NOTHING);
    assert_eq!(host.membership.deadline(), Some(deadline));
}

#[test]
fn the_same_inputs_give_the_same_machine_and_lines() {
    let play = |host: &mut Host| {
        let mut lines = host.hear(&event("ADDED", 3, "11"));
        lines.extend(host.hear(&event("DELETED", 1, "12")));
        lines.extend(host.wait().1);
        lines
    };
    let mut one = Host::with(Follow::WATCH, &[1, 2]);
    let mut other = one.clone();
    assert_eq!(play(&mut one), play(&mut other));
    assert_eq!(one.membership, other.membership);
    assert_ne!(one.membership, Host::with(Follow::WATCH, &[1, 2]).membership);
    assert_eq!(format!("{:?}", one.membership), format!("{:?}", other.membership));
}

#[test]
fn whoever_drains_dials_nobody_who_joins() {
    let mut host = Host::with(Follow::WATCH, &[1]);
    assert_eq!(host.report(&Report::Drain), NOTHING);
    assert_eq!(host.hear(&event("ADDED", 2, "11")), ["10.0.0.2 joined (ready)"]);
}

#[test]
fn an_explanation_is_one_line_also_of_a_403() {
    let mut host = Host::new(Follow::WATCH, &["lab"]);
    let _ = (host.feed(Input::Start), host.list(403, "no"));
    let text = host.explain();
    assert!(text.contains("forbidden: no") && text.contains("verbs:") && !text.contains('\n'), "{text}");
}
