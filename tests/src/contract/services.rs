//! What controllers make of Services and pods.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use super::http::query;
use super::json::Json;
use super::subject::{Subject, pod};
use crate::eventually::eventually;
use crate::trouble::Trouble;

const SETTLE_LIMIT: Duration = Duration::from_secs(20);

fn create_service(it: &Subject<'_>, families: &[&str]) -> Result<(), Trouble> {
    let policy = if families.len() == 2 { "RequireDualStack" } else { "SingleStack" };
    let service = json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": {"name": "web", "labels": {"of": "web"}},
        "spec": {
            "clusterIP": "None", "ipFamilyPolicy": policy, "ipFamilies": families, "selector": {"app": "web"},
            "ports": [{"name": "peer", "port": 7946}],
        },
    });
    it.api.post(&format!("/api/v1/namespaces/{}/services", it.namespace()), &service)?.created()?;
    Ok(())
}

/// A pod of the Service, which is ready if it says so, at these addresses.
fn serve(it: &Subject<'_>, name: &str, addresses: &[&str], is_ready: bool) -> Result<Json, Trouble> {
    let mut labelled = Json::new("", pod(name)).with("/metadata/labels", json!({"app": "web"}))?;
    labelled = Json::new("", labelled).with("/spec/hostname", name)?;
    labelled = Json::new("", labelled).with("/spec/subdomain", "web")?;
    it.api.post(&it.pods(), &labelled)?.created()?;
    let status = json!({"status": {
        "phase": "Running", "podIP": addresses.first(),
        "podIPs": addresses.iter().map(|ip| json!({"ip": ip})).collect::<Vec<_>>(),
        "conditions": [{"type": "Ready", "status": if is_ready { "True" } else { "False" }}],
    }});
    it.api.patch(&format!("{}/status", it.pod(name)), &status)?.ok()
}

/// The slices of the Service.
fn slices(it: &Subject<'_>) -> Result<Json, Trouble> {
    let path = format!("/apis/discovery.k8s.io/v1/namespaces/{}/endpointslices", it.namespace());
    it.api.get(&query(&path, &[("labelSelector", "kubernetes.io/service-name=web")]))?.ok()
}

/// The name, address and conditions (ready, serving, terminating) of each endpoint.
type Told = BTreeSet<(String, String, [bool; 3])>;

fn told(list: &Json) -> Result<Told, Trouble> {
    let mut told = Told::new();
    for slice in list.items()? {
        // A slice without endpoints says null.
        if slice.at("/endpoints").is_ok_and(Value::is_null) {
            continue;
        }
        for endpoint in slice.each("/endpoints")? {
            let condition = |name: &str| endpoint.at(&format!("/conditions/{name}")).map(|value| *value == json!(true));
            told.insert((
                endpoint.text("/targetRef/name")?.to_owned(),
                endpoint.text("/addresses/0")?.to_owned(),
                [condition("ready")?, condition("serving")?, condition("terminating")?],
            ));
        }
    }
    Ok(told)
}

/// The slices, when they tell of this.
fn slices_that_tell(it: &Subject<'_>, expected: &[(&str, &str, [bool; 3])]) -> Result<Json, Trouble> {
    let expected: Told = expected.iter().map(|(name, ip, is)| ((*name).to_owned(), (*ip).to_owned(), *is)).collect();
    let mut last = None;
    let settled = eventually("the slices tell of the pods", SETTLE_LIMIT, || {
        let list = slices(it)?;
        let is_so = told(&list)? == expected;
        last = Some(list.clone());
        Ok(is_so.then_some(list))
    });
    settled.map_err(|trouble| {
        let found = last.map(|list| list.trouble(&format!("expected {expected:?}")));
        found.map_or(trouble, |found| found)
    })
}

/// The Endpoints, when these are its ready and its other addresses.
fn endpoints_that_tell(it: &Subject<'_>, ready: &[&str], others: &[&str]) -> Result<Json, Trouble> {
    let path = format!("/api/v1/namespaces/{}/endpoints", it.namespace());
    let target = query(&path, &[("fieldSelector", "metadata.name=web")]);
    let mut last = None;
    let settled = eventually("the Endpoints tell of the pods", SETTLE_LIMIT, || {
        let list = it.api.get(&target)?.ok()?;
        last = Some(list.clone());
        let found = (addresses(&list, "addresses")?, addresses(&list, "notReadyAddresses")?);
        let is_so = found.0.iter().eq(ready) && found.1.iter().eq(others);
        Ok(is_so.then(|| list.at("/items/0").cloned()).transpose()?.map(|item| Json::new(target.clone(), item)))
    });
    settled.map_err(|trouble| {
        let found = last.map(|list| list.trouble(&format!("expected {ready:?}, not ready {others:?}")));
        found.map_or(trouble, |found| found)
    })
}

fn addresses(list: &Json, which: &str) -> Result<Vec<String>, Trouble> {
    let path = format!("/items/0/subsets/0/{which}");
    if !list.has(&path) {
        return Ok(Vec::new());
    }
    list.each(&path)?.iter().map(|address| Ok(address.text("/ip")?.to_owned())).collect()
}

const READY: [bool; 3] = [true, true, false];
const NOT_READY: [bool; 3] = [false, false, false];
const TERMINATING: [bool; 3] = [false, true, true];

pub(super) fn a_service_has_a_slice_that_names_it_and_its_pods(it: &Subject<'_>) -> Result<(), Trouble> {
    create_service(it, &["IPv4"])?;
    let pod = serve(it, "web-0", &["10.1.0.1"], true)?;
    let list = slices_that_tell(it, &[("web-0", "10.1.0.1", READY)])?;
    list.is("/kind", "EndpointSliceList")?.is("/apiVersion", "discovery.k8s.io/v1")?;
    list.is("/items/0/addressType", "IPv4")?.is("/items/0/metadata/labels/kubernetes.io~1service-name", "web")?;
    list.is("/items/0/metadata/labels/service.kubernetes.io~1headless", "")?
        .is("/items/0/metadata/labels/of", "web")?;
    list.is("/items/0/metadata/ownerReferences/0/kind", "Service")?;
    list.is("/items/0/metadata/ownerReferences/0/name", "web")?.is("/items/0/metadata/generateName", "web-")?;
    list.is("/items/0/ports", json!([{"name": "peer", "protocol": "TCP", "port": 7946}]))?;
    list.is(
        "/items/0/endpoints/0",
        json!({
            "addresses": ["10.1.0.1"], "nodeName": "node-a", "hostname": "web-0",
            "conditions": {"ready": true, "serving": true, "terminating": false},
            "targetRef": {"kind": "Pod", "namespace": it.namespace(), "name": "web-0", "uid": pod.uid()?},
        }),
    )?;
    Ok(())
}

pub(super) fn a_service_has_endpoints_of_its_name(it: &Subject<'_>) -> Result<(), Trouble> {
    create_service(it, &["IPv4"])?;
    let pod = serve(it, "web-0", &["10.1.0.1"], true)?;
    let endpoints = endpoints_that_tell(it, &["10.1.0.1"], &[])?;
    endpoints.is("/metadata/name", "web")?.is("/metadata/labels/of", "web")?;
    endpoints.is("/subsets/0/ports", json!([{"name": "peer", "port": 7946, "protocol": "TCP"}]))?;
    endpoints.is(
        "/subsets/0/addresses/0",
        json!({
            "ip": "10.1.0.1", "hostname": "web-0", "nodeName": "node-a",
            "targetRef": {"kind": "Pod", "namespace": it.namespace(), "name": "web-0", "uid": pod.uid()?},
        }),
    )?;
    Ok(())
}

pub(super) fn slices_and_endpoints_tell_ready_from_not_ready_and_terminating(it: &Subject<'_>) -> Result<(), Trouble> {
    create_service(it, &["IPv4"])?;
    serve(it, "web-0", &["10.1.0.1"], true)?;
    serve(it, "web-1", &["10.1.0.2"], false)?;
    serve(it, "web-2", &["10.1.0.3"], true)?;
    it.api.delete(&it.pod("web-2"))?.ok()?;
    // One without an address is in neither.
    it.create_labelled("web-3", json!({"app": "web"}))?;
    slices_that_tell(
        it,
        &[("web-0", "10.1.0.1", READY), ("web-1", "10.1.0.2", NOT_READY), ("web-2", "10.1.0.3", TERMINATING)],
    )?;
    endpoints_that_tell(it, &["10.1.0.1"], &["10.1.0.2"])?;
    Ok(())
}

pub(super) fn slices_follow_pods_that_leave_and_come(it: &Subject<'_>) -> Result<(), Trouble> {
    create_service(it, &["IPv4"])?;
    serve(it, "web-0", &["10.1.0.1"], true)?;
    serve(it, "web-1", &["10.1.0.2"], true)?;
    slices_that_tell(it, &[("web-0", "10.1.0.1", READY), ("web-1", "10.1.0.2", READY)])?;
    it.label("web-0", json!({"app": "db"}))?;
    slices_that_tell(it, &[("web-1", "10.1.0.2", READY)])?;
    it.remove_pod("web-1")?;
    it.label("web-0", json!({"app": "web"}))?;
    slices_that_tell(it, &[("web-0", "10.1.0.1", READY)])?;
    endpoints_that_tell(it, &["10.1.0.1"], &[])?;
    Ok(())
}

pub(super) fn dual_stack_has_a_slice_for_each_family(it: &Subject<'_>) -> Result<(), Trouble> {
    create_service(it, &["IPv4", "IPv6"])?;
    serve(it, "web-0", &["10.1.0.1", "fd00:1::1"], true)?;
    let list = slices_that_tell(it, &[("web-0", "10.1.0.1", READY), ("web-0", "fd00:1::1", READY)])?;
    let mut types = Vec::new();
    for slice in list.items()? {
        types.push(slice.text("/addressType")?.to_owned());
    }
    types.sort();
    let is_each = types == ["IPv4", "IPv6"];
    super::subject::ensure(is_each, || list.trouble("one slice of each family was expected"))?;
    // Endpoints have the first family only.
    endpoints_that_tell(it, &["10.1.0.1"], &[])?;
    Ok(())
}

pub(super) fn slices_are_watched(it: &Subject<'_>) -> Result<(), Trouble> {
    create_service(it, &["IPv4"])?;
    let path = format!("/apis/discovery.k8s.io/v1/namespaces/{}/endpointslices", it.namespace());
    let selector = ("labelSelector", "kubernetes.io/service-name=web");
    let mut watch = it.api.watch(&query(&path, &[("watch", "true"), selector]))?;
    serve(it, "web-0", &["10.1.0.1"], true)?;
    loop {
        let event = watch.next_event()?.ok_or_else(|| Trouble::new("the watch ended"))?;
        event.is("/object/kind", "EndpointSlice")?.is("/object/apiVersion", "discovery.k8s.io/v1")?;
        if event.at("/object/endpoints/0/conditions/ready").is_ok_and(|ready| *ready == json!(true)) {
            return Ok(());
        }
    }
}

pub(super) fn a_deleted_service_takes_its_slices_and_endpoints_along(it: &Subject<'_>) -> Result<(), Trouble> {
    create_service(it, &["IPv4"])?;
    serve(it, "web-0", &["10.1.0.1"], true)?;
    slices_that_tell(it, &[("web-0", "10.1.0.1", READY)])?;
    endpoints_that_tell(it, &["10.1.0.1"], &[])?;
    it.api.delete(&format!("/api/v1/namespaces/{}/services/web", it.namespace()))?.ok()?;
    let endpoints = format!("/api/v1/namespaces/{}/endpoints/web", it.namespace());
    eventually("slices and Endpoints are gone", SETTLE_LIMIT, || {
        let is_gone = slices(it)?.items()?.is_empty() && it.api.get(&endpoints)?.status() == 404;
        Ok(is_gone.then_some(()))
    })
}
