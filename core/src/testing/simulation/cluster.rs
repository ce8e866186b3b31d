//! The server, its pods, and what people do to its objects.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use serde_json::{Value, json};

use super::clock::right;
use super::plan::{BASENAME, LABEL, LEASE, LeasePlan, NAMESPACE, Plan, PlanError, SERVICE};
use super::queue::Micros;
use crate::api::{AnswerPart, Head, Method, Uid};
use crate::machine::{Action, Input, Machine as _};
use crate::membership::listing::Event as ListingEvent;
use crate::membership::{Admission, Listing, Policy, Source, View};
use crate::name::{Naming, NodeName};
use crate::testing::answer::FakeAnswer;
use crate::testing::auth::Rule;
use crate::testing::kind::Kind;
use crate::testing::promises::ServerTruth;
use crate::testing::request::FakeRequest;
use crate::testing::store::Key;
use crate::testing::{FakeApi, object};

const ADMIN: &str = "admin";

/// A pod that exists.
#[derive(Clone, Debug)]
pub(super) struct Pod {
    /// What it is called among its peers.
    pub(super) name: NodeName,
    uid: Uid,
    /// The node whose process runs in it.
    pub(super) node: Option<usize>,
    pub(super) is_terminating: bool,
}

#[derive(Debug)]
pub(super) struct Cluster {
    pub(super) api: FakeApi,
    pub(super) pods: BTreeMap<u64, Pod>,
    names: BTreeMap<NodeName, u64>,
    pub(super) truth: ServerTruth,
    /// When a pod last changed.
    pub(super) changed_at: Micros,
    naming: Naming,
    source: Source,
    last: u64,
    edits: u64,
    is_settling: bool,
    key: Key,
}

impl Cluster {
    pub(super) fn new(plan: &Plan) -> Result<Self, PlanError> {
        let mut api = FakeApi::new(plan.seed);
        api.add_user(ADMIN, ADMIN, None);
        api.set_rules(ADMIN, [Rule::administrator()].into());
        api.delay_endpoints(Some(Duration::from_millis(plan.endpoints_delay_ms)));
        let mut objects = Vec::new();
        if plan.membership.source != Source::Pods {
            objects.push(json!({
                "kind": "Service", "apiVersion": "v1",
                "metadata": {"name": SERVICE, "namespace": NAMESPACE, "labels": {LABEL.0: LABEL.1}},
                "spec": {"clusterIP": "None", "selector": {LABEL.0: LABEL.1}, "ports": [{"port": 80}]},
            }));
        }
        objects.extend(match plan.election.lease {
            LeasePlan::Absent => None,
            LeasePlan::Empty => Some(lease(&json!({}))),
            LeasePlan::Held { duration_s } => Some(lease(&json!({
                "holderIdentity": "gone", "leaseDurationSeconds": duration_s, "renewTime": "2026-11-20T18:04:58.000000Z",
            }))),
        });
        api.load(right(0), &objects).map_err(PlanError::new)?;
        Ok(Self {
            api,
            pods: BTreeMap::new(),
            names: BTreeMap::new(),
            truth: ServerTruth::default(),
            changed_at: 0,
            naming: Plan::policy()?.naming,
            source: plan.membership.source,
            last: 0,
            edits: 0,
            is_settling: false,
            key: Key::new(Kind::Lease, NAMESPACE, LEASE),
        })
    }

    /// Lets a node in, with all rights.
    pub(super) fn admit(&mut self, node: usize, token: &str) {
        self.api.add_user(token, &user(node), None);
        self.permit(node, true);
    }

    pub(super) fn permit(&mut self, node: usize, may: bool) {
        let rules = if may { [Rule::administrator()].into() } else { Vec::new() };
        self.api.set_rules(&user(node), rules);
    }

    pub(super) fn expire(&mut self, real: Micros, node: usize, token: &str, is_expired: bool) {
        self.api.add_user(token, &user(node), is_expired.then(|| right(real).instant));
    }

    /// The Lease as it is stored.
    pub(super) fn lease(&self) -> Option<Arc<Value>> {
        self.api.store.get(&self.key).cloned()
    }

    /// So many pods come, for these nodes or for none; returns their numbers.
    pub(super) fn add(&mut self, real: Micros, nodes: &[Option<usize>], is_ready: bool) -> Vec<u64> {
        let numbers: Vec<u64> = nodes.iter().zip(self.last.saturating_add(1)..).map(|(_, number)| number).collect();
        let pods: Vec<Value> = numbers.iter().map(|number| pod(*number, is_ready)).collect();
        self.last = numbers.last().copied().unwrap_or(self.last);
        // What is made here is valid.
        let _ = self.api.load(right(real), &pods);
        for (number, node) in numbers.iter().zip(nodes) {
            let Ok(name) = self.naming.check(&format!("{BASENAME}@{}", address(*number))) else { continue };
            let stored = self.api.store.get(&Key::new(Kind::Pod, NAMESPACE, &pod_name(*number)));
            let Some(uid) = stored.map(|pod| Uid::new(object::uid(pod))) else { continue };
            self.truth.came(uid.clone());
            self.names.insert(name.clone(), *number);
            self.pods.insert(*number, Pod { name, uid, node: *node, is_terminating: false });
        }
        self.change(real);
        numbers
    }

    pub(super) fn set_ready(&mut self, real: Micros, number: u64, is_ready: bool) {
        if self.pods.contains_key(&number) {
            let patch = json!({"status": {"conditions": conditions(is_ready)}});
            self.write(real, Method::Patch, &format!("{}/status", pod_path(number)), &patch);
            self.change(real);
        }
    }

    /// A pod is deleted; it takes so long to go.
    pub(super) fn terminate(&mut self, real: Micros, number: u64, grace_s: u32) {
        let Some(pod) = self.pods.get_mut(&number) else { return };
        pod.is_terminating = true;
        if self.source == Source::Endpoints {
            // They say nothing of who terminates.
            self.truth.went(pod.uid.clone());
        }
        self.write(real, Method::Delete, &pod_path(number), &json!({"gracePeriodSeconds": grace_s}));
        self.change(real);
    }

    /// The time of a pod that terminates is over: the server sees to it by itself. Returns who it was.
    pub(super) fn forget(&mut self, real: Micros, number: u64) -> Option<Pod> {
        self.api.advance(right(real));
        let pod = self.pods.remove(&number)?;
        self.names.remove(&pod.name);
        self.truth.went(pod.uid.clone());
        self.change(real);
        Some(pod)
    }

    pub(super) fn by_name(&self, name: &NodeName) -> Option<(u64, &Pod)> {
        let number = self.names.get(name)?;
        self.pods.get(number).map(|pod| (*number, pod))
    }

    /// Who is called so now.
    pub(super) fn named(&self, name: &str) -> Option<&NodeName> {
        self.names.get_key_value(name).map(|(name, _)| name)
    }

    fn change(&mut self, real: Micros) {
        self.changed_at = real;
        self.is_settling = true;
        self.settle();
    }

    /// Notes the version by which the objects that tell of the members say who has gone.
    pub(super) fn settle(&mut self) {
        if self.is_settling && (self.source == Source::Pods || !self.api.has_endpoints_to_follow()) {
            self.is_settling = false;
            self.truth.settled(self.api.version());
        }
    }

    pub(super) fn delete_lease(&mut self, real: Micros) {
        self.write(real, Method::Delete, &lease_path(), &json!({}));
    }

    /// Deletes the Lease, if there is one, and makes another one.
    pub(super) fn replace_lease(&mut self, real: Micros) {
        self.delete_lease(real);
        self.write(real, Method::Post, &leases_path(), &lease(&json!({})));
    }

    /// What is not an election's: a label and an annotation.
    pub(super) fn edit_label(&mut self, real: Micros) {
        self.edits = self.edits.saturating_add(1);
        let edited = json!({"edited": self.edits.to_string()});
        let patch = json!({"metadata": {"labels": edited, "annotations": edited}});
        self.write(real, Method::Patch, &lease_path(), &patch);
    }

    fn write(&mut self, real: Micros, method: Method, target: &str, body: &Value) {
        let body = body.to_string();
        let content_type = match method {
            Method::Patch => "application/merge-patch+json",
            _ => "application/json",
        };
        let request = FakeRequest {
            content_type: Some(content_type),
            ..FakeRequest::json(method, target, body.as_bytes()).with_token(ADMIN)
        };
        // People are not sent away by an overloaded server.
        let overload = self.api.overload.take();
        let _ = self.api.handle(right(real), &request);
        self.api.overload = overload;
    }

    /// The view that the server's objects make: of all whom they tell of, and of those who are admitted.
    pub(super) fn views(&mut self, real: Micros, plan: &Plan) -> Result<(View, View), PlanError> {
        let mut listing = Listing::new(plan.listing(0)?.build().map_err(PlanError::new)?);
        let now = right(real);
        let mut actions: Vec<_> = listing.handle(now, Input::Start).into_iter().collect();
        while let Some(action) = actions.pop() {
            match action {
                Action::Emit(ListingEvent::Listed(snapshot)) => {
                    let of = |admission| -> Result<View, PlanError> {
                        Ok(View::of(&snapshot.objects, &Policy { admission, ..Plan::policy()? }))
                    };
                    return Ok((of(Admission::Any)?, of(Admission::Ready)?));
                }
                Action::Send { id, request } => {
                    let asked = FakeRequest::get(request.target()).with_token(ADMIN);
                    let FakeAnswer::Complete(response) = self.api.handle(now, &asked) else { continue };
                    let head = AnswerPart::Head(Head { status: response.status, retry_after: None });
                    for part in [head, AnswerPart::Chunk(&response.body), AnswerPart::End] {
                        actions.extend(listing.handle(now, Input::Answer { id, part }));
                    }
                }
                _ => {}
            }
        }
        Err(PlanError::new("the server does not list its members"))
    }
}

fn user(node: usize) -> String {
    format!("node-{node}")
}

fn pod(number: u64, is_ready: bool) -> Value {
    let address = address(number);
    json!({
        "kind": "Pod", "apiVersion": "v1",
        "metadata": {"name": pod_name(number), "namespace": NAMESPACE, "labels": {LABEL.0: LABEL.1}},
        "spec": {"nodeName": "node", "containers": [{"name": "app", "image": "x"}]},
        "status": {
            "phase": "Running", "podIP": address, "podIPs": [{"ip": address}], "conditions": conditions(is_ready),
        },
    })
}

fn conditions(is_ready: bool) -> Value {
    json!([{"type": "Ready", "status": if is_ready { "True" } else { "False" }}])
}

fn pod_name(number: u64) -> String {
    format!("pod-{number}")
}

fn pod_path(number: u64) -> String {
    format!("/api/v1/namespaces/{NAMESPACE}/pods/{}", pod_name(number))
}

/// As somebody makes it who knows of more than elections (E6).
fn lease(spec: &Value) -> Value {
    json!({
        "kind": "Lease", "apiVersion": "coordination.k8s.io/v1",
        "metadata": {
            "name": LEASE, "namespace": NAMESPACE,
            "labels": {"made-by": "hand", LABEL.0: LABEL.1},
            "annotations": {"example.com/owner": "us", "note": "kept"},
        },
        "spec": spec,
    })
}

fn leases_path() -> String {
    format!("/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases")
}

fn lease_path() -> String {
    format!("{}/{LEASE}", leases_path())
}

/// No two pods ever have the same.
fn address(number: u64) -> String {
    let [.., one, two, three] = number.to_be_bytes();
    format!("10.{one}.{two}.{three}")
}
