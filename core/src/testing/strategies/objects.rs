//! Objects that tell of members, as JSON, and pages of them.
//!
//! All names and addresses are of a few, so that objects meet: several tell of one pod, and several pods want one name.
//!
//! ```
//! use proptest::prelude::*;
//! use quorate_core::membership::document;
//! use quorate_core::testing::strategies::objects;
//!
//! proptest!(|(pod in objects::pods())| {
//!     prop_assert_eq!(document::decode(pod.to_string().as_bytes())?.objects.len(), 1);
//! });
//! ```

use alloc::format;
use alloc::string::ToString as _;
use alloc::vec::Vec;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::membership::Source;

const NAMESPACES: [&str; 2] = ["lab", "ops"];

/// The last ones are no pod's.
const ADDRESSES: [&str; 8] = ["10.0.0.1", "10.0.0.2", "10.0.0.3", "fd00::1", "fd00::2", "127.0.0.1", "224.0.0.1", "x"];

/// An object of this source.
pub fn objects(source: Source) -> BoxedStrategy<Value> {
    match source {
        Source::EndpointSlices => slices().boxed(),
        Source::Endpoints => endpoints().boxed(),
        Source::Pods => pods().boxed(),
    }
}

/// A Pod in any phase, ready or not, terminating or not, with one address, two or none.
pub fn pods() -> impl Strategy<Value = Value> {
    let phases = select(&["Pending", "Running", "Running", "Running", "Failed", "Succeeded"][..]);
    let addresses = (option::weighted(0.9, addresses()), option::weighted(0.3, addresses()));
    (metadata("Pod"), phases, addresses, any::<[bool; 2]>(), hostnames()).prop_map(
        |(mut pod, phase, (first, second), [is_ready, is_terminating], hostname)| {
            let addresses: Vec<_> = first.iter().chain(&second).map(|address| json!({"ip": address})).collect();
            let ready = if is_ready { "True" } else { "False" };
            let status = json!({
                "phase": phase, "podIP": first, "podIPs": addresses, "conditions": [{"type": "Ready", "status": ready}],
            });
            if let (true, Some(Value::Object(metadata))) = (is_terminating, pod.get_mut("metadata")) {
                metadata.insert("deletionTimestamp".into(), "2026-11-20T18:04:58Z".into());
            }
            with(pod, [("spec", json!({"hostname": hostname, "subdomain": "web"})), ("status", status)])
        },
    )
}

/// An EndpointSlice of the Service `web`, with up to four endpoints, whose conditions may be unknown.
pub fn slices() -> impl Strategy<Value = Value> {
    let condition = || option::of(any::<bool>());
    let conditions = (condition(), condition(), option::weighted(0.3, any::<bool>()));
    let endpoint = (addresses(), conditions, target(), hostnames()).prop_map(
        |(address, (ready, serving, terminating), target, hostname)| {
            json!({
                "addresses": [address], "hostname": hostname, "targetRef": target,
                "conditions": {"ready": ready, "serving": serving, "terminating": terminating},
            })
        },
    );
    (metadata("EndpointSlice"), vec(endpoint, 0..4))
        .prop_map(|(slice, endpoints)| with(slice, [("addressType", "IPv4".into()), ("endpoints", endpoints.into())]))
}

/// An Endpoints object with one subset, ready addresses in it and others.
pub fn endpoints() -> impl Strategy<Value = Value> {
    let address = || {
        let address = (addresses(), target(), hostnames());
        let address =
            address.prop_map(|(ip, target, hostname)| json!({"ip": ip, "targetRef": target, "hostname": hostname}));
        vec(address, 0..3)
    };
    (metadata("Endpoints"), address(), address()).prop_map(|(endpoints, ready, not_ready)| {
        with(endpoints, [("subsets", json!([{"addresses": ready, "notReadyAddresses": not_ready}]))])
    })
}

/// A whole list of a source, of a version between 1 and 99.
pub fn lists(source: Source) -> impl Strategy<Value = Value> {
    (vec(objects(source), 0..5), 1..100_u64).prop_map(move |(items, version)| {
        let kind = format!("{}List", source.resource().kind());
        json!({"kind": kind, "metadata": {"resourceVersion": version.to_string()}, "items": items})
    })
}

fn addresses() -> impl Strategy<Value = &'static str> {
    select(&ADDRESSES[..])
}

fn hostnames() -> impl Strategy<Value = Option<&'static str>> {
    option::of(select(&["web-0", "web-1", "Not a label"][..]))
}

/// The pod behind an endpoint; endpoints may be made by hand.
fn target() -> impl Strategy<Value = Value> {
    option::weighted(0.8, 0..4_u8).prop_map(|pod| match pod {
        Some(pod) => json!({"kind": "Pod", "name": format!("web-{pod}"), "uid": format!("uid-{pod}")}),
        None => Value::Null,
    })
}

fn metadata(kind: &'static str) -> impl Strategy<Value = Value> {
    (select(&NAMESPACES[..]), 0..4_u8, 1..100_u64).prop_map(move |(namespace, number, version)| {
        json!({"kind": kind, "metadata": {
            "name": format!("web-{number}"), "namespace": namespace, "uid": format!("uid-{number}"),
            "resourceVersion": version.to_string(), "labels": {"app": "web", "kubernetes.io/service-name": "web"},
        }})
    })
}

fn with<const N: usize>(mut object: Value, fields: [(&str, Value); N]) -> Value {
    if let Value::Object(object) = &mut object {
        fields.into_iter().for_each(|(field, value)| drop(object.insert(field.into(), value)));
    }
    object
}
