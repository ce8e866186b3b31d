//! The server, what people do to the Lease, and what of it is not ours.

use std::time::Duration;

use quorate_core::api::{Method, Request};
use quorate_core::testing::{FakeAnswer, FakeApi, FakeRequest, WatchUpdate};
use quorate_core::time::{Instant, Now, Timestamp};
use serde_json::{Value, json};

use super::candidate::Micros;
use super::history::Edited;

const LEASES: &str = "/apis/coordination.k8s.io/v1/namespaces/lab/leases";
const LEASE: &str = "/apis/coordination.k8s.io/v1/namespaces/lab/leases/demo";

/// Who is not one of us.
const INTRUDER: &str = "somebody";

pub(crate) struct Server {
    pub(crate) api: FakeApi,
    /// Everything is refused with this; 0 for nothing.
    pub(crate) refusal: u16,
}

/// What became of a request.
pub(crate) struct Served {
    pub(crate) answer: FakeAnswer,
    /// The Lease before and after, if it was changed.
    pub(crate) change: Option<(Value, Value)>,
}

impl Server {
    pub(crate) fn new(seed: u64, has_lease: bool) -> Self {
        let mut server = Self { api: FakeApi::new(seed), refusal: 0 };
        if has_lease {
            let lease = json!({
                "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
                "metadata": {"name": "demo", "namespace": "lab", "labels": {"ours": "no"}, "annotations": {"ours": "no"}},
            });
            server.api.load(Now::default(), &[lease]).unwrap();
        }
        server
    }

    /// Serves a candidate's request; reads are so many versions old.
    pub(crate) fn serve(&mut self, real: Micros, request: &Request, stale: u8) -> Served {
        let before = if request.is_lease_write() { self.lease(real) } else { Value::Null };
        if stale > 0 && request.method() == Method::Get && !request.target().contains("watch=true") {
            self.api.lag(Some(u64::from(stale)));
            self.api.stale_quorum(true);
        }
        let (content_type, body) = request.body().unzip();
        let fake = FakeRequest {
            method: request.method(),
            target: request.target(),
            token: None,
            content_type,
            body: body.unwrap_or_default(),
        };
        let answer = self.api.handle(now(real), &fake);
        self.api.stale_quorum(false);
        let after = if request.is_lease_write() { self.lease(real) } else { Value::Null };
        Served { answer, change: (before != after).then_some((before, after)) }
    }

    pub(crate) fn updates(&mut self, real: Micros) -> Vec<WatchUpdate> {
        self.api.updates(now(real))
    }

    /// The Lease as it is stored; null if there is none.
    pub(crate) fn lease(&mut self, real: Micros) -> Value {
        match self.api.handle(now(real), &FakeRequest::get(LEASE)) {
            FakeAnswer::Complete(answer) if answer.status == 200 => serde_json::from_slice(&answer.body).unwrap(),
            _ => Value::Null,
        }
    }

    pub(crate) fn delete(&mut self, real: Micros) {
        self.write(real, Method::Delete, LEASE, &Value::Null);
    }

    pub(crate) fn intrude(&mut self, real: Micros, seconds: Option<u32>) {
        let lease = self.lease(real);
        if lease.is_null() {
            let lease = json!({"metadata": {"name": "demo"}, "spec": {"holderIdentity": INTRUDER, "leaseDurationSeconds": seconds}});
            self.write(real, Method::Post, LEASES, &lease);
        } else if holder(&lease).is_empty() {
            self.edit_spec(real, "holderIdentity", json!(INTRUDER));
            self.edit_spec(real, "leaseDurationSeconds", json!(seconds));
        }
    }

    pub(crate) fn retreat(&mut self, real: Micros) {
        if holder(&self.lease(real)) == INTRUDER {
            self.edit_spec(real, "holderIdentity", Value::Null);
        }
    }

    pub(crate) fn edit(&mut self, real: Micros, edited: Edited) {
        let far = json!("9998-12-31T23:59:59.999999Z");
        match edited {
            Edited::Label(value) => self.edit_meta(real, "labels", json!({"edited": value.to_string()})),
            Edited::Annotation(value) => self.edit_meta(real, "annotations", json!({"edited": value.to_string()})),
            Edited::Owner => self.edit_meta(real, "ownerReferences", json!([owner()])),
            Edited::PreferredHolder => self.edit_spec(real, "preferredHolder", json!("web-9")),
            Edited::Strategy(is_set) => {
                self.edit_spec(real, "strategy", if is_set { json!("x.io/y") } else { Value::Null })
            }
            Edited::NoDuration => self.edit_spec(real, "leaseDurationSeconds", Value::Null),
            Edited::LongDuration => self.edit_spec(real, "leaseDurationSeconds", json!(100)),
            Edited::NoTimes => {
                self.edit_spec(real, "renewTime", Value::Null);
                self.edit_spec(real, "acquireTime", Value::Null);
            }
            Edited::FarTimes => {
                self.edit_spec(real, "renewTime", far.clone());
                self.edit_spec(real, "acquireTime", far);
            }
            Edited::NoTransitions => self.edit_spec(real, "leaseTransitions", Value::Null),
            Edited::MostTransitions => self.edit_spec(real, "leaseTransitions", json!(i32::MAX)),
        }
    }

    fn edit_meta(&mut self, real: Micros, field: &str, value: Value) {
        self.patch(real, &json!({"metadata": {field: value}}));
    }

    fn edit_spec(&mut self, real: Micros, field: &str, value: Value) {
        self.patch(real, &json!({"spec": {field: value}}));
    }

    fn patch(&mut self, real: Micros, patch: &Value) {
        let (body, content_type) = (patch.to_string(), Some("application/merge-patch+json"));
        let request = FakeRequest { content_type, ..FakeRequest::json(Method::Patch, LEASE, body.as_bytes()) };
        if let FakeAnswer::Complete(answer) = self.api.handle(now(real), &request) {
            assert!(matches!(answer.status, 200 | 404), "{patch}: {}", String::from_utf8_lossy(&answer.body));
        }
    }

    fn write(&mut self, real: Micros, method: Method, target: &str, body: &Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let _ = self.api.handle(now(real), &FakeRequest::json(method, target, body.as_bytes()));
    }
}

fn owner() -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": "u-1"})
}

fn now(real: Micros) -> Now {
    // The server's own wall clock matters to nobody.
    Now { instant: Instant::since_origin(Duration::from_micros(real)), wall: Timestamp::from_unix_micros(0) }
}

pub(crate) fn holder(lease: &Value) -> &str {
    lease["spec"]["holderIdentity"].as_str().unwrap_or_default()
}

/// What is left of a Lease without what is ours to write, and without what the server writes (E6).
pub(crate) fn foreign(lease: &Value) -> Value {
    let mut lease = lease.clone();
    for field in ["holderIdentity", "leaseDurationSeconds", "acquireTime", "renewTime", "leaseTransitions"] {
        if let Some(spec) = lease["spec"].as_object_mut() {
            spec.remove(field);
        }
    }
    if let Some(meta) = lease["metadata"].as_object_mut() {
        meta.remove("resourceVersion");
        meta.remove("managedFields");
        if let Some(annotations) = meta.get_mut("annotations").and_then(Value::as_object_mut) {
            annotations.remove("quorate.github.io/nonce");
            if annotations.is_empty() {
                meta.remove("annotations");
            }
        }
    }
    if lease["spec"].as_object().is_some_and(serde_json::Map::is_empty) {
        lease["spec"].take();
    }
    lease
}
