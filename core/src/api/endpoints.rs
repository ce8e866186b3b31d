//! [Endpoints](https://kubernetes.io/docs/reference/kubernetes-api/service-resources/endpoints-v1/), as far as membership
//! reads it. Deprecated since Kubernetes 1.33, and cut at 1,000 addresses.

use alloc::vec::Vec;

use serde::Deserialize;

use super::decode::{Text, object_or_null, objects_or_null};
use super::object_meta::ObjectMeta;
use super::target::TargetReference;

#[derive(Deserialize)]
pub(crate) struct Endpoints<'a> {
    #[serde(borrow, default, deserialize_with = "object_or_null")]
    pub(crate) metadata: ObjectMeta<'a>,
    #[serde(borrow, default, deserialize_with = "objects_or_null")]
    pub(crate) subsets: Vec<Subset<'a>>,
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
