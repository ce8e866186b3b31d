//! Endpoints and slices follow pods.

use alloc::format;
use alloc::vec::Vec;

use serde_json::{Value, json};

use super::support::*;
use crate::api::Method;
use crate::testing::FakeApi;

const ENDPOINTS: &str = "/api/v1/namespaces/lab/endpoints/web";

fn service(policy: &str) -> FakeApi {
    let mut api = FakeApi::new(1);
    let body = json!({
        "metadata": {"name": "web", "labels": {"app": "web"}},
        "spec": {
            "clusterIP": "None", "ipFamilyPolicy": policy, "selector": {"app": "web"},
            "ports": [{"name": "http", "port": 80, "targetPort": "http"}],
        },
    });
    let (status, body) = write(&mut api, Method::Post, SERVICES, &body);
    assert_eq!(status, 201, "{body}");
    api
}

fn running(name: &str, ips: &[&str], ready: bool) -> Value {
    let mut body = pod(name, &json!({"app": "web", "topology.kubernetes.io/zone": "zone-a"}));
    body["kind"] = json!("Pod");
    body["apiVersion"] = json!("v1");
    body["metadata"]["namespace"] = json!("lab");
    body["spec"]["nodeName"] = json!("node-a");
    let ips: Vec<Value> = ips.iter().map(|ip| json!({"ip": ip})).collect();
    let condition = json!({"type": "Ready", "status": if ready { "True" } else { "False" }});
    body["status"] = json!({"phase": "Running", "podIPs": ips, "conditions": [condition]});
    body
}

#[test]
fn slices_and_endpoints_are_as_recorded() {
    let mut api = service("SingleStack");
    assert_eq!(get(&mut api, SLICES).1["items"].as_array().unwrap().len(), 1, "an empty one at first");
    api.load(at(0), &[running("web-0", &["10.244.1.5"], true), running("web-4", &["10.244.2.9"], false)]).unwrap();
    let (_, list) = get(&mut api, SLICES);
    let slice = list["items"].as_array().unwrap().last().unwrap();
    let labels = json!({
        "app": "web", "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
        "kubernetes.io/service-name": "web", "service.kubernetes.io/headless": "",
    });
    assert_eq!(slice["metadata"]["labels"], labels);
    assert_eq!(slice["ports"], json!([{"name": "http", "protocol": "TCP", "port": 8080}]));
    let uid = |api: &mut FakeApi, name: &str| get(api, &format!("{PODS}/{name}")).1["metadata"]["uid"].clone();
    let (ready, unready) = (uid(&mut api, "web-0"), uid(&mut api, "web-4"));
    let reference = |name: &str, uid: &Value| json!({"kind": "Pod", "namespace": "lab", "name": name, "uid": uid});
    assert_eq!(
        slice["endpoints"],
        json!([
            {"addresses": ["10.244.1.5"], "conditions": {"ready": true, "serving": true, "terminating": false},
             "targetRef": reference("web-0", &ready), "nodeName": "node-a", "zone": "zone-a"},
            {"addresses": ["10.244.2.9"], "conditions": {"ready": false, "serving": false, "terminating": false},
             "targetRef": reference("web-4", &unready), "nodeName": "node-a", "zone": "zone-a"},
        ])
    );
    let (_, endpoints) = get(&mut api, ENDPOINTS);
    assert_eq!(
        endpoints["subsets"],
        json!([{
            "addresses": [{"ip": "10.244.1.5", "nodeName": "node-a", "targetRef": reference("web-0", &ready)}],
            "notReadyAddresses": [{"ip": "10.244.2.9", "nodeName": "node-a", "targetRef": reference("web-4", &unready)}],
            "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}],
        }])
    );
    let warning = send(&mut api, &crate::testing::FakeRequest::get(ENDPOINTS)).warning;
    assert_eq!(warning, Some("299 - \"v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice\""));
}

#[test]
fn a_terminating_pod_serves_but_is_not_ready() {
    let mut api = service("SingleStack");
    api.load(at(0), &[running("web-0", &["10.244.1.5"], true)]).unwrap();
    write(&mut api, Method::Delete, &format!("{PODS}/web-0"), &json!({}));
    let (_, list) = get(&mut api, SLICES);
    let conditions = &list["items"][0]["endpoints"][0]["conditions"];
    assert_eq!(conditions, &json!({"ready": false, "serving": true, "terminating": true}));
    assert_eq!(get(&mut api, ENDPOINTS).1["subsets"], json!([]));
    let _ = api.updates(at(30));
    assert_eq!(get(&mut api, SLICES).1["items"][0]["endpoints"], json!([]));
}

#[test]
fn two_families_have_two_slices() {
    let mut api = service("PreferDualStack");
    api.load(at(0), &[running("web-0", &["10.244.1.5", "fd00::5"], true)]).unwrap();
    let (_, list) = get(&mut api, SLICES);
    let mut families: Vec<&str> =
        list["items"].as_array().unwrap().iter().map(|slice| slice["addressType"].as_str().unwrap()).collect();
    families.sort_unstable();
    assert_eq!(families, ["IPv4", "IPv6"]);
}

#[test]
fn hostnames_need_the_subdomain() {
    let mut api = service("SingleStack");
    let mut named = running("web-0", &["10.244.1.5"], true);
    named["spec"]["hostname"] = json!("web-0");
    named["spec"]["subdomain"] = json!("web");
    let mut other = running("web-1", &["10.244.1.6"], true);
    other["spec"]["hostname"] = json!("web-1");
    api.load(at(0), &[named, other]).unwrap();
    let (_, list) = get(&mut api, SLICES);
    assert_eq!(list["items"][0]["endpoints"][0]["hostname"], "web-0");
    assert_eq!(list["items"][0]["endpoints"][1].get("hostname"), None);
}

#[test]
fn a_large_service_has_many_slices_and_too_many_endpoints() {
    let mut api = service("SingleStack");
    let pods: Vec<Value> =
        (0..1200).map(|i| running(&format!("web-{i}"), &[&format!("10.0.{}.{}", i / 200, i % 200)], true)).collect();
    api.load(at(0), &pods).unwrap();
    let (_, list) = get(&mut api, SLICES);
    let sizes: Vec<usize> =
        list["items"].as_array().unwrap().iter().map(|slice| slice["endpoints"].as_array().unwrap().len()).collect();
    assert_eq!(sizes, [100; 12]);
    let (_, endpoints) = get(&mut api, ENDPOINTS);
    assert_eq!(endpoints["subsets"][0]["addresses"].as_array().unwrap().len(), 1000);
    let annotations = &endpoints["metadata"]["annotations"];
    assert_eq!(annotations, &json!({"endpoints.kubernetes.io/over-capacity": "truncated"}));
}

#[test]
fn what_belongs_to_a_service_goes_with_it() {
    let mut api = service("SingleStack");
    api.load(at(0), &[running("web-0", &["10.244.1.5"], true)]).unwrap();
    assert_eq!(write(&mut api, Method::Delete, &format!("{SERVICES}/web"), &json!({})).0, 200);
    assert!(names(&get(&mut api, SLICES).1).is_empty());
    assert_eq!(get(&mut api, ENDPOINTS).0, 404);
}
