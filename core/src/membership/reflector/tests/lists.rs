//! Which lists are evidence, and when one is asked for.

use alloc::collections::BTreeSet;
use alloc::string::ToString as _;
use core::time::Duration;

use super::support::*;
use crate::api::{AnswerPart, Head, ServiceName};
use crate::machine::Cause;
use crate::machine::Severity;
use crate::membership::listing::ListingOptions;
use crate::membership::reflector::{Follow, News, Standing, Trouble};

#[test]
fn a_comparison_runs_beside_the_watch_now_and_then() {
    let mut host = Host::watching();
    for minute in 1..=12 {
        host.pass(60_000);
        host.timeout();
        if host.list().is_some() {
            assert!((9..=11).contains(&minute), "{minute}");
            break;
        }
        host.hear(&bookmark(&(10 + minute).to_string()));
    }
    assert!(host.is_live() && host.watch().is_some());
    host.answer_list(200, &list("40", &[("b", "39")]));
    assert_eq!(host.names(), ["b@39"]);
    host.end_watch();
    assert_eq!(host.watched_from(), "40");
}

#[test]
fn what_the_watch_told_since_a_list_is_left_as_it_is() {
    let mut host = Host::watching();
    host.hear(&event("ADDED", "b", "11"));
    host.compare();
    // Older and newer than the list: added, changed and deleted.
    host.hear(&(event("ADDED", "c", "12") + &event("DELETED", "b", "13")));
    host.hear(&(event("ADDED", "d", "21") + &event("DELETED", "a", "22") + &event("MODIFIED", "c", "23")));
    host.answer_list(200, &list("20", &[("a", "5"), ("c", "12"), ("e", "19")]));
    assert_eq!(host.names(), ["c@23", "d@21", "e@19"]);
    assert_eq!(host.lists, [(["a", "c", "d"].map(Into::into).into(), true)]);
    // The watch goes on behind the list: what the list told already is no news, and no stale event either.
    assert!(!host.news.iter().any(|news| matches!(news, News::StaleEvent { .. })));
}

#[test]
fn a_list_ahead_of_the_watch_is_not_undone_by_it() {
    let mut host = Host::watching();
    host.compare();
    // `a` was deleted and created again by the time of the list.
    host.answer_list(200, &list("20", &[("a", "18"), ("b", "19")]));
    for behind in [event("MODIFIED", "a", "12"), event("DELETED", "a", "13"), event("ADDED", "a", "18")] {
        host.hear(&behind);
        assert_eq!(host.names(), ["a@18", "b@19"]);
    }
    host.hear(&bookmark("19"));
    host.hear(&event("DELETED", "b", "21"));
    assert_eq!(host.names(), ["a@18"]);
    assert!(!host.news.iter().any(|news| matches!(news, News::StaleEvent { .. })), "{:?}", host.news);
}

#[test]
fn a_stale_list_is_dropped_and_asked_again() {
    let mut host = Host::watching();
    host.compare();
    host.answer_list(200, &list("9", &[]));
    assert_eq!(host.names(), ["a@5"]);
    assert_eq!(host.trouble().to_string().split(',').next(), Some("the server gave a list of resourceVersion 9"));
    let (waited, cause) = host.wait();
    assert!((5.0..7.6).contains(&waited.as_secs_f64()) && cause == Cause::Retry, "{waited:?}");
    host.answer_list(200, &list("10", &[]));
    assert!(host.is_live() && host.names().is_empty());
    assert_eq!(host.lists, [([].into(), true)], "it still confirms");
}

#[test]
fn a_resumed_watch_does_not_hide_a_stale_list() {
    let mut host = Host::watching();
    host.compare();
    host.answer_list(200, &list("9", &[]));
    host.pass(1000);
    host.end_watch();
    host.head(200);
    assert!(matches!(host.trouble(), Trouble::StaleList { .. }));
}

#[test]
fn lists_that_stay_older_are_a_rewound_history() {
    let mut host = Host::watching();
    host.compare();
    let watch = host.watch();
    host.answer_list(200, &list("4", &[("b", "3")]));
    let _ = host.wait();
    host.answer_list(200, &list("4", &[("b", "3")]));
    assert_eq!(host.names(), ["b@3"]);
    assert!(host.is_live() && host.watch() != watch && host.watched_from() == "4");
    let rewound = host.news.iter().find(|news| matches!(news, News::Rewound { .. })).unwrap();
    assert_eq!(rewound.severity(), Severity::Warning);
}

#[test]
fn lists_that_are_older_and_older_or_too_close_or_overtaken_by_the_watch_are_no_rewound_history() {
    let mut host = Host::watching();
    host.compare();
    for version in ["9", "8", "7"] {
        host.answer_list(200, &list(version, &[]));
        let _ = host.wait();
    }
    host.hear(&event("ADDED", "b", "11"));
    host.answer_list(200, &list("8", &[]));
    assert_eq!(host.names(), ["a@5", "b@11"], "history goes on where it was");
    host.confirm();
    assert_eq!(host.list(), None, "the pause is kept");
    let _ = host.wait();
    host.answer_list(200, &list("8", &[]));
    assert!(host.names().is_empty());
}

#[test]
fn a_comparison_that_fails_leaves_the_watch_alone() {
    let mut host = Host::watching();
    host.compare();
    host.cut(host.list());
    assert!(host.is_live());
    let _ = host.wait();
    host.answer_list(401, "who are you");
    assert!(host.is_live());
    assert!(matches!(host.news[..], [News::ComparisonFailed(_)]));
    let (waited, cause) = host.wait();
    assert!((0.4..0.8).contains(&waited.as_secs_f64()) && cause == Cause::Retry, "{waited:?}");
    host.answer_list(200, &list("10", &[("a", "5")]));
    assert_eq!(host.lists, [([].into(), true)]);
}

#[test]
fn only_a_list_that_begins_after_the_call_confirms() {
    let mut host = Host::watching();
    host.pass(80_000);
    host.hear(&bookmark("10"));
    for _ in 0..9 {
        host.pass(66_000);
        host.hear(&bookmark("10"));
    }
    host.timeout();
    assert!(host.list().is_some());
    host.confirm();
    host.answer_list(200, &list("10", &[("a", "5")]));
    assert!(host.list().is_some(), "another follows at once");
    host.answer_list(200, &list("11", &[("a", "5")]));
    assert_eq!(host.lists, [([].into(), false), ([].into(), true)]);
    assert_eq!(host.list(), None);
}

#[test]
fn a_first_list_that_fails_is_tried_for_ever() {
    let mut host = Host::start(Follow::WATCH);
    let mut last = Duration::ZERO;
    for _ in 0..8 {
        host.answer_list(404, "no such resource");
        assert!(host.trouble().to_string().starts_with("cannot list pods in namespace lab: not found"));
        last = host.wait().0;
    }
    assert!((15.0..=30.0).contains(&last.as_secs_f64()), "{last:?}");
    host.answer_list(200, &list("10", &[("a", "5")]));
    assert!(host.is_live());
}

#[test]
fn a_server_that_asks_for_a_long_wait_gets_it() {
    let mut host = Host::start(Follow::WATCH);
    let id = host.list().unwrap();
    host.part(id, AnswerPart::Head(Head { status: 429, retry_after: Some("40") }));
    host.part(id, AnswerPart::End);
    assert_eq!(host.wait(), (Duration::from_secs(40), Cause::Retry));
}

#[test]
fn a_forbidden_list_names_all_that_following_takes() {
    for (follow, verbs) in [(Follow::WATCH, r#"verbs: ["list", "watch"]"#), (Follow::POLL, r#"verbs: ["list"]"#)] {
        let mut host = Host::start(follow);
        for _ in 0..20 {
            host.answer_list(403, "no");
            assert!(host.trouble().to_string().ends_with(verbs), "{}", host.trouble());
            let _ = host.wait();
        }
    }
}

#[test]
fn a_poll_lists_again_and_again() {
    let mut host = Host::start(Follow::POLL);
    host.answer_list(200, &list("10", &[("a", "5")]));
    assert!(host.is_live() && host.watch().is_none());
    let (waited, cause) = host.wait();
    assert!((4.5..5.5).contains(&waited.as_secs_f64()) && cause == Cause::Poll, "{waited:?}");
    host.answer_list(200, &list("9", &[]));
    assert!(matches!(host.trouble(), Trouble::StaleList { .. }) && host.names() == ["a@5"]);
    let _ = host.wait();
    host.answer_list(403, "no");
    let _ = host.wait();
    host.answer_list(200, &list("11", &[("b", "11")]));
    assert!(host.is_live() && host.names() == ["b@11"]);
    let _ = host.wait();
    host.cut(host.list());
    assert!(matches!(host.trouble(), Trouble::Unanswered(_)));
    let Standing::Degraded { since, .. } = host.reflector.standing() else { panic!() };
    assert!(*since < host.now, "as of the last good list");
    let _ = host.wait();
    host.answer_list(200, &list("11", &[("b", "11")]));
    assert!(host.is_live());
}

#[test]
fn replicas_that_were_started_together_do_not_poll_together() {
    let first_wait = |seed| {
        let mut host = Host::new(Follow::POLL, options(), seed);
        host.step(|reflector, now, step| reflector.start(now, step));
        host.answer_list(200, &list("10", &[]));
        host.wait().0
    };
    let waits: BTreeSet<_> = (0..50).map(first_wait).collect();
    assert_eq!(waits.len(), 50);
    let tenth = Duration::from_millis(500);
    assert!(waits.iter().all(|wait| wait.abs_diff(Duration::from_secs(5)) <= tenth), "{waits:?}");
}

#[test]
fn the_pods_of_a_service_are_watched_by_its_selector_and_listed_again_when_it_changes() {
    let service = ServiceName::parse("web").ok();
    let mut host = Host::new(Follow::WATCH, ListingOptions { selector: None, service, ..options() }, 7);
    host.step(|reflector, now, step| reflector.start(now, step));
    let selects = |app| alloc::format!(r#"{{"kind":"Service","spec":{{"selector":{{"app":"{app}"}}}}}}"#);
    host.answer_list(200, &selects("one"));
    host.answer_list(200, &list("10", &[("a", "5")]));
    assert!(host.in_flight.values().any(|target| target.contains("labelSelector=app%3Done&watch=true")));
    host.head(200);
    host.compare();
    host.answer_list(200, &selects("two"));
    host.hear(&event("ADDED", "b", "12"));
    host.answer_list(200, &list("11", &[("c", "6")]));
    assert_eq!((host.names(), host.watch()), (["a@5".into(), "b@12".into()].into(), None), "the two do not mix");
    host.answer_list(200, &selects("two"));
    host.answer_list(200, &list("12", &[("c", "6")]));
    assert_eq!(host.names(), ["c@6"]);
    assert!(host.in_flight.values().any(|target| target.contains("labelSelector=app%3Dtwo&watch=true")));
    assert!(host.is_live() && host.news.contains(&News::SelectorChanged));
}
