//! What a watch brings, and how one follows another.

use alloc::string::ToString as _;
use alloc::vec::Vec;
use core::time::Duration;

use super::support::*;
use crate::api::AnswerPart;
use crate::machine::{Cause, RequestId};
use crate::membership::reflector::{Follow, News, Standing, Trouble};

#[test]
fn a_list_is_followed_by_a_watch_from_its_version() {
    let mut host = Host::start(Follow::WATCH);
    assert_eq!(
        host.in_flight.values().next().unwrap(),
        "/api/v1/namespaces/lab/pods?labelSelector=app%3Dweb&limit=500"
    );
    assert!(host.watch().is_none() && host.reflector.standing() == &Standing::Syncing { trouble: None });
    host.answer_list(200, &list("10", &[("a", "5")]));
    assert_eq!(host.names(), ["a@5"]);
    assert!(host.is_live());
    let target = host.in_flight.values().next().unwrap();
    let seconds = target
        .strip_prefix(
            "/api/v1/namespaces/lab/pods?labelSelector=app%3Dweb&watch=true&allowWatchBookmarks=true&resourceVersion=10\
             &timeoutSeconds=",
        )
        .unwrap_or_else(|| panic!("{target}"));
    assert!((300..=600).contains(&seconds.parse().unwrap()), "{seconds}");
    assert!(matches!(host.news.as_slice(), [News::Listed { .. }]), "{:?}", host.news);
}

#[test]
fn events_are_evidence_and_move_the_position() {
    let mut host = Host::watching();
    host.hear(&(event("ADDED", "b", "11") + &event("MODIFIED", "a", "12") + &event("DELETED", "b", "13")));
    assert_eq!(host.names(), ["a@12"]);
    host.pass(2000);
    host.end_watch();
    assert_eq!(host.watched_from(), "13");
}

#[test]
fn a_bookmark_moves_the_position_and_nothing_else() {
    let mut host = Host::watching();
    host.hear(&bookmark("20"));
    assert_eq!((host.names().len(), host.news.len()), (1, 0));
    host.end_watch();
    assert_eq!(host.watched_from(), "20");
    assert!(host.is_live(), "an end is no failure");
}

#[test]
fn a_stale_event_is_dropped_and_one_comparison_asked_for() {
    let mut host = Host::watching();
    host.hear(&event("DELETED", "a", "10"));
    host.hear(&event("DELETED", "a", "9"));
    assert_eq!(host.names(), ["a@5"]);
    assert!(matches!(host.news[..], [News::StaleEvent { .. }, News::StaleEvent { .. }]));
    let (waited, cause) = host.wait();
    assert!(waited <= Duration::from_secs(2) && cause == Cause::Comparison);
    host.answer_list(200, &list("12", &[("a", "5")]));
    host.hear(&event("DELETED", "a", "10"));
    assert!(host.wait().0 > Duration::from_secs(80), "it is asked for once in a watch");
}

#[test]
fn a_watch_that_ends_goes_on_at_once_unless_it_told_nothing() {
    let mut host = Host::watching();
    host.pass(1000);
    host.end_watch();
    assert!(host.is_live() && host.watched_from() == "10");
    host.head(200);
    assert!(matches!(host.news[..], [News::Resumed { .. }]));
    host.end_watch();
    assert_eq!(host.trouble(), &Trouble::ShortWatch);
    assert_eq!(host.watch(), None);
    assert_eq!(host.wait().1, Cause::Resume);
    assert_eq!(host.watched_from(), "10");
}

#[test]
fn short_watches_are_spaced_out() {
    let mut host = Host::watching();
    let mut longest = Duration::ZERO;
    for _ in 0..12 {
        host.end_watch();
        longest = longest.max(host.wait_for_watch());
        host.head(200);
    }
    assert!((Duration::from_secs(15)..=Duration::from_secs(30)).contains(&longest), "{longest:?}");
}

#[test]
fn a_cut_watch_degrades_and_goes_on_from_what_it_told() {
    let mut host = Host::watching();
    host.pass(5000);
    host.hear(&event("ADDED", "b", "11"));
    host.pass(3000);
    host.cut(host.watch());
    let Standing::Degraded { since, trouble } = host.reflector.standing() else { panic!() };
    assert_eq!(since.elapsed_since_origin(), Duration::from_secs(5), "what was last heard");
    assert_eq!(trouble.to_string(), "cannot watch pods in namespace lab: the line is cut");
    assert_eq!(host.names(), ["a@5", "b@11"]);
    let (waited, cause) = host.wait();
    assert!(waited <= Duration::from_millis(100) && cause == Cause::Resume);
    assert_eq!(host.watched_from(), "11");
    assert!(!host.is_live(), "a request is no answer");
    host.head(200);
    assert!(host.is_live());
}

#[test]
fn an_expired_watch_lists_again_whichever_way_it_is_told() {
    for in_stream in [true, false] {
        let mut host = Host::watching();
        match in_stream {
            true => host.hear(&error(410)),
            false => {
                host.pass(1000);
                host.end_watch();
                host.refuse_watch(410, None, r#"{"kind":"Status","message":"no","code":410}"#);
            }
        }
        assert_eq!(host.trouble(), &Trouble::Expired { message: "no".into() });
        assert!(host.in_flight.is_empty());
        assert_eq!(host.names(), ["a@5"]);
        assert!(host.wait().0 <= Duration::from_millis(100));
        host.answer_list(200, &list("30", &[("b", "29")]));
        assert_eq!((host.names(), host.watched_from()), (["b@29".into()].into(), "30"));
        assert!(host.is_live());
    }
}

/// A server that comes back without its history answers the watch, so no wait of the outage is left.
#[test]
fn a_410_after_an_outage_lists_at_once() {
    let mut host = Host::watching();
    host.pass(1000);
    host.cut(host.watch());
    let mut outage = Duration::ZERO;
    // A list that has begun goes on by itself, for as long as its request timeout.
    while outage < Duration::from_secs(60) || host.watch().is_none() || !host.waits_for_a_list() {
        for id in [host.list(), host.watch()].into_iter().filter(Option::is_some) {
            host.cut(id);
        }
        outage += host.wait().0;
    }
    host.head(200);
    host.hear(&error(410));
    assert_eq!(host.trouble(), &Trouble::Expired { message: "no".into() });
    while host.list().is_none() {
        assert!(host.wait().0 <= Duration::from_millis(100));
    }
}

/// A server that expires whatever it lists is not asked ever faster.
#[test]
fn a_410_after_each_list_is_followed_ever_later() {
    let mut host = Host::watching();
    let mut waits = Vec::new();
    for version in 30..42 {
        host.hear(&error(410));
        waits.push(host.wait().0);
        host.answer_list(200, &list(&version.to_string(), &[("b", "29")]));
        host.head(200);
    }
    assert!(waits.iter().any(|wait| *wait >= Duration::from_secs(10)), "{waits:?}");
}

#[test]
fn a_list_that_is_being_read_will_do_after_a_410() {
    let mut host = Host::watching();
    host.compare();
    host.hear(&event("ADDED", "b", "12"));
    host.hear(&error(410));
    host.answer_list(200, &list("11", &[("a", "5")]));
    assert_eq!((host.names(), host.watched_from()), (["a@5".into(), "b@12".into()].into(), "12"));
}

#[test]
fn any_other_error_goes_on_and_removes_nothing() {
    let mut host = Host::watching();
    host.hear(&(error(500) + &event("DELETED", "a", "11")));
    assert_eq!(host.names(), ["a@5"], "what follows an error is not heard");
    assert!(host.trouble().to_string().contains("status 500"), "{}", host.trouble());
    let _ = host.wait();
    assert_eq!(host.watched_from(), "10");
    for status in [401, 403, 404, 500, 503] {
        host.refuse_watch(status, None, "no");
        assert!(!host.is_live() && host.names() == ["a@5"], "{status}");
        while host.watch().is_none() {
            let _ = host.wait();
            if host.list().is_some() {
                host.answer_list(200, &list("10", &[("a", "5")]));
                assert!(!host.is_live(), "a list is no watch");
            }
        }
    }
}

#[test]
fn a_forbidden_watch_names_the_rule_and_is_tried_for_ever() {
    let mut host = Host::watching();
    host.pass(1000);
    host.end_watch();
    for _ in 0..20 {
        host.refuse_watch(403, None, r#"{"kind":"Status","message":"pods is forbidden"}"#);
        let text = host.trouble().to_string();
        assert!(text.starts_with("cannot watch pods in namespace lab: forbidden: pods is forbidden"), "{text}");
        assert!(text.ends_with("verbs: [\"list\", \"watch\"]"), "{text}");
        while host.watch().is_none() {
            assert!(host.wait().0 <= Duration::from_secs(30));
            if host.list().is_some() {
                host.answer_list(200, &list("10", &[("a", "5")]));
            }
        }
    }
}

#[test]
fn retry_after_is_honoured_within_reason() {
    let mut host = Host::watching();
    host.pass(1000);
    host.end_watch();
    host.refuse_watch(429, Some("7"), "busy");
    assert_eq!(host.wait().0, Duration::from_secs(7));
    host.refuse_watch(503, Some("86400"), "busy");
    assert_eq!(host.wait_for_watch(), Duration::from_secs(300));
}

impl Host {
    fn answer_list_if_any(&mut self) -> bool {
        let is_listing = self.list().is_some();
        if is_listing {
            self.answer_list(200, &list("10", &[("a", "5")]));
        }
        is_listing
    }

    /// Lets time pass up to the next watch, and answers the lists until then; says how long it took.
    fn wait_for_watch(&mut self) -> Duration {
        let began = self.now;
        while self.watch().is_none() {
            let _ = self.wait();
            self.answer_list_if_any();
        }
        self.now.saturating_since(began)
    }

    /// Serves lists as they are asked for, and each watch in one way; says how far apart the lists were at most.
    fn longest_without_list(&mut self, time: Duration, serve: fn(&mut Self)) -> Duration {
        let end = self.now.saturating_add(time);
        let (mut served, mut listed, mut longest) = (self.watch(), self.now, Duration::ZERO);
        while self.now < end {
            let _ = self.wait();
            if self.answer_list_if_any() {
                longest = longest.max(self.now.saturating_since(listed));
                listed = self.now;
            }
            if self.watch().is_some() && self.watch() != served {
                served = self.watch();
                serve(self);
            }
        }
        longest
    }
}

#[test]
fn lists_stand_in_for_a_watch_that_never_works() {
    type Way = (&'static str, fn(&mut Host), u64);
    let ways: [Way; 4] = [
        ("no head", |_| {}, 45),
        ("a head and no word", |host| host.head(200), 95),
        ("forbidden", |host| host.refuse_watch(403, None, r#"{"kind":"Status","message":"no"}"#), 45),
        ("cut at once", |host| host.cut(host.watch()), 45),
    ];
    for (way, serve, limit) in ways {
        let mut host = Host::watching();
        host.pass(1000);
        host.end_watch();
        serve(&mut host);
        let longest = host.longest_without_list(Duration::from_secs(1800), serve);
        assert!(longest <= Duration::from_secs(limit), "{way}: {longest:?}");
        let Standing::Degraded { since, .. } = host.reflector.standing() else { panic!("{way}") };
        assert!(host.now.saturating_since(*since) <= Duration::from_secs(31), "{way}: the view is fresh by lists");
        assert!(host.lists.len() < 150, "{way}: {} lists, though they are spaced out", host.lists.len());
    }
}

#[test]
fn a_watch_that_works_again_needs_no_lists() {
    let mut host = Host::watching();
    let _ = host.longest_without_list(Duration::from_secs(600), |host| host.head(200));
    let _ = host.wait_for_watch();
    if host.reflector.explain(host.now).contains("opening a watch") {
        host.head(200);
    }
    assert_eq!(host.trouble(), &Trouble::Silent { limit: Duration::from_secs(90) }, "a head is no word");
    host.hear(&bookmark("10"));
    assert!(host.is_live());
    host.lists.clear();
    for minute in 0..8 {
        host.hear(&bookmark(&(11 + minute).to_string()));
        for _ in 0..60 {
            host.pass(1000);
            host.timeout();
            if host.list().is_some() {
                host.answer_list(200, &list("30", &[("a", "5")]));
            }
        }
    }
    assert!(host.is_live() && host.lists.len() <= 1, "{} lists", host.lists.len());
}

#[test]
fn a_watch_that_fell_silent_is_compared_with_a_list_soon() {
    let mut host = Host::watching();
    host.hear(&bookmark("11"));
    assert_eq!(host.wait(), (Duration::from_secs(90), Cause::IdleLimit));
    let _ = host.wait_for_watch();
    host.head(200);
    assert!(host.is_live());
    let (waited, cause) = host.wait();
    assert!(waited <= Duration::from_secs(2) && cause == Cause::Comparison, "{waited:?}");
}

#[test]
fn a_silent_watch_is_dropped_and_goes_on() {
    let mut host = Host::watching();
    host.pass(60_000);
    host.hear(&bookmark("11"));
    let first = host.watch();
    assert_eq!(host.wait(), (Duration::from_secs(90), Cause::IdleLimit));
    assert_eq!(host.trouble(), &Trouble::Silent { limit: Duration::from_secs(90) });
    assert!(host.in_flight.is_empty(), "it is cancelled");
    assert!(!host.part(first.unwrap(), AnswerPart::Chunk(event("DELETED", "a", "12").as_bytes())));
    assert!(host.wait().0 <= Duration::from_millis(100));
    assert_eq!(host.watched_from(), "11");
}

#[test]
fn a_watch_without_a_head_has_the_request_timeout() {
    let mut host = Host::watching();
    host.pass(1000);
    host.end_watch();
    assert_eq!(host.wait(), (Duration::from_secs(10), Cause::RequestTimeout));
    assert_eq!(host.trouble().to_string(), "cannot watch pods in namespace lab: no answer in time");
}

#[test]
fn an_undecodable_line_lists_again() {
    for line in ["nonsense\n", "{\"type\":\"ADDED\",\"object\":{\"kind\":\"Pod\",\"metadata\":{\"name\":7}}}\n"] {
        let mut host = Host::watching();
        host.hear(line);
        assert!(matches!(host.trouble(), Trouble::Undecodable(_)));
        assert_eq!((host.watch(), host.names().len()), (None, 1));
        assert_eq!(host.wait().1, Cause::Retry);
        assert!(host.list().is_some());
    }
}

#[test]
fn a_line_over_the_limit_is_cut_off_and_the_watch_goes_on() {
    let mut host = Host::start(Follow::Watch {
        compare_every: Duration::from_secs(600),
        idle_limit: Duration::from_secs(90),
        line_bytes: 200,
    });
    host.answer_list(200, &list("10", &[("a", "5")]));
    host.head(200);
    for _ in 0..3 {
        host.hear(&" ".repeat(100));
    }
    assert_eq!(host.trouble(), &Trouble::LineTooLong { limit: 200 });
    assert!(host.in_flight.is_empty());
    assert_eq!(host.wait().1, Cause::Resume);
    assert_eq!(host.watched_from(), "10");
}

#[test]
fn versions_that_are_no_numbers_apply_in_the_order_of_the_stream() {
    let mut host = Host::start(Follow::WATCH);
    host.answer_list(200, &list("x", &[("a", "w")]));
    host.head(200);
    host.hear(&(event("ADDED", "b", "z") + &event("DELETED", "a", "y")));
    assert_eq!(host.names(), ["b@z"]);
    host.end_watch();
    assert_eq!(host.watched_from(), "y");
    // A list during which the watch told something may be older or newer: it says nothing.
    host.compare();
    host.head(200);
    host.hear(&event("ADDED", "c", "v"));
    host.answer_list(200, &list("q", &[]));
    assert_eq!(host.names(), ["b@z", "c@v"]);
    assert_eq!(host.news.last(), Some(&News::ListOvertaken));
    let _ = host.wait();
    host.answer_list(200, &list("r", &[("c", "v")]));
    assert_eq!((host.names(), host.watched_from()), (["c@v".into()].into(), "r"));
    assert_eq!(host.lists.last(), Some(&(Vec::new(), true)), "the confirmation was still owed");
}

#[test]
fn answers_of_others_are_not_taken() {
    let mut host = Host::watching();
    let before = host.reflector.clone();
    assert!(!host.part(RequestId::NONE, AnswerPart::End));
    assert_eq!(host.reflector, before);
}

#[test]
fn it_can_explain_itself() {
    let mut host = Host::watching();
    let text = host.reflector.explain(host.now);
    assert!(text.starts_with("live; next list in ") && text.contains("(comparison); watching from "), "{text}");
    host.cut(host.watch());
    let text = host.reflector.explain(host.now);
    assert!(text.starts_with("degraded, last current at +0.000s: cannot watch"), "{text}");
    assert!(text.contains("the watch goes on in 0.1 s"), "{text}");
}
