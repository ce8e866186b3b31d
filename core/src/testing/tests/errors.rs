//! Refusals, word for word as recorded.

use serde_json::json;

use super::support::*;
use crate::api::Method;
use crate::testing::{FakeApi, FakeRequest, Rule};
use crate::time::Instant;
use core::time::Duration;

fn body_of(api: &mut FakeApi, request: &FakeRequest<'_>) -> alloc::string::String {
    text(&send(api, request))
}

#[test]
fn a_missing_object_is_not_found() {
    let body = body_of(&mut FakeApi::new(1), &FakeRequest::get(LEASE));
    assert_eq!(
        body.trim_end(),
        r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"leases.coordination.k8s.io \"demo\" not found","reason":"NotFound","details":{"name":"demo","group":"coordination.k8s.io","kind":"leases"},"code":404}"#
    );
    let body = body_of(&mut FakeApi::new(1), &FakeRequest::get("/api/v1/namespaces/lab/pods/none"));
    assert_eq!(
        body.trim_end(),
        r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"pods \"none\" not found","reason":"NotFound","details":{"name":"none","kind":"pods"},"code":404}"#
    );
}

#[test]
fn an_unknown_path_is_plain_text() {
    let response = send(&mut FakeApi::new(1), &FakeRequest::get("/apis/none.example/v1/foos"));
    assert_eq!((response.status, response.content_type), (404, "text/plain; charset=utf-8"));
    assert_eq!(response.body, b"404 page not found\n");
}

#[test]
fn a_resource_that_a_group_lacks_is_a_status() {
    for target in ["/api/v1/nothing", "/api/v2", "/api/v2/pods", "/apis/coordination.k8s.io/v2/leases"] {
        let body = body_of(&mut FakeApi::new(1), &FakeRequest::get(target));
        assert_eq!(
            body.trim_end(),
            r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"the server could not find the requested resource","reason":"NotFound","details":{},"code":404}"#,
            "{target}"
        );
    }
}

#[test]
fn a_method_out_of_place_is_refused() {
    let body = body_of(&mut FakeApi::new(1), &FakeRequest::json(Method::Put, LEASES, b"{}"));
    assert_eq!(
        body.trim_end(),
        r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"the server does not allow this method on the requested resource","reason":"MethodNotAllowed","details":{},"code":405}"#
    );
}

#[test]
fn creating_twice_is_a_conflict() {
    let mut api = FakeApi::new(1);
    create_lease(&mut api);
    let body = body_of(&mut api, &FakeRequest::json(Method::Post, LEASES, br#"{"metadata":{"name":"demo"}}"#));
    assert_eq!(
        body.trim_end(),
        r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"leases.coordination.k8s.io \"demo\" already exists","reason":"AlreadyExists","details":{"name":"demo","group":"coordination.k8s.io","kind":"leases"},"code":409}"#
    );
}

#[test]
fn a_stale_version_is_a_conflict() {
    let mut api = FakeApi::new(1);
    create_lease(&mut api);
    let body = br#"{"metadata":{"name":"demo","resourceVersion":"1"}}"#;
    let body = body_of(&mut api, &FakeRequest::json(Method::Put, LEASE, body));
    assert_eq!(
        body.trim_end(),
        r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"Operation cannot be fulfilled on leases.coordination.k8s.io \"demo\": the object has been modified; please apply your changes to the latest version and try again","reason":"Conflict","details":{"name":"demo","group":"coordination.k8s.io","kind":"leases"},"code":409}"#
    );
    let (status, _) = write(&mut api, Method::Patch, LEASE, &json!({"metadata": {"resourceVersion": "1"}}));
    assert_eq!(status, 409);
}

#[test]
fn another_uid_is_a_conflict() {
    let mut api = FakeApi::new(1);
    let uid = create_lease(&mut api)["metadata"]["uid"].clone();
    let wrong = "00000000-0000-0000-0000-000000000000";
    let (status, body) = write(&mut api, Method::Put, LEASE, &json!({"metadata": {"name": "demo", "uid": wrong}}));
    let message = alloc::format!(
        "Operation cannot be fulfilled on leases.coordination.k8s.io \"demo\": StorageError: invalid object, Code: 4, Key: /registry/leases/lab/demo, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: {wrong}, UID in object meta: {}",
        uid.as_str().unwrap()
    );
    assert_eq!((status, body["message"].as_str().unwrap()), (409, message.as_str()));
}

#[test]
fn a_patch_cannot_change_the_uid() {
    let mut api = FakeApi::new(1);
    create_lease(&mut api);
    let (status, body) = write(&mut api, Method::Patch, LEASE, &json!({"metadata": {"uid": "x"}}));
    let message =
        r#"Lease.coordination.k8s.io "demo" is invalid: metadata.uid: Invalid value: "x": field is immutable"#;
    assert_eq!((status, body["message"].as_str().unwrap()), (422, message));
    assert_eq!(body["details"]["causes"].as_array().unwrap().len(), 2, "the server says it twice");
}

#[test]
fn a_patch_of_no_known_kind_is_refused() {
    let body = body_of(&mut FakeApi::new(1), &FakeRequest::json(Method::Patch, LEASE, b"{}"));
    assert_eq!(
        body.trim_end(),
        r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"415: Unsupported Media Type","reason":"UnsupportedMediaType","details":{},"code":415}"#
    );
}

#[test]
fn labels_are_validated() {
    for (labels, value) in [(json!({"app": "not good"}), "not good"), (json!({"not/a/key": "x"}), "not/a/key")] {
        let lease = json!({"metadata": {"name": "demo", "labels": labels}});
        let (status, body) = write(&mut FakeApi::new(1), Method::Post, LEASES, &lease);
        assert_eq!((status, &body["details"]["causes"][0]["field"]), (422, &json!("metadata.labels")));
        let message = body["message"].as_str().unwrap();
        assert!(message.contains(&alloc::format!("metadata.labels: Invalid value: {value:?}: ")), "{message}");
    }
}

#[test]
fn a_lease_is_validated() {
    let mut api = FakeApi::new(1);
    let body = body_of(
        &mut api,
        &FakeRequest::json(Method::Post, LEASES, br#"{"metadata":{"name":"demo"},"spec":{"leaseDurationSeconds":-1}}"#),
    );
    assert_eq!(
        body.trim_end(),
        r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"Lease.coordination.k8s.io \"demo\" is invalid: spec.leaseDurationSeconds: Invalid value: -1: must be greater than 0","reason":"Invalid","details":{"name":"demo","group":"coordination.k8s.io","kind":"Lease","causes":[{"reason":"FieldValueInvalid","message":"Invalid value: -1: must be greater than 0","field":"spec.leaseDurationSeconds"}]},"code":422}"#
    );
    let (status, body) = write(
        &mut api,
        Method::Post,
        LEASES,
        &json!({"metadata": {"name": "Bad_Name"}, "spec": {"leaseTransitions": -1}}),
    );
    assert_eq!((status, body["details"]["causes"].as_array().unwrap().len()), (422, 2));
    create_lease(&mut api);
    let body = body_of(&mut api, &FakeRequest::json(Method::Put, LEASE, br#"{"metadata":{"name":"demo"}}"#));
    assert_eq!(
        body.trim_end(),
        r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"leases.coordination.k8s.io \"demo\" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update","reason":"Invalid","details":{"name":"demo","group":"coordination.k8s.io","kind":"leases","causes":[{"reason":"FieldValueInvalid","message":"Invalid value: 0: must be specified for an update","field":"metadata.resourceVersion"}]},"code":422}"#
    );
}

#[test]
fn bad_bodies_get_the_recorded_words() {
    let mut api = FakeApi::new(1);
    for (body, message) in [
        (
            r#"{"apiVersion":"#,
            r#"the object provided is unrecognized (must be of type Lease): couldn't get version/kind; json parse error: unexpected end of JSON input ({"apiVersion":)"#,
        ),
        (
            r#"{"metadata":{"name":"x"},"spec":{"renewTime":"2026-13-99"}}"#,
            r#"Lease in version "v1" cannot be handled as a Lease: parsing time "2026-13-99": month out of range"#,
        ),
    ] {
        let (status, answer) = answer(&send(&mut api, &FakeRequest::json(Method::Post, LEASES, body.as_bytes())));
        assert_eq!((status, answer["message"].as_str().unwrap()), (400, message));
    }
    let strict = alloc::format!("{LEASES}?fieldValidation=Strict");
    let (status, body) =
        write(&mut api, Method::Post, &strict, &json!({"metadata": {"name": "x"}, "spec": {"holder": "x"}}));
    assert_eq!(
        (status, body["message"].as_str().unwrap()),
        (
            400,
            r#"Lease in version "v1" cannot be handled as a Lease: strict decoding error: unknown field "spec.holder""#
        )
    );
    let request = FakeRequest { content_type: Some("text/plain"), ..FakeRequest::json(Method::Post, LEASES, b"{}") };
    let (status, body) = answer(&send(&mut api, &request));
    assert_eq!(
        (status, body["message"].as_str().unwrap()),
        (
            415,
            "the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf"
        )
    );
}

#[test]
fn bad_parameters_get_the_recorded_words() {
    let mut api = FakeApi::new(1);
    for (query, status, message) in [
        ("fieldSelector=spec.foo%3Dx", 400, "field label not supported: spec.foo"),
        ("timeoutSeconds=x", 400, r#"strconv.ParseInt: parsing "x": invalid syntax"#),
        ("watch=1&timeoutSeconds=x", 400, r#"strconv.ParseInt: parsing "x": invalid syntax"#),
        ("labelSelector=app%3Dweb,", 400, "found '', expected: identifier after ','"),
        ("labelSelector=app+in+web", 400, "unable to parse requirement: found 'web' expected: '('"),
        ("labelSelector=%3D%3Dx", 400, "found '==', expected: !, identifier, or 'end of string'"),
        (
            "resourceVersion=abc",
            400,
            r#"invalid resource version: resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid syntax"#,
        ),
        (
            "watch=1&resourceVersion=abc",
            500,
            r#"resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid syntax"#,
        ),
    ] {
        let (code, body) = get(&mut api, &alloc::format!("{PODS}?{query}"));
        assert_eq!((code, body["message"].as_str().unwrap()), (status, message));
    }
}

#[test]
fn tokens_count_once_there_is_a_user() {
    let mut api = FakeApi::new(1);
    assert_eq!(get(&mut api, PODS).0, 200);
    api.add_user("secret", "system:serviceaccount:lab:watcher", Some(Instant::since_origin(Duration::from_secs(600))));
    let body = body_of(&mut api, &FakeRequest::get(PODS).with_token("wrong"));
    assert_eq!(
        body.trim_end(),
        r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"Unauthorized","reason":"Unauthorized","code":401}"#
    );
    let body = body_of(&mut api, &FakeRequest::get(PODS));
    assert_eq!(
        body.trim_end(),
        r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"pods is forbidden: User \"system:anonymous\" cannot list resource \"pods\" in API group \"\" in the namespace \"lab\"","reason":"Forbidden","details":{"kind":"pods"},"code":403}"#
    );
    assert_eq!(get(&mut api, "/version").0, 200);
    let request = FakeRequest::get("/api/v1/pods").with_token("secret");
    api.set_rules("system:serviceaccount:lab:watcher", [Rule::new("lab", "", &["pods"], &["list"])].into());
    let body = body_of(&mut api, &request);
    assert_eq!(
        body.trim_end(),
        r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"pods is forbidden: User \"system:serviceaccount:lab:watcher\" cannot list resource \"pods\" in API group \"\" at the cluster scope","reason":"Forbidden","details":{"kind":"pods"},"code":403}"#
    );
    let body = body_of(&mut api, &FakeRequest::get("/apis/none.example/v1/foos").with_token("secret"));
    assert_eq!(
        body.trim_end(),
        r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"foos.none.example is forbidden: User \"system:serviceaccount:lab:watcher\" cannot list resource \"foos\" in API group \"none.example\" at the cluster scope","reason":"Forbidden","details":{"group":"none.example","kind":"foos"},"code":403}"#
    );
    assert_eq!(send(&mut api, &FakeRequest::get(PODS).with_token("secret")).status, 200);
    let late = api.handle(at(600), &FakeRequest::get(PODS).with_token("secret"));
    let crate::testing::FakeAnswer::Complete(late) = late else { panic!() };
    assert_eq!(late.status, 401);
}

#[test]
fn a_rule_may_name_its_objects() {
    let mut api = FakeApi::new(1);
    api.add_user("secret", "one", None);
    let names = ["demo".into()].into();
    api.set_rules(
        "one",
        [Rule { names, ..Rule::new("lab", "coordination.k8s.io", &["leases"], &["get", "list"]) }].into(),
    );
    let mut code = |target: &str| send(&mut api, &FakeRequest::get(target).with_token("secret")).status;
    assert_eq!(code(LEASE), 404);
    assert_eq!(code(&alloc::format!("{LEASES}/other")), 403);
    assert_eq!(code(LEASES), 403);
    assert_eq!(code(&alloc::format!("{LEASES}?fieldSelector=metadata.name%3Ddemo")), 200);
}

#[test]
fn an_overloaded_server_sends_its_clients_away_for_a_while() {
    let mut api = FakeApi::new(1);
    api.add_user("secret", "one", None);
    api.set_rules("one", [Rule::administrator()].into());
    api.overload(Some(7));
    let mut ask = |target: &str, token| send(&mut api, &FakeRequest::get(target).with_token(token));
    let busy = ask(PODS, "secret");
    assert_eq!((busy.status, busy.content_type, busy.retry_after), (429, "text/plain; charset=utf-8", Some(7)));
    assert_eq!(text(&busy), "Too many requests, please try again later.\n");
    assert_eq!(ask(&alloc::format!("{PODS}?watch=1"), "secret").status, 429);
    assert_eq!(ask("/version", "secret").status, 429);
    assert_eq!(ask("/readyz", "secret").status, 200);
    assert_eq!(ask(PODS, "wrong").status, 401);
    let refused = write(&mut api, Method::Post, LEASES, &json!({"metadata": {"name": "x"}}));
    assert_eq!((refused.0, api.version()), (429, 100));
    api.overload(None);
    assert_eq!(send(&mut api, &FakeRequest::get(PODS).with_token("secret")).status, 200);
}
