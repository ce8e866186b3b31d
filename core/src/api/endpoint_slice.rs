//! [EndpointSlice](https://kubernetes.io/docs/reference/kubernetes-api/service-resources/endpoint-slice-v1/), as far as
//! membership reads it.

use alloc::vec::Vec;

use serde::Deserialize;

use super::decode::{Text, first_or_null, object_or_null, objects_or_null};
use super::object_meta::ObjectMeta;
use super::target::TargetReference;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EndpointSlice<'a> {
    #[serde(borrow, default, deserialize_with = "object_or_null")]
    pub(crate) metadata: ObjectMeta<'a>,
    #[serde(borrow, default)]
    pub(crate) address_type: Text<'a>,
    #[serde(borrow, default, deserialize_with = "objects_or_null")]
    pub(crate) endpoints: Vec<Endpoint<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Endpoint<'a> {
    /// "The first is the one to use": <https://github.com/kubernetes/kubernetes/issues/106267>
    #[serde(borrow, default, rename = "addresses", deserialize_with = "first_or_null")]
    pub(crate) address: Text<'a>,
    #[serde(default, deserialize_with = "object_or_null")]
    pub(crate) conditions: Conditions,
    #[serde(borrow, default)]
    pub(crate) hostname: Text<'a>,
    #[serde(borrow, default, deserialize_with = "object_or_null")]
    pub(crate) target_ref: TargetReference<'a>,
}

/// [Conditions](https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/#conditions) of one endpoint.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Conditions {
    ready: Option<bool>,
    serving: Option<bool>,
    terminating: Option<bool>,
}

impl Conditions {
    /// Unknown means ready: "consumers should interpret this unknown state as ready".
    pub(crate) fn ready(&self) -> bool {
        self.ready.unwrap_or(true)
    }

    /// Unknown means "defer to the ready condition".
    pub(crate) fn serving(&self) -> bool {
        self.serving.unwrap_or_else(|| self.ready())
    }

    /// Unknown means not terminating.
    pub(crate) fn terminating(&self) -> bool {
        self.terminating.unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_conditions_read_as_the_documentation_says() {
        let conditions = |json: &str| serde_json::from_str::<Conditions>(json).unwrap();
        let unknown = conditions(r#"{"ready":null}"#);
        assert!(unknown.ready() && unknown.serving() && !unknown.terminating());
        let not_ready = conditions(r#"{"ready":false}"#);
        assert!(!not_ready.ready() && !not_ready.serving());
        let draining = conditions(r#"{"ready":false,"serving":true,"terminating":true}"#);
        assert!(!draining.ready() && draining.serving() && draining.terminating());
    }
}
