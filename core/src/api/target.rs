//! The reference by which an endpoint names the object behind it.

use serde::Deserialize;

use super::decode::Text;

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct TargetReference<'a> {
    #[serde(borrow)]
    pub(crate) kind: Text<'a>,
    #[serde(borrow)]
    pub(crate) namespace: Text<'a>,
    #[serde(borrow)]
    pub(crate) name: Text<'a>,
    #[serde(borrow)]
    pub(crate) uid: Text<'a>,
}

impl TargetReference<'_> {
    /// Whether there is a pod behind the endpoint. Endpoints made by hand have no reference at all, or one to a Node.
    pub(crate) fn is_pod(&self) -> bool {
        &*self.kind == "Pod"
    }
}
