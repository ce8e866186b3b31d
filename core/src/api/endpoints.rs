//! [Endpoints](https://kubernetes.io/docs/reference/kubernetes-api/service-resources/endpoints-v1/), as far as membership
//! reads it. Deprecated since Kubernetes 1.33, and cut at 1,000 addresses.

use alloc::vec::Vec;

use serde::Deserialize;

use super::decode::{Text, object_or_null, objects_or_null};
use super::target::TargetReference;

#[derive(Deserialize)]
pub(crate) struct Endpoints<'a> {
    #[serde(borrow, default, deserialize_with = "object_or_null")]
    pub(crate) metadata: Metadata<'a>,
    #[serde(borrow, default, deserialize_with = "objects_or_null")]
    pub(crate) subsets: Vec<Subset<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Metadata<'a> {
    #[serde(borrow)]
    pub(crate) name: Text<'a>,
    #[serde(borrow)]
    pub(crate) namespace: Text<'a>,
    #[serde(borrow)]
    pub(crate) resource_version: Text<'a>,
    #[serde(borrow, deserialize_with = "object_or_null")]
    annotations: Annotations<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Annotations<'a> {
    #[serde(borrow, rename = "endpoints.kubernetes.io/over-capacity")]
    over_capacity: Text<'a>,
}

impl Metadata<'_> {
    /// Whether addresses are missing because there are more than 1,000
    /// ([over-capacity](https://kubernetes.io/docs/concepts/services-networking/service/#over-capacity-endpoints)).
    pub(crate) fn is_truncated(&self) -> bool {
        &*self.annotations.over_capacity == "truncated"
    }
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Subset<'a> {
    #[serde(borrow, deserialize_with = "objects_or_null")]
    pub(crate) addresses: Vec<Address<'a>>,
    #[serde(borrow, deserialize_with = "objects_or_null")]
    pub(crate) not_ready_addresses: Vec<Address<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Address<'a> {
    #[serde(borrow)]
    pub(crate) ip: Text<'a>,
    #[serde(borrow)]
    pub(crate) hostname: Text<'a>,
    #[serde(borrow, deserialize_with = "object_or_null")]
    pub(crate) target_ref: TargetReference<'a>,
}
