//! Reads and watches that fail, end, or say nothing.

use super::*;

fn status(code: u16, message: &str) -> Value {
    json!({"kind": "Status", "code": code, "message": message})
}

#[test]
fn what_time_may_mend_is_tried_again_until_the_request_timeout() {
    let mut host = Host::start(options());
    let started = host.now.instant;
    while host.in_flight.is_some() {
        host.answer(503, &status(503, "starting"));
        if host.observer.deadline().is_some() {
            host.wait();
        }
    }
    assert!(host.now.instant.saturating_since(started) <= Duration::from_secs(10));
    assert!(host.events.len() > 4, "{:?}", host.events);
    assert!(matches!(host.events.last(), Some(Event::Failed(_))));
}

#[test]
fn silence_is_given_up_and_what_came_before_it_is_told() {
    let mut host = Host::start(options());
    host.answer(503, &status(503, "starting"));
    while host.observer.deadline().is_some() {
        host.wait();
    }
    let last = host.events.last().unwrap().to_string();
    assert!(matches!(host.events.last(), Some(Event::Failed(_))) && last.contains("starting"), "{last}");
    assert!(host.in_flight.is_none());
}

#[test]
fn a_403_is_tried_for_a_second_and_names_the_rule() {
    let mut host = Host::start(options());
    let started = host.now.instant;
    while host.in_flight.is_some() {
        host.answer(403, &status(403, "no"));
        if host.observer.deadline().is_some() {
            host.wait();
        }
    }
    let took = host.now.instant.saturating_since(started);
    assert!(took >= Duration::from_secs(1) && took < Duration::from_secs(3), "{took:?}");
    let last = host.events.last().unwrap().to_string();
    assert!(last.contains("cannot get leases in namespace lab: forbidden: no\na Role in namespace lab"), "{last}");
}

#[test]
fn what_asking_again_does_not_change_fails_at_once() {
    let mut host = Host::start(options());
    host.answer(401, &status(401, "who"));
    assert_eq!((host.told(), host.observer.deadline()), (["failed"].into(), None));
}

#[test]
fn who_follows_goes_on_and_tells_each_reason_once() {
    let mut host = Host::start(ObserverOptions { follow: true, ..options() });
    for _ in 0..3 {
        host.answer(401, &status(401, "who")).wait();
    }
    host.cut().wait();
    host.answer(200, &held(7, "a", 3, 1));
    assert_eq!(host.told(), ["degraded", "attempt failed", "attempt failed", "degraded", "found", "live"]);
}

#[test]
fn a_watch_that_may_not_be_is_degraded_until_it_may() {
    let mut host = Host::start(ObserverOptions { follow: true, ..options() });
    host.answer(200, &held(7, "a", 3, 1));
    let refuse = |host: &mut Host| {
        host.watch_part(AnswerPart::Head(Head { status: 403, retry_after: None })).watch_part(AnswerPart::End);
    };
    refuse(&mut host);
    let Some(Event::Degraded { error, age }) = host.events.last() else { panic!("{:?}", host.events) };
    assert!(error.to_string().contains("verbs: [\"get\", \"watch\"]") && *age == Some(Duration::ZERO), "{error}");
    // Reads go on meanwhile.
    let mut version = 7;
    for _ in 0..20 {
        if host.watch.is_some() {
            refuse(&mut host);
        }
        host.wait();
        if host.in_flight.is_some() {
            version += 1;
            host.answer(200, &held(version, "a", 3, version));
        }
    }
    while host.watch.is_none() {
        host.wait();
        if host.in_flight.is_some() {
            host.answer(200, &held(version, "a", 3, version));
        }
    }
    host.told();
    host.open_watch();
    assert_eq!(host.told(), ["live"]);
}

#[test]
fn a_network_that_fails_is_one_reason() {
    let mut host = Host::start(ObserverOptions { follow: true, ..options() });
    host.answer(200, &held(7, "a", 3, 1)).watch_part(AnswerPart::Failed(&cut()));
    while host.in_flight.is_none() {
        host.wait();
    }
    host.cut();
    assert_eq!(host.told(), ["found", "live", "degraded", "attempt failed"]);
}

#[test]
fn each_missing_right_is_a_reason_of_its_own() {
    let mut host = Host::start(ObserverOptions { follow: true, ..options() });
    host.answer(200, &held(7, "a", 3, 1));
    host.watch_part(AnswerPart::Head(Head { status: 403, retry_after: None })).watch_part(AnswerPart::End);
    while host.in_flight.is_none() {
        host.wait();
    }
    host.answer(403, &status(403, "no"));
    assert_eq!(host.told(), ["found", "live", "degraded", "degraded"]);
}

#[test]
fn a_watch_that_ends_goes_on_from_where_it_was() {
    let mut host = Host::following(&held(7, "a", 3, 1));
    host.see("MODIFIED", &held(9, "a", 3, 2)).watch_part(AnswerPart::Failed(&cut()));
    while host.watch.is_none() {
        host.wait();
    }
    assert!(host.watch.as_ref().unwrap().1.target().ends_with("&resourceVersion=9"));
    host.open_watch().see("MODIFIED", &held(11, "b", 4, 3));
    assert_eq!(host.token(), "= 11", "no gap");
    assert_eq!(host.told(), ["found", "live", "renewed", "attempt failed", "taken_over"]);
}

#[test]
fn a_version_that_is_no_longer_served_leads_to_a_read() {
    for is_status in [true, false] {
        let mut host = Host::following(&held(7, "a", 3, 1));
        if is_status {
            host.watch_part(AnswerPart::End);
            while host.watch.is_none() {
                host.wait();
            }
            host.watch_part(AnswerPart::Head(Head { status: 410, retry_after: None })).watch_part(AnswerPart::End);
        } else {
            host.see("ERROR", &status(410, "too old"));
        }
        while host.in_flight.is_none() {
            host.wait();
        }
        host.answer(200, &held(12, "b", 4, 1));
        assert_eq!(host.token(), "<= 12");
        assert_eq!(host.told(), ["found", "live", "attempt failed", "taken_over"]);
    }
}

#[test]
fn a_silent_watch_is_given_a_moment_and_then_opened_anew() {
    let mut host = Host::following(&held(7, "a", 3, 1));
    assert_eq!((host.wait(), host.in_flight.is_some()), (3750, true));
    host.answer(200, &held(9, "b", 4, 1));
    assert_eq!(host.told(), ["found", "live"], "the watch may yet bring it");
    let mut late = host.clone();

    late.see("MODIFIED", &held(9, "b", 4, 1));
    assert_eq!(late.token(), "= 9");
    late.wait();
    let watch = late.watch.clone();
    late.answer(200, &held(9, "b", 4, 1));
    assert_eq!(late.watch, watch, "it is well");

    assert_eq!((host.wait(), host.in_flight.is_some()), (1000, true));
    let watch = host.watch.clone();
    host.answer(200, &held(9, "b", 4, 1));
    assert_eq!((host.token().as_str(), host.told()), ("<= 9", ["taken_over"].into()));
    assert_ne!(host.watch, watch);
    assert!(host.watch.as_ref().unwrap().1.target().ends_with("&resourceVersion=9"));
}

#[test]
fn a_deletion_that_only_reads_tell_is_believed_after_a_moment() {
    let mut host = Host::following(&held(7, "a", 3, 1));
    host.wait();
    host.answer(404, &json!({}));
    assert_eq!(host.told(), ["found", "live"]);
    host.wait();
    host.answer(404, &json!({}));
    assert_eq!(host.told(), ["deleted"]);
    assert!(!host.watch.as_ref().unwrap().1.target().contains("resourceVersion="), "there is no version to go on from");
}

#[test]
fn reads_are_sparse_however_short_the_duration() {
    let mut lease = held(7, "a", 3, 1);
    lease["spec"]["leaseDurationSeconds"] = json!(1);
    let mut host = Host::following(&lease);
    let started = host.now.instant;
    for _ in 0..5 {
        while host.in_flight.is_none() {
            host.wait();
        }
        host.answer(200, &lease);
    }
    assert_eq!(host.now.instant.saturating_since(started), Duration::from_secs(10));
}
