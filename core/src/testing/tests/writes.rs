//! Writes that succeed.

use alloc::format;

use serde_json::{Value, json};

use super::support::*;
use crate::api::Method;
use crate::testing::FakeApi;

#[test]
fn a_put_that_changes_nothing_writes_nothing() {
    let mut api = FakeApi::new(1);
    let lease = create_lease(&mut api);
    watch(&mut api, &format!("{LEASES}?watch=1&resourceVersion=101"));
    let (status, same) = write(&mut api, Method::Put, LEASE, &lease);
    assert_eq!((status, same), (200, lease));
    assert!(api.updates(at(0)).is_empty());
}

#[test]
fn a_put_creates_a_lease_unless_it_names_a_uid() {
    let mut api = FakeApi::new(1);
    let stale = json!({"metadata": {"name": "demo", "resourceVersion": "7"}, "spec": {"holderIdentity": "node-1"}});
    assert_eq!(write(&mut api, Method::Put, LEASE, &stale).0, 201);
    let gone = json!({"metadata": {"name": "other", "uid": "x"}});
    let (status, body) = write(&mut api, Method::Put, &format!("{LEASES}/other"), &gone);
    assert_eq!((status, body["reason"].as_str()), (409, Some("Conflict")));
    assert_eq!(write(&mut api, Method::Put, &format!("{PODS}/a"), &pod("a", &json!({}))).0, 404);
}

#[test]
fn a_merge_patch_without_a_version_wins() {
    let mut api = FakeApi::new(1);
    create_lease(&mut api);
    let (status, lease) = write(&mut api, Method::Patch, LEASE, &json!({"spec": {"holderIdentity": "node-3"}}));
    assert_eq!((status, &lease["spec"]["holderIdentity"]), (200, &json!("node-3")));
    assert_eq!(lease["metadata"]["resourceVersion"], "102");
    assert_eq!(lease["spec"]["leaseDurationSeconds"], 15);
}

#[test]
fn times_come_back_in_utc() {
    let lease = json!({"metadata": {"name": "demo"}, "spec": {"renewTime": "2026-11-20T19:04:58.545226+01:00"}});
    let (status, lease) = write(&mut FakeApi::new(1), Method::Post, LEASES, &lease);
    assert_eq!((status, &lease["spec"]["renewTime"]), (201, &json!("2026-11-20T18:04:58.545226Z")));
    assert_eq!(lease["metadata"]["creationTimestamp"], "2026-11-20T18:04:58Z");
}

#[test]
fn a_deleted_lease_leaves_a_status() {
    let mut api = FakeApi::new(1);
    let uid = create_lease(&mut api)["metadata"]["uid"].clone();
    let wrong = json!({"preconditions": {"uid": "x"}});
    assert_eq!(write(&mut api, Method::Delete, LEASE, &wrong).0, 409);
    let (status, body) = write(&mut api, Method::Delete, LEASE, &json!({}));
    let details = json!({"name": "demo", "group": "coordination.k8s.io", "kind": "leases", "uid": uid});
    assert_eq!((status, &body["status"], &body["details"]), (200, &json!("Success"), &details));
    assert_eq!(get(&mut api, LEASE).0, 404);
}

#[test]
fn a_name_is_generated() {
    let mut api = FakeApi::new(1);
    let mut pod = pod("x", &json!({}));
    pod["metadata"] = json!({"generateName": "web-"});
    let (_, created) = write(&mut api, Method::Post, PODS, &pod);
    let name = created["metadata"]["name"].as_str().unwrap();
    assert!(name.starts_with("web-") && name.len() == 9, "{name}");
}

#[test]
fn a_status_is_written_apart() {
    let mut api = FakeApi::new(1);
    let created = create_pod(&mut api, "a", &json!({}));
    assert_eq!(created["status"]["phase"], "Pending");
    let status = json!({"spec": {"nodeName": "n"}, "status": {"phase": "Running", "podIP": "10.0.0.1"}});
    let (code, running) = write(&mut api, Method::Patch, &format!("{PODS}/a/status"), &status);
    assert_eq!((code, &running["status"]["phase"], running["spec"].get("nodeName")), (200, &json!("Running"), None));
    assert_eq!(
        (&running["metadata"]["generation"], &running["metadata"]["resourceVersion"]),
        (&json!(1), &json!("102"))
    );
    let (_, main) = write(&mut api, Method::Patch, &format!("{PODS}/a"), &status);
    assert_eq!((&main["spec"]["nodeName"], &main["metadata"]["generation"]), (&json!("n"), &json!(2)));
}

fn scheduled(api: &mut FakeApi) -> alloc::string::String {
    let mut body = pod("a", &json!({}));
    body["spec"]["nodeName"] = json!("n");
    write(api, Method::Post, PODS, &body);
    format!("{PODS}/a")
}

#[test]
fn a_pod_on_a_node_goes_gracefully() {
    let mut api = FakeApi::new(1);
    let pod = scheduled(&mut api);
    watch(&mut api, &format!("{PODS}?watch=1&resourceVersion=101"));
    let (status, body) = write(&mut api, Method::Delete, &pod, &json!({}));
    let metadata = &body["metadata"];
    assert_eq!((status, &metadata["deletionTimestamp"]), (200, &json!("2026-11-20T18:05:28Z")));
    assert_eq!((&metadata["deletionGracePeriodSeconds"], &metadata["generation"]), (&json!(30), &json!(2)));
    assert_eq!(api.deadline(), Some(at(30).instant));
    assert_eq!(events(&mut api, at(29)), ["MODIFIED a 102"]);
    assert_eq!(events(&mut api, at(30)), ["MODIFIED a 103", "DELETED a 104"]);
}

#[test]
fn a_deletion_can_only_be_shortened() {
    let mut api = FakeApi::new(1);
    let pod = scheduled(&mut api);
    write(&mut api, Method::Delete, &pod, &json!({}));
    let (_, longer) = write(&mut api, Method::Delete, &pod, &json!({"gracePeriodSeconds": 60}));
    assert_eq!(longer["metadata"]["resourceVersion"], "102");
    let (_, shorter) = write(&mut api, Method::Delete, &pod, &json!({"gracePeriodSeconds": 10}));
    assert_eq!(shorter["metadata"]["deletionTimestamp"], "2026-11-20T18:05:08Z");
    assert_eq!(write(&mut api, Method::Delete, &format!("{pod}?gracePeriodSeconds=0"), &json!({})).0, 200);
    assert_eq!(get(&mut api, &pod).0, 404);
    assert_eq!(api.deadline(), None);
}

#[test]
fn finalizers_hold_an_object() {
    let mut api = FakeApi::new(1);
    create_lease(&mut api);
    write(&mut api, Method::Patch, LEASE, &json!({"metadata": {"finalizers": ["lab.example/hold"]}}));
    let (_, held) = write(&mut api, Method::Delete, LEASE, &json!({}));
    assert_ne!(held["metadata"]["deletionTimestamp"], Value::Null);
    assert_eq!(get(&mut api, LEASE).0, 200);
    write(&mut api, Method::Patch, LEASE, &json!({"metadata": {"finalizers": null}}));
    assert_eq!(get(&mut api, LEASE).0, 404);
}

#[test]
fn a_file_is_loaded_with_its_status() {
    let mut api = FakeApi::new(1);
    let mut body = pod("a", &json!({}));
    body["kind"] = json!("Pod");
    body["apiVersion"] = json!("v1");
    body["status"] = json!({"phase": "Running"});
    let list = json!({"kind": "List", "apiVersion": "v1", "items": [body, {"kind": "Namespace", "apiVersion": "v1"}]});
    api.load(at(0), &[list.clone(), list]).unwrap();
    assert_eq!(get(&mut api, "/api/v1/namespaces/default/pods/a").1["status"]["phase"], "Running");
    let error =
        api.load(at(0), &[json!({"kind": "Secret", "apiVersion": "v1", "metadata": {"name": "s"}})]).unwrap_err();
    assert!(format!("{error}").starts_with("cannot load Secret s: the fake has no \"Secret\""), "{error}");
}
