//! A client for tests.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use serde_json::{Value, json};

use crate::api::Method;
use crate::testing::{FakeAnswer, FakeApi, FakeRequest, FakeResponse, WatchId, WatchUpdate};
use crate::time::{Instant, Now, Timestamp};

pub(super) const LEASES: &str = "/apis/coordination.k8s.io/v1/namespaces/lab/leases";
pub(super) const LEASE: &str = "/apis/coordination.k8s.io/v1/namespaces/lab/leases/demo";
pub(super) const PODS: &str = "/api/v1/namespaces/lab/pods";
pub(super) const SERVICES: &str = "/api/v1/namespaces/lab/services";
pub(super) const SLICES: &str = "/apis/discovery.k8s.io/v1/namespaces/lab/endpointslices";

/// 2026-11-20T18:04:58Z and so many seconds.
pub(super) fn at(seconds: u64) -> Now {
    let wall = 1_795_197_898_000_000 + i64::try_from(seconds).unwrap() * 1_000_000;
    Now { instant: Instant::since_origin(Duration::from_secs(seconds)), wall: Timestamp::from_unix_micros(wall) }
}

pub(super) fn send(api: &mut FakeApi, request: &FakeRequest<'_>) -> FakeResponse {
    match api.handle(at(0), request) {
        FakeAnswer::Complete(response) => response,
        FakeAnswer::Watch { .. } => panic!("a watch"),
    }
}

/// Status and body.
pub(super) fn get(api: &mut FakeApi, target: &str) -> (u16, Value) {
    answer(&send(api, &FakeRequest::get(target)))
}

pub(super) fn write(api: &mut FakeApi, method: Method, target: &str, body: &Value) -> (u16, Value) {
    let bytes = serde_json::to_vec(body).unwrap();
    let mut request = FakeRequest::json(method, target, &bytes);
    if method == Method::Patch {
        request.content_type = Some("application/merge-patch+json");
    }
    answer(&send(api, &request))
}

pub(super) fn answer(response: &FakeResponse) -> (u16, Value) {
    (response.status, serde_json::from_slice(&response.body).unwrap_or_default())
}

pub(super) fn text(response: &FakeResponse) -> String {
    String::from_utf8(response.body.clone()).unwrap()
}

pub(super) fn watch(api: &mut FakeApi, target: &str) -> WatchId {
    match api.handle(at(0), &FakeRequest::get(target)) {
        FakeAnswer::Watch { id, .. } => id,
        FakeAnswer::Complete(response) => panic!("{}", text(&response)),
    }
}

/// The events since the last call, as `TYPE name version`, and `END`.
pub(super) fn events(api: &mut FakeApi, now: Now) -> Vec<String> {
    let line = |update| match update {
        WatchUpdate::End(_) => String::from("END"),
        WatchUpdate::Line(_, line) => {
            let event: Value = serde_json::from_slice(&line).unwrap();
            let field = |name: &str| String::from(event.pointer(name).and_then(Value::as_str).unwrap_or("-"));
            let (name, version) = (field("/object/metadata/name"), field("/object/metadata/resourceVersion"));
            format!("{} {name} {version}", field("/type"))
        }
    };
    api.updates(now).into_iter().map(line).collect()
}

pub(super) fn pod(name: &str, labels: &Value) -> Value {
    json!({
        "metadata": {"name": name, "labels": labels},
        "spec": {"containers": [{"name": "app", "image": "x", "ports": [{"name": "http", "containerPort": 8080}]}]},
    })
}

pub(super) fn create_pod(api: &mut FakeApi, name: &str, labels: &Value) -> Value {
    let (status, pod) = write(api, Method::Post, PODS, &pod(name, labels));
    assert_eq!(status, 201, "{pod}");
    pod
}

pub(super) fn create_lease(api: &mut FakeApi) -> Value {
    let lease = json!({"metadata": {"name": "demo"}, "spec": {"holderIdentity": "node-1", "leaseDurationSeconds": 15}});
    let (status, lease) = write(api, Method::Post, LEASES, &lease);
    assert_eq!(status, 201, "{lease}");
    lease
}

pub(super) fn names(list: &Value) -> Vec<String> {
    let items = list["items"].as_array().unwrap().iter();
    items.map(|item| String::from(item["metadata"]["name"].as_str().unwrap())).collect()
}
