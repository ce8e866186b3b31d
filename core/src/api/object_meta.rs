//! [ObjectMeta](https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/), as far as membership
//! reads it: the fields of all kinds together, each absent where a kind has no use for it.

use serde::Deserialize;

use super::decode::{Text, object_or_null};

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct ObjectMeta<'a> {
    #[serde(borrow)]
    pub(crate) name: Text<'a>,
    #[serde(borrow)]
    pub(crate) namespace: Text<'a>,
    #[serde(borrow)]
    pub(crate) uid: Text<'a>,
    #[serde(borrow)]
    pub(crate) resource_version: Text<'a>,
    /// Set once deletion was asked for: the object is terminating from then on.
    #[serde(borrow)]
    pub(crate) deletion_timestamp: Text<'a>,
    #[serde(borrow, deserialize_with = "object_or_null")]
    labels: Labels<'a>,
    #[serde(borrow, deserialize_with = "object_or_null")]
    annotations: Annotations<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Labels<'a> {
    #[serde(borrow, rename = "kubernetes.io/service-name")]
    service_name: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Annotations<'a> {
    #[serde(borrow, rename = "endpoints.kubernetes.io/over-capacity")]
    over_capacity: Text<'a>,
}

impl<'a> ObjectMeta<'a> {
    /// The Service that an EndpointSlice belongs to
    /// ([ownership](https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/#ownership)).
    pub(crate) const fn service_name(&self) -> &Text<'a> {
        &self.labels.service_name
    }

    /// Whether addresses of an Endpoints object are missing because there are more than 1,000
    /// ([over-capacity](https://kubernetes.io/docs/concepts/services-networking/service/#over-capacity-endpoints)).
    pub(crate) fn is_truncated(&self) -> bool {
        &*self.annotations.over_capacity == "truncated"
    }
}
