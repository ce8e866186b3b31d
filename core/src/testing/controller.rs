//! A small controller: for each Service with a selector, its Endpoints and its slices follow the pods.
//!
//! After [the real one](https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/#management), but at once.

mod endpoints;
mod slices;

use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde_json::{Map, Value, json};

use super::FakeApi;
use super::kind::Kind;
use super::object;
use super::store::Key;
use super::write::Half;
use crate::time::Now;

const HEADLESS: &str = "service.kubernetes.io/headless";

/// A pod as an endpoint of one Service.
struct Endpoint<'a> {
    pod: &'a Value,
    ports: Vec<Value>,
    ready: bool,
    serving: bool,
    terminating: bool,
}

impl FakeApi {
    /// Pods or Services of a namespace have changed: its Endpoints and slices follow, at once or after the delay.
    pub(super) fn follow_pods(&mut self, now: Now, namespace: &str) {
        match self.endpoints_delay {
            Some(delay) => {
                let due = now.instant.saturating_add(delay);
                self.unfollowed.entry(namespace.to_string()).or_insert(due);
            }
            None => self.update_endpoints(now, namespace),
        }
    }

    /// Lets those follow whose delay is over.
    pub(super) fn advance_endpoints(&mut self, now: Now) {
        let due = self.unfollowed.iter().filter(|(_, due)| **due <= now.instant);
        let due: Vec<String> = due.map(|(namespace, _)| namespace.clone()).collect();
        for namespace in due {
            self.unfollowed.remove(&namespace);
            self.update_endpoints(now, &namespace);
        }
    }

    /// Brings the Endpoints and slices of a namespace up to date.
    fn update_endpoints(&mut self, now: Now, namespace: &str) {
        let services: Vec<Arc<Value>> =
            self.store.in_namespace(Kind::Service, namespace).map(|(_, service)| Arc::clone(service)).collect();
        if services.is_empty() {
            return;
        }
        let pods: Vec<Arc<Value>> =
            self.store.in_namespace(Kind::Pod, namespace).map(|(_, pod)| Arc::clone(pod)).collect();
        for service in services {
            if let Some(selector) = object::map(&service, "/spec/selector").filter(|selector| !selector.is_empty()) {
                let endpoints: Vec<Endpoint<'_>> = pods
                    .iter()
                    .filter(|pod| is_selected(pod, selector))
                    .filter_map(|pod| Endpoint::new(pod, &service))
                    .collect();
                endpoints::follow(self, now, &service, &endpoints);
                slices::follow(self, now, &service, &endpoints);
            }
        }
    }

    /// Removes what belongs to a Service that was deleted.
    pub(super) fn forget_service(&mut self, service: &Key) {
        let endpoints = Key { kind: Kind::Endpoints, path: service.path.clone() };
        let slices = slices::of_service(self, service.namespace(), service.name());
        for key in slices.into_iter().map(|(key, _)| key).chain([endpoints]) {
            if self.store.get(&key).is_some() {
                self.commit(key, None);
            }
        }
    }

    /// Writes an object of the controller's. Its own objects are always valid.
    fn apply(&mut self, now: Now, key: &Key, desired: Value) {
        match self.store.get(key).cloned() {
            Some(current) => {
                let mut object = Value::clone(&current);
                object::merge(&mut object, &desired);
                for field in ["labels", "annotations"] {
                    let value = desired.pointer(&alloc::format!("/metadata/{field}")).cloned();
                    object::set_meta(&mut object, field, value.unwrap_or_default());
                }
                let _ = self.update(key, Half::Main, &current, object);
            }
            None => {
                let _ = self.insert(now, key.kind, key.namespace(), desired);
            }
        }
    }
}

impl<'a> Endpoint<'a> {
    /// None if the pod has no address, or has ended.
    fn new(pod: &'a Value, service: &Value) -> Option<Self> {
        let has_ended = matches!(object::text(pod, "/status/phase"), "Failed" | "Succeeded");
        if has_ended || addresses(pod).next().is_none() {
            return None;
        }
        let serving = object::list(pod, "/status/conditions")
            .iter()
            .any(|one| object::text(one, "/type") == "Ready" && object::text(one, "/status") == "True");
        let terminating = object::is_terminating(pod);
        let ready = publishes_unready(service) || serving && !terminating;
        Some(Self { pod, ports: ports(pod, service), ready, serving, terminating })
    }

    fn address(&self, family: &str) -> Option<&'a str> {
        addresses(self.pod).find(|address| address.contains(':') == (family == "IPv6"))
    }

    fn hostname(&self, service: &Value) -> Option<&'a str> {
        let subdomain = object::text(self.pod, "/spec/subdomain");
        let hostname = object::text(self.pod, "/spec/hostname");
        (!hostname.is_empty() && subdomain == object::name(service)).then_some(hostname)
    }

    fn reference(&self) -> Value {
        json!({
            "kind": "Pod", "namespace": object::namespace(self.pod), "name": object::name(self.pod),
            "uid": object::uid(self.pod),
        })
    }
}

fn publishes_unready(service: &Value) -> bool {
    service.pointer("/spec/publishNotReadyAddresses").and_then(Value::as_bool).unwrap_or_default()
}

fn is_selected(pod: &Value, selector: &Map<String, Value>) -> bool {
    let labels = object::map(pod, "/metadata/labels");
    selector.iter().all(|(key, value)| labels.and_then(|labels| labels.get(key)) == Some(value))
}

fn addresses(pod: &Value) -> impl Iterator<Item = &str> {
    let all = object::list(pod, "/status/podIPs");
    let only = Some(object::text(pod, "/status/podIP")).filter(|_| all.is_empty());
    all.iter().map(|entry| object::text(entry, "/ip")).chain(only).filter(|address| !address.is_empty())
}

/// The Service's ports as this pod has them.
fn ports(pod: &Value, service: &Value) -> Vec<Value> {
    let resolve = |port: &Value| -> Option<Value> {
        let number = match port.get("targetPort") {
            Some(Value::String(name)) => container_port(pod, name)?,
            Some(number) => number.as_i64()?,
            None => object::integer(port, "/port")?,
        };
        let mut resolved = json!({"port": number, "protocol": object::text(port, "/protocol")});
        object::set(&mut resolved, "name", port.get("name").cloned().unwrap_or_default());
        Some(resolved)
    };
    object::list(service, "/spec/ports").iter().filter_map(resolve).collect()
}

fn container_port(pod: &Value, name: &str) -> Option<i64> {
    let containers = object::list(pod, "/spec/containers").iter();
    let mut ports = containers.flat_map(|container| object::list(container, "/ports"));
    ports.find(|port| object::text(port, "/name") == name).and_then(|port| object::integer(port, "/containerPort"))
}

/// The Service's labels, and those that say whose the object is.
fn labels(service: &Value, own: &[(&str, &str)]) -> Value {
    let mut labels = object::map(service, "/metadata/labels").cloned().unwrap_or_default();
    for (key, value) in own {
        labels.insert((*key).to_string(), json!(value));
    }
    if object::text(service, "/spec/clusterIP") == "None" {
        labels.insert(HEADLESS.to_string(), json!(""));
    }
    Value::Object(labels)
}

/// What makes two lists of ports the same.
fn ports_key(ports: &[Value]) -> String {
    serde_json::to_string(ports).unwrap_or_default()
}

/// The address families of a Service.
fn families(service: &Value) -> Vec<String> {
    object::list(service, "/spec/ipFamilies").iter().filter_map(Value::as_str).map(ToString::to_string).collect()
}
