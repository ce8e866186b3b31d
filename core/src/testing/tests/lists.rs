//! Lists: versions, pages, selectors.

use alloc::format;

use serde_json::{Value, json};

use super::support::*;
use crate::api::Method;
use crate::testing::{FakeApi, FakeRequest};

fn three_pods() -> FakeApi {
    let mut api = FakeApi::new(1);
    for (name, labels) in [("a", json!({"app": "web"})), ("b", json!({"app": "web", "n": "5"})), ("c", json!({}))] {
        create_pod(&mut api, name, &labels);
    }
    api
}

#[test]
fn an_empty_list_is_as_recorded() {
    let body = text(&send(&mut FakeApi::new(1), &FakeRequest::get(PODS)));
    assert_eq!(
        body.trim_end(),
        r#"{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"100"},"items":[]}"#
    );
}

#[test]
fn items_have_no_kind_but_objects_do() {
    let mut api = three_pods();
    assert_eq!(get(&mut api, PODS).1["items"][0]["kind"], Value::Null);
    assert_eq!(get(&mut api, &format!("{PODS}/a")).1["kind"], "Pod");
}

#[test]
fn pages_show_one_version() {
    let mut api = three_pods();
    let (_, page) = get(&mut api, &format!("{PODS}?limit=1"));
    assert_eq!((names(&page), page["metadata"]["remainingItemCount"].as_u64()), (["a".into()].into(), Some(2)));
    create_pod(&mut api, "aa", &json!({}));
    let token = page["metadata"]["continue"].as_str().unwrap();
    let (_, rest) = get(&mut api, &format!("{PODS}?continue={token}"));
    assert_eq!(names(&rest), ["b", "c"]);
    assert_eq!(rest["metadata"]["resourceVersion"], page["metadata"]["resourceVersion"]);
    assert_eq!(rest["metadata"].get("continue"), None);
}

#[test]
fn an_expired_page_gives_a_token_that_goes_on() {
    let mut api = three_pods();
    let (_, page) = get(&mut api, &format!("{PODS}?limit=1"));
    create_pod(&mut api, "aa", &json!({}));
    api.compact();
    let token = page["metadata"]["continue"].as_str().unwrap();
    let (status, body) = get(&mut api, &format!("{PODS}?limit=1&continue={token}"));
    assert_eq!((status, body["reason"].as_str()), (410, Some("Expired")));
    assert!(body["message"].as_str().unwrap().starts_with("The provided continue parameter is too old to display"));
    let fresh = body["metadata"]["continue"].as_str().unwrap();
    assert_eq!(names(&get(&mut api, &format!("{PODS}?continue={fresh}")).1), ["aa", "b", "c"]);
}

#[test]
fn pages_run_over_all_namespaces_in_the_order_of_their_keys() {
    let mut api = FakeApi::new(1);
    for namespace in ["a", "a-b", "b"] {
        write(&mut api, Method::Post, &format!("/api/v1/namespaces/{namespace}/pods"), &pod(namespace, &json!({})));
    }
    let (_, page) = get(&mut api, "/api/v1/pods?limit=1");
    assert_eq!(names(&page), ["a-b"], "a dash comes before the slash that ends a namespace");
    let token = page["metadata"]["continue"].as_str().unwrap();
    assert_eq!(names(&get(&mut api, &format!("/api/v1/pods?continue={token}")).1), ["a", "b"]);
}

#[test]
fn versions_choose_the_state() {
    let mut api = three_pods();
    let (_, exact) = get(&mut api, &format!("{PODS}?resourceVersion=102&resourceVersionMatch=Exact"));
    assert_eq!(names(&exact), ["a", "b"]);
    assert_eq!(exact["metadata"]["resourceVersion"], "102");
    let (_, newer) = get(&mut api, &format!("{PODS}?resourceVersion=102&resourceVersionMatch=NotOlderThan"));
    assert_eq!(names(&newer).len(), 3);
    let (_, cached) = get(&mut api, &format!("{PODS}?resourceVersion=0&limit=1"));
    assert_eq!(names(&cached).len(), 3, "a cache ignores the limit");
    api.compact();
    create_pod(&mut api, "d", &json!({}));
    let (status, body) = get(&mut api, &format!("{PODS}?resourceVersion=102&resourceVersionMatch=Exact"));
    assert_eq!(
        (status, &body),
        (
            410,
            &json!({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"The resourceVersion for the provided list is too old.","reason":"Expired","code":410})
        )
    );
    let (status, _) = get(&mut api, &format!("{PODS}?resourceVersionMatch=Exact"));
    assert_eq!(status, 422);
}

#[test]
fn a_version_from_the_future_is_too_large() {
    let response = send(&mut FakeApi::new(1), &FakeRequest::get(&format!("{PODS}?resourceVersion=99999999")));
    assert_eq!((response.status, response.retry_after), (504, Some(1)));
    assert_eq!(
        text(&response).trim_end(),
        r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"Timeout: Too large resource version: 99999999, current: 100","reason":"Timeout","details":{"causes":[{"reason":"ResourceVersionTooLarge","message":"Too large resource version"}],"retryAfterSeconds":1},"code":504}"#
    );
}

#[test]
fn a_lagging_cache_shows_the_past() {
    let mut api = three_pods();
    api.lag(Some(2));
    assert_eq!(names(&get(&mut api, &format!("{PODS}?resourceVersion=0")).1), ["a"]);
    assert_eq!(get(&mut api, &format!("{PODS}/c?resourceVersion=0")).0, 404);
    assert_eq!(names(&get(&mut api, PODS).1).len(), 3);
    api.stale_quorum(true);
    assert_eq!(names(&get(&mut api, PODS).1), ["a"]);
}

#[test]
fn selectors_select() {
    let mut api = three_pods();
    for (selector, expected) in [
        ("app=web", "ab"),
        ("app==web", "ab"),
        ("app!=web", "c"),
        ("app", "ab"),
        ("!app", "c"),
        ("app in (web,x),!n", "a"),
        ("n notin (5)", "ac"),
        ("n>4", "b"),
        ("n<5", ""),
        ("", "abc"),
    ] {
        let encoded = percent_encoding::utf8_percent_encode(selector, percent_encoding::NON_ALPHANUMERIC);
        let list = get(&mut api, &format!("{PODS}?labelSelector={encoded}")).1;
        assert_eq!(names(&list).concat(), expected, "{selector}");
    }
    for (selector, expected) in
        [("metadata.name=a", "a"), ("metadata.name!=a", "bc"), ("status.phase=Pending", "abc"), ("spec.nodeName=n", "")]
    {
        let encoded = percent_encoding::utf8_percent_encode(selector, percent_encoding::NON_ALPHANUMERIC);
        let list = get(&mut api, &format!("{PODS}?fieldSelector={encoded}")).1;
        assert_eq!(names(&list).concat(), expected, "{selector}");
    }
}

#[test]
fn discovery_is_there() {
    let mut api = FakeApi::new(1);
    for target in
        ["/api", "/apis", "/api/v1", "/apis/coordination.k8s.io/v1", "/version", "/readyz", "/livez", "/healthz"]
    {
        assert_eq!(get(&mut api, target).0, 200, "{target}");
    }
    assert_eq!(get(&mut api, "/openapi/v2").0, 404);
}
