//! Pods as a kubelet would have reported them, and what the controllers must make of them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::SERVICE_ACCOUNT;
use crate::api_server::NODE;

/// A pod to be made.
#[derive(Clone, Debug)]
pub struct Pod {
    name: String,
    addresses: Vec<String>,
    phase: &'static str,
    ready: bool,
    terminating: bool,
    has_hostname: bool,
    labels: BTreeMap<String, String>,
}

impl Pod {
    /// A pod that is running and ready, with these addresses.
    #[must_use]
    pub fn ready(name: &str, addresses: &[&str]) -> Self {
        Self {
            name: name.to_owned(),
            addresses: addresses.iter().map(|address| (*address).to_owned()).collect(),
            phase: "Running",
            ready: true,
            terminating: false,
            has_hostname: false,
            labels: BTreeMap::new(),
        }
    }

    /// So many pods that are ready, named and numbered as a StatefulSet does, with the addresses 10.1.0.1 and so on.
    #[must_use]
    pub fn stateful_set(name: &str, count: u8) -> Vec<Self> {
        let pod = |index: u8| {
            Self::ready(&format!("{name}-{index}"), &[&format!("10.1.0.{}", index.saturating_add(1))]).with_hostname()
        };
        (0..count).map(pod).collect()
    }

    /// Its host name is its own, in the domain of its Service, as in a StatefulSet.
    #[must_use]
    pub fn with_hostname(mut self) -> Self {
        self.has_hostname = true;
        self
    }

    /// Its readiness probe fails.
    #[must_use]
    pub fn not_ready(mut self) -> Self {
        self.ready = false;
        self
    }

    /// In this phase instead of `Running`, and not ready.
    #[must_use]
    pub fn in_phase(self, phase: &'static str) -> Self {
        Self { phase, ..self.not_ready() }
    }

    /// Its deletion has been asked for.
    #[must_use]
    pub fn terminating(mut self) -> Self {
        self.terminating = true;
        self
    }

    /// With one more label.
    #[must_use]
    pub fn label(mut self, key: &str, value: &str) -> Self {
        self.labels.insert(key.to_owned(), value.to_owned());
        self
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(super) const fn is_terminating(&self) -> bool {
        self.terminating
    }

    pub(super) fn object(&self, namespace: &str, service: &str) -> Value {
        let mut labels = self.labels.clone();
        labels.insert("app".to_owned(), service.to_owned());
        let mut spec = json!({
            "serviceAccountName": SERVICE_ACCOUNT, "nodeName": NODE,
            "containers": [{"name": "main", "image": "none"}],
        });
        if let (true, Some(spec)) = (self.has_hostname, spec.as_object_mut()) {
            spec.insert("hostname".to_owned(), json!(self.name));
            spec.insert("subdomain".to_owned(), json!(service));
        }
        let mut status = json!({
            "phase": self.phase,
            "conditions": [{"type": "Ready", "status": if self.ready { "True" } else { "False" }}],
        });
        if let (Some(first), Some(status)) = (self.addresses.first(), status.as_object_mut()) {
            let all: Vec<_> = self.addresses.iter().map(|ip| json!({"ip": ip})).collect();
            status.insert("podIP".to_owned(), json!(first));
            status.insert("podIPs".to_owned(), json!(all));
        }
        json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"namespace": namespace, "name": self.name, "labels": labels},
            "spec": spec,
            "status": status,
        })
    }

    fn has_ended(&self) -> bool {
        ["Failed", "Succeeded"].contains(&self.phase)
    }

    /// What slices must tell of each of its addresses.
    pub(super) fn in_slices(&self) -> Vec<Told> {
        let addresses = self.addresses.iter().filter(|_| !self.has_ended());
        let told = addresses.map(|address| Told {
            pod: self.name.clone(),
            address: address.clone(),
            ready: self.ready && !self.terminating,
            terminating: self.terminating,
        });
        told.collect()
    }

    /// What Endpoints must tell: the Service's first family only, here IPv4, and nobody who is terminating.
    pub(super) fn in_endpoints(&self) -> Option<Told> {
        self.in_slices().into_iter().find(|told| told.address.contains('.') && !told.terminating)
    }
}

/// What the controllers say of one address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Told {
    pod: String,
    address: String,
    ready: bool,
    terminating: bool,
}

pub(super) fn told_by_slices(list: &Value) -> BTreeSet<Told> {
    let endpoints = items(list, "/items").flat_map(|slice| items(slice, "/endpoints"));
    let told = endpoints.map(|endpoint| {
        let condition =
            |name| endpoint.pointer(&format!("/conditions/{name}")).and_then(Value::as_bool).unwrap_or_default();
        Told {
            pod: text(endpoint, "/targetRef/name"),
            address: text(endpoint, "/addresses/0"),
            ready: condition("ready"),
            terminating: condition("terminating"),
        }
    });
    told.collect()
}

pub(super) fn told_by_endpoints(list: &Value) -> BTreeSet<Told> {
    let subsets = items(list, "/items").flat_map(|endpoints| items(endpoints, "/subsets"));
    let told = subsets.flat_map(|subset| {
        let lists = [("/addresses", true), ("/notReadyAddresses", false)];
        lists.into_iter().flat_map(|(pointer, ready)| {
            items(subset, pointer).map(move |address| Told {
                pod: text(address, "/targetRef/name"),
                address: text(address, "/ip"),
                ready,
                terminating: false,
            })
        })
    });
    told.collect()
}

fn text(value: &Value, pointer: &str) -> String {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// The items of a list inside a value; none where there is no list.
fn items<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    value.pointer(pointer).and_then(Value::as_array).into_iter().flatten()
}
