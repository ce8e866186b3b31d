//! Who goes at once, who is held, and what confirms it.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::support::*;
use crate::machine::{Cause, Input, Machine as _};
use crate::membership::{Follow, Policy, Report, Source};
use crate::name::{NameMode, Naming};

/// Lets the connector's turn come: those who left are disconnected after 2 s.
fn disconnects(host: &mut Host) -> Vec<String> {
    host.pass(2_000);
    host.feed(Input::Timeout).into_iter().filter(|line| line.contains("disconnect")).collect()
}

#[test]
fn one_of_several_goes_at_once_and_is_disconnected_later() {
    let mut host = Host::with(Follow::WATCH, &[1, 2, 3]);
    assert_eq!(host.hear(&event("DELETED", 1, "11")), ["10.0.0.1 left (gone)"]);
    let deadline = host.membership.deadline().unwrap();
    assert_eq!((deadline.cause, host.left()), (Cause::Disconnect, 2));
    assert_eq!(disconnects(&mut host), ["link 5: disconnect 10.0.0.1"]);
}

#[test]
fn a_watch_that_removes_many_is_held_until_a_fresh_list_agrees() {
    let mut host = Host::with(Follow::WATCH, &[1, 2, 3, 4]);
    for (pod, version) in [(1, "11"), (2, "12")] {
        assert_eq!(host.hear(&event("DELETED", pod, version)).len(), 1);
    }
    let lines = host.hear(&event("DELETED", 3, "13"));
    assert_eq!(lines[0], "1 of 2 members seem to be gone: asking again before any of them goes");
    assert!(lines.len() == 2 && lines[1].starts_with("send") && host.is_listing(), "{lines:?}");
    assert_eq!(host.names(), ["10.0.0.3", "10.0.0.4"]);
    assert!(!disconnects(&mut host).iter().any(|line| line.contains("10.0.0.3")));
    assert_eq!(host.list(200, &list("lab", "13", &[4])), ["10.0.0.3 left (gone)"]);
    assert_eq!(disconnects(&mut host), ["link 8: disconnect 10.0.0.3"]);
}

#[test]
fn a_list_that_removes_many_is_held_until_a_fresh_list_agrees() {
    let mut host = Host::with(Follow::POLL, &[1, 2, 3, 4]);
    let _ = host.wait();
    let lines = host.list(200, &list("lab", "11", &[4]));
    assert_eq!(lines[0], "3 of 4 members seem to be gone: asking again before any of them goes");
    assert!(lines.len() == 2 && lines[1].starts_with("send"), "{lines:?}");
    assert_eq!(disconnects(&mut host), NOTHING);
    assert_eq!(host.names().len(), 4);
    // The first is back: only what is absent from both goes.
    assert_eq!(host.list(200, &list("lab", "12", &[1, 4])), ["10.0.0.2 left (gone)", "10.0.0.3 left (gone)"]);
    assert_eq!(disconnects(&mut host).len(), 2);
    assert_eq!(host.names(), ["10.0.0.1", "10.0.0.4"]);
}

#[test]
fn members_who_were_held_and_are_back_have_never_left() {
    let mut host = Host::with(Follow::POLL, &[1, 2, 3]);
    let _ = host.wait();
    assert_eq!(host.list(200, &list("lab", "11", &[])).len(), 2);
    assert_eq!(host.list(200, &list("lab", "12", &[1, 2, 3])), NOTHING);
    assert_eq!(disconnects(&mut host), NOTHING);
    assert_eq!(host.names().len(), 3);
}

#[test]
fn the_last_member_goes_after_a_second_look() {
    for follow in [Follow::POLL, Follow::WATCH] {
        let mut host = Host::with(follow, &[1]);
        let lines = if follow == Follow::POLL {
            let _ = host.wait();
            host.list(200, &list("lab", "11", &[]))
        } else {
            host.hear(&event("DELETED", 1, "11"))
        };
        assert_eq!(lines[0], "1 of 1 members seem to be gone: asking again before any of them goes");
        assert_eq!(host.names(), ["10.0.0.1"]);
        assert_eq!(host.list(200, &list("lab", "11", &[])), ["10.0.0.1 left (gone)"]);
    }
}

// M1
#[test]
fn a_fresh_list_that_fails_confirms_nothing() {
    let mut host = Host::with(Follow::POLL, &[1, 2]);
    let _ = host.wait();
    assert_eq!(host.list(200, &list("lab", "11", &[])).len(), 2);
    let lines = host.list(403, "{}");
    assert!(lines.len() == 1 && lines[0].starts_with("degraded"), "{lines:?}");
    assert_eq!(host.names().len(), 2);
    let _ = host.wait();
    let lines = host.list(200, &list("lab", "12", &[]));
    assert_eq!(lines, ["10.0.0.1 left (gone)", "10.0.0.2 left (gone)", "live"]);
}

#[test]
fn a_list_that_began_before_the_removal_confirms_nothing() {
    let (compare_every, idle_limit) = (Duration::from_secs(10), Duration::from_secs(90));
    let mut host = Host::with(Follow::Watch { compare_every, idle_limit, line_bytes: 1 << 20 }, &[1]);
    assert_eq!(host.wait().0.cause, Cause::Comparison);
    let lines = host.hear(&event("DELETED", 1, "11"));
    assert_eq!(lines, ["1 of 1 members seem to be gone: asking again before any of them goes"]);
    let lines = host.list(200, &list("lab", "11", &[]));
    assert!(lines.len() == 1 && lines[0].starts_with("send"), "{lines:?}");
    assert_eq!(host.names(), ["10.0.0.1"]);
    assert_eq!(host.list(200, &list("lab", "11", &[])), ["10.0.0.1 left (gone)"]);
}

#[test]
fn who_is_deleted_during_the_second_look_waits_for_it_too() {
    let mut host = Host::with(Follow::WATCH, &[1, 2, 3]);
    assert_eq!(host.hear(&event("DELETED", 1, "11")), ["10.0.0.1 left (gone)"]);
    assert_eq!(host.hear(&event("DELETED", 2, "12")).len(), 2);
    assert_eq!(host.hear(&event("DELETED", 3, "13")), NOTHING);
    let lines = host.list(200, &list("lab", "13", &[]));
    assert_eq!(lines, ["10.0.0.2 left (gone)", "10.0.0.3 left (gone)"]);
}

// M1
#[test]
fn who_is_deleted_after_the_second_look_began_is_not_confirmed_by_it() {
    let mut host = Host::with(Follow::WATCH, &[1, 2, 3]);
    assert_eq!(host.hear(&event("DELETED", 1, "11")), ["10.0.0.1 left (gone)"]);
    assert_eq!(host.hear(&event("DELETED", 2, "12")).len(), 2);
    // The list is of version 12, and has the third pod: that it is gone is the watch's word alone.
    assert_eq!(host.hear(&event("DELETED", 3, "13")), NOTHING);
    let lines = host.list(200, &list("lab", "12", &[3]));
    assert_eq!(lines[0], "1 of 1 members seem to be gone: asking again before any of them goes");
    assert_eq!(lines[2..], ["10.0.0.2 left (gone)"]);
    assert_eq!(host.names(), ["10.0.0.3"]);
}

// M1
#[test]
fn who_is_missing_only_from_the_second_list_waits_for_a_third() {
    let mut host = Host::with(Follow::POLL, &[1, 2, 3, 4]);
    let _ = host.wait();
    assert_eq!(host.list(200, &list("lab", "11", &[4])).len(), 2);
    let lines = host.list(200, &list("lab", "12", &[]));
    assert_eq!(lines[0], "1 of 1 members seem to be gone: asking again before any of them goes");
    assert_eq!(host.names(), ["10.0.0.4"]);
    assert_eq!(host.list(200, &list("lab", "12", &[])), ["10.0.0.4 left (gone)"]);
}

#[test]
fn one_namespace_does_not_confirm_for_another() {
    let mut host = Host::new(Follow::POLL, &["lab", "ops"]);
    let _ = (host.feed(Input::Start), host.connected(&[]));
    let _ = host.list_of("lab", 200, &list("lab", "10", &[1, 2, 3]));
    let _ = host.list_of("ops", 200, &list("ops", "10", &[4]));
    host.wait_for_lists(2);
    assert_eq!(host.list_of("lab", 200, &list("lab", "11", &[])).len(), 2);
    assert_eq!(host.list_of("ops", 200, &list("ops", "11", &[4])), NOTHING);
    assert_eq!(host.names().len(), 4);
    assert_eq!(host.list_of("lab", 200, &list("lab", "12", &[])).len(), 3);
    assert_eq!(host.names(), ["10.0.0.4"]);
}

#[test]
fn a_watch_that_ends_and_goes_on_confirms_nothing_and_loses_nothing() {
    let mut host = Host::with(Follow::WATCH, &[1]);
    let _ = host.hear(&event("DELETED", 1, "11"));
    assert!(host.end_watch().iter().all(|line| line.starts_with("send")));
    assert_eq!(host.head(200), NOTHING);
    assert_eq!(host.names(), ["10.0.0.1"]);
    assert_eq!(host.list(200, &list("lab", "11", &[])), ["10.0.0.1 left (gone)"]);
}

/// A slice of three pods, with their host names or without.
fn slice(version: &str, is_named: bool) -> String {
    let endpoint = |number: u8| {
        let hostname = if is_named { format!(r#""hostname":"web-{number}","#) } else { String::new() };
        format!(
            r#"{{"addresses":["10.0.0.{number}"],{hostname}"conditions":{{"ready":true}},
            "targetRef":{{"kind":"Pod","name":"web-{number}","uid":"uid-{number}"}}}}"#
        )
    };
    let endpoints = [1, 2, 3].map(endpoint).join(",");
    format!(
        r#"{{"kind":"EndpointSlice","metadata":{{"namespace":"lab","name":"web-x","resourceVersion":"{version}",
        "labels":{{"kubernetes.io/service-name":"web"}}}},"addressType":"IPv4","endpoints":[{endpoints}]}}"#
    )
    .replace('\n', "")
}

fn list_of_slices(version: &str, is_named: bool) -> String {
    let slice = slice(version, is_named);
    format!(r#"{{"kind":"EndpointSliceList","metadata":{{"resourceVersion":"{version}"}},"items":[{slice}]}}"#)
}

/// Members by their host names, which a controller has then taken from all of them.
fn nameless() -> (Host, Vec<String>) {
    let mut options = options(Follow::WATCH, &["lab"]);
    options.listing.source = Source::EndpointSlices;
    options.policy = Policy { naming: Naming { mode: NameMode::Hostname, ..Naming::default() }, ..Policy::default() };
    let mut host = Host::following(options);
    let _ = (host.feed(Input::Start), host.connected(&[]), host.list(200, &list_of_slices("10", true)), host.head(200));
    for number in 2..=4 {
        let _ = host.report(&Report::Ended { id: host.link(number), outcome: Ok(()) });
    }
    assert_eq!(host.names().len(), 3);
    let rewritten = format!("{{\"type\":\"MODIFIED\",\"object\":{}}}\n", slice("11", false));
    let lines = host.hear(&rewritten);
    (host, lines)
}

#[test]
fn members_who_all_lose_their_names_are_held_until_a_fresh_list_agrees() {
    let (mut host, lines) = nameless();
    assert_eq!(lines[0], "3 of 3 members seem to be gone: asking again before any of them goes");
    assert!(lines[1].starts_with("send") && !lines.iter().any(|line| line.contains(" left ")), "{lines:?}");
    assert_eq!(disconnects(&mut host), NOTHING);
    let lines = host.list(200, &list_of_slices("12", false));
    let left = [1, 2, 3].map(|number| format!("web-{number}.web.lab.svc.cluster.local left (renamed)"));
    assert_eq!(lines, left);
    assert_eq!(disconnects(&mut host).len(), 3);
}

#[test]
fn members_who_have_their_names_again_have_never_left() {
    let (mut host, _) = nameless();
    assert_eq!(host.list(200, &list_of_slices("12", true)), NOTHING);
    assert_eq!(disconnects(&mut host), NOTHING);
    assert_eq!(host.names().len(), 3);
}
