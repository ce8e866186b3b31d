//! The EndpointSlices of a Service: one group for each address family and list of ports, a hundred endpoints each.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde_json::{Value, json};

use super::{Endpoint, families, labels, ports_key};
use crate::testing::FakeApi;
use crate::testing::kind::Kind;
use crate::testing::object;
use crate::testing::store::Key;
use crate::time::Now;

/// `--max-endpoints-per-slice`
const CAPACITY: usize = 100;
const SERVICE_NAME: &str = "kubernetes.io/service-name";
const MANAGED_BY: &str = "endpointslice.kubernetes.io/managed-by";
const MANAGER: &str = "endpointslice-controller.k8s.io";

/// The slices that the controller made for a Service.
pub(super) fn of_service(api: &FakeApi, namespace: &str, service: &str) -> Vec<(Key, Arc<Value>)> {
    let is_own = |slice: &Value| {
        let label = |name: &str| object::map(slice, "/metadata/labels").and_then(|labels| labels.get(name)?.as_str());
        label(SERVICE_NAME) == Some(service) && label(MANAGED_BY) == Some(MANAGER)
    };
    let slices = api.store.in_namespace(Kind::EndpointSlice, namespace);
    slices.filter(|(_, slice)| is_own(slice)).map(|(key, slice)| (key.clone(), Arc::clone(slice))).collect()
}

pub(super) fn follow(api: &mut FakeApi, now: Now, service: &Value, endpoints: &[Endpoint<'_>]) {
    let (namespace, name) = (object::namespace(service), object::name(service));
    let mut groups = groups(service, endpoints);
    for (key, slice) in of_service(api, namespace, name) {
        let group = groups.get_mut(&group_key(object::text(&slice, "/addressType"), object::list(&slice, "/ports")));
        match group.and_then(|group| group.refill(&slice)) {
            Some((group, endpoints)) => api.apply(now, &key, group.slice(service, endpoints)),
            None => {
                api.commit(key, None);
            }
        }
    }
    for group in groups.values_mut() {
        while let Some(endpoints) = group.next_slice() {
            let mut slice = group.slice(service, endpoints);
            object::set_meta(&mut slice, "generateName", json!(format!("{name}-")));
            let _ = api.insert(now, Kind::EndpointSlice, namespace, slice);
        }
    }
}

/// The endpoints of one family and list of ports.
struct Group {
    family: String,
    ports: Vec<Value>,
    /// Those that are in no slice yet, by pod.
    waiting: BTreeMap<String, Value>,
    has_slice: bool,
}

impl Group {
    /// What an existing slice is to hold: those that it has and that still exist, then new ones. `None` for a slice that is
    /// of no use any more.
    fn refill(&mut self, slice: &Value) -> Option<(&Self, Vec<Value>)> {
        let names = object::list(slice, "/endpoints").iter().map(|one| object::text(one, "/targetRef/name"));
        let mut endpoints: Vec<Value> = names.filter_map(|name| self.waiting.remove(name)).collect();
        self.fill(&mut endpoints);
        // One slice stays even when it is empty, as a sign that the Service has been seen to.
        if endpoints.is_empty() && self.has_slice {
            return None;
        }
        self.has_slice = true;
        Some((self, endpoints))
    }

    fn next_slice(&mut self) -> Option<Vec<Value>> {
        if self.waiting.is_empty() && self.has_slice {
            return None;
        }
        self.has_slice = true;
        let mut endpoints = Vec::new();
        self.fill(&mut endpoints);
        Some(endpoints)
    }

    fn fill(&mut self, endpoints: &mut Vec<Value>) {
        while endpoints.len() < CAPACITY
            && let Some((_, endpoint)) = self.waiting.pop_first()
        {
            endpoints.push(endpoint);
        }
    }

    fn slice(&self, service: &Value, endpoints: Vec<Value>) -> Value {
        let owner = json!({
            "apiVersion": "v1", "kind": "Service", "name": object::name(service), "uid": object::uid(service),
            "controller": true, "blockOwnerDeletion": true,
        });
        let labels = labels(service, &[(MANAGED_BY, MANAGER), (SERVICE_NAME, object::name(service))]);
        json!({
            "metadata": {"labels": labels, "ownerReferences": [owner]},
            "addressType": self.family, "endpoints": endpoints, "ports": self.ports,
        })
    }
}

fn group_key(family: &str, ports: &[Value]) -> String {
    format!("{family} {}", ports_key(ports))
}

fn groups(service: &Value, endpoints: &[Endpoint<'_>]) -> BTreeMap<String, Group> {
    let mut groups = BTreeMap::new();
    for family in families(service) {
        for endpoint in endpoints {
            let Some(address) = endpoint.address(&family) else { continue };
            let new = || Group {
                family: family.clone(),
                ports: endpoint.ports.clone(),
                waiting: BTreeMap::new(),
                has_slice: false,
            };
            let group = groups.entry(group_key(&family, &endpoint.ports)).or_insert_with(new);
            group.waiting.insert(object::name(endpoint.pod).to_string(), endpoint_of(service, endpoint, address));
        }
        // A Service without endpoints has an empty slice, without ports.
        if !groups.values().any(|group: &Group| group.family == family) {
            let empty = Group { family: family.clone(), ports: Vec::new(), waiting: BTreeMap::new(), has_slice: false };
            groups.insert(group_key(&family, &[]), empty);
        }
    }
    groups
}

fn endpoint_of(service: &Value, endpoint: &Endpoint<'_>, address: &str) -> Value {
    let Endpoint { ready, serving, terminating, .. } = endpoint;
    let mut value = json!({
        "addresses": [address],
        "conditions": {"ready": ready, "serving": serving, "terminating": terminating},
        "targetRef": endpoint.reference(),
    });
    let zone =
        object::map(endpoint.pod, "/metadata/labels").and_then(|labels| labels.get("topology.kubernetes.io/zone"));
    let node = object::text(endpoint.pod, "/spec/nodeName");
    if !node.is_empty() {
        object::set(&mut value, "nodeName", json!(node));
        object::set(&mut value, "zone", zone.cloned().unwrap_or_default());
    }
    if let Some(hostname) = endpoint.hostname(service) {
        object::set(&mut value, "hostname", json!(hostname));
    }
    value
}
