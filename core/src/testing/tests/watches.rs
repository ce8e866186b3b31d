//! Watches: where they begin, what they say, how they end.

use alloc::format;

use serde_json::json;

use super::support::*;
use crate::api::Method;
use crate::testing::{FakeApi, WatchUpdate};

#[test]
fn a_watch_shows_what_is_there_and_what_follows() {
    let mut api = FakeApi::new(1);
    create_pod(&mut api, "a", &json!({}));
    watch(&mut api, &format!("{PODS}?watch=1"));
    create_pod(&mut api, "b", &json!({}));
    assert_eq!(events(&mut api, at(0)), ["ADDED a 101", "ADDED b 102"]);
    assert!(events(&mut api, at(0)).is_empty());
}

#[test]
fn labels_that_leave_and_come_back_are_deleted_and_added() {
    let mut api = FakeApi::new(1);
    watch(&mut api, &format!("{PODS}?watch=1&labelSelector=app"));
    create_pod(&mut api, "a", &json!({"app": "web"}));
    let pod = format!("{PODS}/a");
    write(&mut api, Method::Patch, &pod, &json!({"metadata": {"labels": {"app": null}}}));
    write(&mut api, Method::Patch, &pod, &json!({"metadata": {"labels": {"app": "web"}}}));
    write(&mut api, Method::Delete, &pod, &json!({}));
    let expected = ["ADDED a 101", "DELETED a 102", "ADDED a 103", "MODIFIED a 104", "DELETED a 105"];
    assert_eq!(events(&mut api, at(0)), expected);
}

#[test]
fn a_version_is_where_a_watch_goes_on() {
    let mut api = FakeApi::new(1);
    create_pod(&mut api, "a", &json!({}));
    create_pod(&mut api, "b", &json!({}));
    watch(&mut api, &format!("{PODS}?watch=1&resourceVersion=101"));
    assert_eq!(events(&mut api, at(0)), ["ADDED b 102"]);
    watch(&mut api, &format!("{PODS}?watch=1&resourceVersion=104"));
    create_pod(&mut api, "c", &json!({}));
    assert_eq!(events(&mut api, at(0)), ["ADDED c 103"], "the one from the future is silent");
}

#[test]
fn a_version_that_is_gone_ends_the_watch() {
    let mut api = FakeApi::new(1);
    create_pod(&mut api, "a", &json!({}));
    api.compact();
    let id = watch(&mut api, &format!("{PODS}?watch=1&resourceVersion=1"));
    let line = br#"{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"too old resource version: 1 (101)","reason":"Expired","code":410}}"#;
    let line = [line.as_slice(), b"\n"].concat();
    assert_eq!(api.updates(at(0)), [WatchUpdate::Line(id, line), WatchUpdate::End(id)]);
    assert_eq!(api.open_watches(), 0);
}

#[test]
fn initial_events_from_the_future_end_the_watch() {
    let mut api = FakeApi::new(1);
    let parameters = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&resourceVersion=999";
    let id = watch(&mut api, &format!("{PODS}?{parameters}"));
    let updates = api.updates(at(0));
    let [WatchUpdate::Line(_, line), WatchUpdate::End(end)] = updates.as_slice() else { panic!("{updates:?}") };
    assert!(line.starts_with(br#"{"type":"ERROR","object":{"kind":"Status""#));
    assert_eq!((*end, api.open_watches()), (id, 0));
}

#[test]
fn bookmarks_are_as_recorded() {
    let mut api = FakeApi::new(1);
    let parameters = "watch=1&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan";
    let id = watch(&mut api, &format!("{PODS}?{parameters}&timeoutSeconds=90"));
    let line = |text: &str| WatchUpdate::Line(id, format!("{text}\n").into_bytes());
    assert_eq!(
        api.updates(at(0)),
        [line(
            r#"{"type":"BOOKMARK","object":{"kind":"Pod","apiVersion":"v1","metadata":{"annotations":{"k8s.io/initial-events-end":"true"},"resourceVersion":"100"},"spec":{"containers":null},"status":{}}}"#
        )]
    );
    let bookmark = line(
        r#"{"type":"BOOKMARK","object":{"kind":"Pod","apiVersion":"v1","metadata":{"resourceVersion":"100"},"spec":{"containers":null},"status":{}}}"#,
    );
    for (deadline, expected) in [(60, bookmark.clone()), (88, bookmark), (90, WatchUpdate::End(id))] {
        assert_eq!(api.deadline(), Some(at(deadline).instant));
        assert_eq!(api.updates(at(deadline)), [expected]);
    }
    assert_eq!(api.deadline(), None);
}

#[test]
fn initial_events_need_the_match() {
    let (status, _) = get(&mut FakeApi::new(1), &format!("{PODS}?watch=1&sendInitialEvents=true"));
    assert_eq!(status, 422);
}

#[test]
fn a_closed_watch_is_silent() {
    let mut api = FakeApi::new(1);
    let id = watch(&mut api, &format!("{PODS}?watch=1"));
    create_pod(&mut api, "a", &json!({}));
    api.close(id);
    create_pod(&mut api, "b", &json!({}));
    assert!(api.updates(at(9_999)).is_empty());
}

#[test]
fn compaction_leaves_open_watches_alone() {
    let mut api = FakeApi::new(1);
    watch(&mut api, &format!("{PODS}?watch=1"));
    create_pod(&mut api, "a", &json!({}));
    api.compact();
    create_pod(&mut api, "b", &json!({}));
    assert_eq!(events(&mut api, at(0)), ["ADDED a 101", "ADDED b 102"]);
}
