//! What the heads of answers say.

use serde_json::{Value, json};

use super::http::{Answer, query};
use super::subject::{Subject, ensure, lease, pod};
use crate::trouble::Trouble;

const JSON: Option<&str> = Some("application/json");
const TEXT: Option<&str> = Some("text/plain; charset=utf-8");
const DEPRECATED: &str = "299 - \"v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice\"";

pub(super) fn objects_lists_and_statuses_are_json(it: &Subject<'_>) -> Result<(), Trouble> {
    let created = it.api.post(&it.leases(), &lease("a"))?;
    let read = created.created()?;
    let changed = read.with("/spec/holderIdentity", "node-2")?;
    let reader = it.reader()?;
    for (answer, status) in [
        (created, 201),
        (it.api.get(&it.lease("a"))?, 200),
        (it.api.get(&it.leases())?, 200),
        (it.api.put(&it.lease("a"), &changed)?, 200),
        (it.api.put(&it.lease("a"), read.value())?, 409),
        (it.api.patch(&it.lease("a"), &json!({}))?, 200),
        (it.api.delete(&it.lease("a"))?, 200),
        (it.api.get(&it.lease("a"))?, 404),
        (it.api.get(&query(&it.pods(), &[("resourceVersion", "garbage")]))?, 400),
        (it.api.post(&it.leases(), &json!({"metadata": {"name": "Bad"}}))?, 422),
        (reader.get(&it.leases())?, 403),
        (it.api.get("/api/v1/nothing")?, 404),
        (it.api.get("/version")?, 200),
        (it.api.get("/api/v1")?, 200),
    ] {
        answer.with_status(status)?;
        answer.has_header("content-type", JSON)?;
    }
    Ok(())
}

pub(super) fn watches_are_json(it: &Subject<'_>) -> Result<(), Trouble> {
    it.watch_from_now()?.has_header("content-type", JSON)?;
    // Also one whose only event is a Status.
    it.watch(&[("resourceVersion", "1")])?.has_header("content-type", JSON)?;
    Ok(())
}

pub(super) fn what_is_no_object_is_plain_text(it: &Subject<'_>) -> Result<(), Trouble> {
    for path in ["/readyz", "/livez", "/nothing"] {
        it.api.get(path)?.has_header("content-type", TEXT)?;
    }
    Ok(())
}

fn endpoints(it: &Subject<'_>) -> String {
    format!("/api/v1/namespaces/{}/endpoints", it.namespace())
}

fn some_endpoints(address: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "a"},
        "subsets": [{"addresses": [{"ip": address}], "ports": [{"port": 80}]}],
    })
}

pub(super) fn endpoints_are_warned_about(it: &Subject<'_>) -> Result<(), Trouble> {
    let warns = |answer: &Answer, status: u16| {
        answer.with_status(status)?;
        answer.has_header("warning", Some(DEPRECATED)).map(|_| ())
    };
    let (all, one) = (endpoints(it), format!("{}/a", endpoints(it)));
    warns(&it.api.post(&all, &some_endpoints("10.1.0.1"))?, 201)?;
    warns(&it.api.get(&one)?, 200)?;
    warns(&it.api.get(&all)?, 200)?;
    warns(&it.api.get("/api/v1/endpoints")?, 200)?;
    warns(&it.api.put(&one, &some_endpoints("10.1.0.2"))?, 200)?;
    warns(&it.api.patch(&one, &json!({"metadata": {"labels": {"app": "web"}}}))?, 200)?;
    it.api.watch(&query(&all, &[("watch", "true")]))?.has_header("warning", Some(DEPRECATED))?;
    warns(&it.api.delete(&one)?, 200)?;
    // Also when there is nothing, or nothing is done.
    warns(&it.api.get(&one)?, 404)?;
    warns(&it.api.get(&query(&all, &[("labelSelector", "=x")]))?, 400)
}

pub(super) fn other_kinds_are_not_warned_about(it: &Subject<'_>) -> Result<(), Trouble> {
    for answer in [it.api.post(&it.pods(), &pod("a"))?, it.api.post(&it.leases(), &lease("a"))?] {
        answer.created()?;
        answer.has_header("warning", None)?;
    }
    for path in [it.pods(), it.leases(), it.pod("a"), it.lease("a"), it.pod("none")] {
        it.api.get(&path)?.has_header("warning", None)?;
    }
    it.watch_from_now()?.has_header("warning", None)?;
    // Whoever may not see Endpoints is told that, and no more.
    let refused = it.reader()?.get(&endpoints(it))?;
    ensure(refused.status() == 403, || refused.trouble("should be 403"))?;
    refused.has_header("warning", None)?;
    Ok(())
}
