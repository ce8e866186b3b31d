//! What the server fills in where a client said nothing, as far as clients of ours look at it.

use serde_json::{Value, json};

use super::kind::Kind;
use super::object;

pub(super) fn apply(kind: Kind, object: &mut Value) {
    match kind {
        Kind::Pod => pod(object),
        Kind::Service => service(object),
        Kind::Lease => object::set_default(object, "spec", json!({})),
        Kind::EndpointSlice => {
            for endpoint in object.get_mut("endpoints").and_then(Value::as_array_mut).into_iter().flatten() {
                object::set_default(endpoint, "conditions", json!({}));
            }
        }
        Kind::Endpoints | Kind::Event => {}
    }
}

fn pod(object: &mut Value) {
    object::set_default(object, "spec", json!({}));
    if let Some(spec) = object.get_mut("spec") {
        for (field, value) in [
            ("dnsPolicy", json!("ClusterFirst")),
            ("enableServiceLinks", json!(true)),
            ("restartPolicy", json!("Always")),
            ("schedulerName", json!("default-scheduler")),
            ("securityContext", json!({})),
            ("terminationGracePeriodSeconds", json!(30)),
        ] {
            object::set_default(spec, field, value);
        }
    }
    object::set_default(object, "status", pending());
}

/// The status of a pod that was just created.
pub(super) fn pending() -> Value {
    json!({"phase": "Pending", "qosClass": "BestEffort"})
}

fn service(object: &mut Value) {
    object::set_default(object, "spec", json!({}));
    object::set_default(object, "status", json!({"loadBalancer": {}}));
    let is_dual = matches!(object::text(object, "/spec/ipFamilyPolicy"), "PreferDualStack" | "RequireDualStack");
    let cluster_ip = object.pointer("/spec/clusterIP").cloned();
    let Some(spec) = object.get_mut("spec") else { return };
    for (field, value) in [
        ("internalTrafficPolicy", json!("Cluster")),
        ("ipFamilies", if is_dual { json!(["IPv4", "IPv6"]) } else { json!(["IPv4"]) }),
        ("ipFamilyPolicy", json!("SingleStack")),
        ("sessionAffinity", json!("None")),
        ("type", json!("ClusterIP")),
    ] {
        object::set_default(spec, field, value);
    }
    if let Some(ip) = cluster_ip {
        object::set_default(spec, "clusterIPs", json!([ip]));
    }
    for port in spec.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten() {
        let number = port.get("port").cloned().unwrap_or_default();
        object::set_default(port, "protocol", json!("TCP"));
        object::set_default(port, "targetPort", number);
    }
}
