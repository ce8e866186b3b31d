//! [Pod](https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/), as far as membership reads it.

use alloc::vec::Vec;

use serde::Deserialize;

use super::decode::{Text, object_or_null, objects_or_null};
use super::object_meta::ObjectMeta;

#[derive(Deserialize)]
pub(crate) struct Pod<'a> {
    #[serde(borrow, default, deserialize_with = "object_or_null")]
    pub(crate) metadata: ObjectMeta<'a>,
    #[serde(borrow, default, deserialize_with = "object_or_null")]
    pub(crate) spec: Spec<'a>,
    #[serde(borrow, default, deserialize_with = "object_or_null")]
    pub(crate) status: Status<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Spec<'a> {
    #[serde(borrow)]
    pub(crate) hostname: Text<'a>,
    /// Names the Service under which the pod's host name resolves.
    #[serde(borrow)]
    pub(crate) subdomain: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Status<'a> {
    #[serde(borrow)]
    pub(crate) phase: Text<'a>,
    #[serde(borrow, rename = "podIP")]
    pub(crate) pod_ip: Text<'a>,
    #[serde(borrow, rename = "podIPs", deserialize_with = "objects_or_null")]
    pub(crate) pod_ips: Vec<PodIp<'a>>,
    #[serde(borrow, deserialize_with = "objects_or_null")]
    conditions: Vec<Condition<'a>>,
}

impl Status<'_> {
    /// Whether the pod's `Ready` condition holds
    /// ([pod conditions](https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-conditions)).
    pub(crate) fn is_ready(&self) -> bool {
        self.conditions.iter().any(|condition| &*condition.kind == "Ready" && &*condition.status == "True")
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct PodIp<'a> {
    #[serde(borrow)]
    pub(crate) ip: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Condition<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow)]
    status: Text<'a>,
}
