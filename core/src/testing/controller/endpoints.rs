//! The Endpoints of a Service.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use serde_json::{Value, json};

use super::{Endpoint, families, labels, ports_key, publishes_unready};
use crate::testing::FakeApi;
use crate::testing::kind::Kind;
use crate::testing::object;
use crate::testing::store::Key;
use crate::time::Now;

/// [More addresses than this](https://kubernetes.io/docs/concepts/services-networking/service/#over-capacity-endpoints) are
/// left out.
const CAPACITY: usize = 1000;

#[derive(Default)]
struct Subset {
    ready: Vec<Value>,
    unready: Vec<Value>,
    ports: Vec<Value>,
}

pub(super) fn follow(api: &mut FakeApi, now: Now, service: &Value, endpoints: &[Endpoint<'_>]) {
    let (namespace, name) = (object::namespace(service), object::name(service));
    let family = families(service).into_iter().next().unwrap_or_default();
    let (subsets, is_truncated) = subsets(service, endpoints, &family);
    let labels = labels(service, &[("endpoints.kubernetes.io/managed-by", "endpoint-controller")]);
    let mut desired = json!({"metadata": {"name": name, "labels": labels}, "subsets": subsets});
    if is_truncated {
        object::set_meta(&mut desired, "annotations", json!({"endpoints.kubernetes.io/over-capacity": "truncated"}));
    }
    api.apply(now, &Key::new(Kind::Endpoints, namespace, name), desired);
}

/// The addresses by their ports; ready ones have precedence when there are too many.
fn subsets(service: &Value, endpoints: &[Endpoint<'_>], family: &str) -> (Vec<Value>, bool) {
    let wanted = |endpoint: &&Endpoint<'_>| !endpoint.terminating || publishes_unready(service);
    let mut entries: Vec<(bool, &str, &Endpoint<'_>)> = endpoints
        .iter()
        .filter(wanted)
        .filter_map(|endpoint| Some((!endpoint.ready, endpoint.address(family)?, endpoint)))
        .collect();
    entries.sort_by_key(|(unready, address, _)| (*unready, *address));
    let is_truncated = entries.len() > CAPACITY;
    let mut subsets = BTreeMap::<String, Subset>::new();
    for (unready, address, endpoint) in entries.into_iter().take(CAPACITY) {
        let subset = subsets.entry(ports_key(&endpoint.ports)).or_default();
        subset.ports.clone_from(&endpoint.ports);
        let list = if unready { &mut subset.unready } else { &mut subset.ready };
        list.push(address_of(service, endpoint, address));
    }
    (subsets.into_values().map(Subset::into_value).collect(), is_truncated)
}

fn address_of(service: &Value, endpoint: &Endpoint<'_>, address: &str) -> Value {
    let mut value = json!({"ip": address, "targetRef": endpoint.reference()});
    let node = object::text(endpoint.pod, "/spec/nodeName");
    if !node.is_empty() {
        object::set(&mut value, "nodeName", json!(node));
    }
    if let Some(hostname) = endpoint.hostname(service) {
        object::set(&mut value, "hostname", json!(hostname));
    }
    value
}

impl Subset {
    fn into_value(self) -> Value {
        let mut value = json!({});
        for (field, list) in [("addresses", self.ready), ("notReadyAddresses", self.unready), ("ports", self.ports)] {
            if !list.is_empty() {
                object::set(&mut value, field, Value::Array(list));
            }
        }
        value
    }
}
