//! What a case works with: a namespace of its own on the server, and somebody who may do everything.

use std::time::Duration;

use serde_json::{Value, json};

use super::http::{Api, Watch, query};
use super::json::Json;
use super::{NODE, Right, Server};
use crate::eventually::eventually;
use crate::trouble::Trouble;

/// The service account whose rights cases change.
const ACCOUNT: &str = "reader";

/// A server and a fresh namespace.
pub struct Subject<'a> {
    server: &'a dyn Server,
    namespace: String,
    /// Somebody who may do everything.
    pub api: Api,
}

impl<'a> Subject<'a> {
    /// Prepares the namespace.
    ///
    /// # Errors
    ///
    /// When the server refuses.
    pub fn new(server: &'a dyn Server, namespace: &str) -> Result<Self, Trouble> {
        server.add_namespace(namespace)?;
        Ok(Self { server, namespace: namespace.to_owned(), api: Api::new(server.administrator()?)? })
    }

    pub(super) fn namespace(&self) -> &str {
        &self.namespace
    }

    pub(super) fn server(&self) -> &dyn Server {
        self.server
    }

    pub(super) fn pods(&self) -> String {
        format!("/api/v1/namespaces/{}/pods", self.namespace)
    }

    pub(super) fn pod(&self, name: &str) -> String {
        format!("{}/{name}", self.pods())
    }

    pub(super) fn leases(&self) -> String {
        format!("/apis/coordination.k8s.io/v1/namespaces/{}/leases", self.namespace)
    }

    pub(super) fn lease(&self, name: &str) -> String {
        format!("{}/{name}", self.leases())
    }

    pub(super) fn create_pod(&self, name: &str) -> Result<Json, Trouble> {
        self.api.post(&self.pods(), &pod(name))?.created()
    }

    pub(super) fn create_labelled(&self, name: &str, labels: Value) -> Result<Json, Trouble> {
        let pod = Json::new("", pod(name)).with("/metadata/labels", labels)?;
        self.api.post(&self.pods(), &pod)?.created()
    }

    pub(super) fn create_lease(&self, name: &str) -> Result<Json, Trouble> {
        self.api.post(&self.leases(), &lease(name))?.created()
    }

    /// The server forgets, and has come back.
    pub(super) fn forget_history(&self) -> Result<(), Trouble> {
        self.server.forget_history()?;
        eventually("the server answers again", Duration::from_secs(20), || {
            // What the client had open may be cut.
            Ok(self.api.get("/readyz").is_ok_and(|answer| answer.status() == 200).then_some(()))
        })
    }

    /// Removes a pod at once, as a kubelet does when it has ended.
    pub(super) fn remove_pod(&self, name: &str) -> Result<(), Trouble> {
        self.api.delete_with(&self.pod(name), &at_once())?.ok()?;
        Ok(())
    }

    pub(super) fn label(&self, name: &str, labels: Value) -> Result<Json, Trouble> {
        self.api.patch(&self.pod(name), &json!({"metadata": {"labels": labels}}))?.ok()
    }

    /// Lists pods with these parameters.
    pub(super) fn list(&self, parameters: &[(&str, &str)]) -> Result<Json, Trouble> {
        self.api.get(&query(&self.pods(), parameters))?.ok()
    }

    /// Watches pods with these parameters.
    pub(super) fn watch(&self, parameters: &[(&str, &str)]) -> Result<Watch<'_>, Trouble> {
        self.api.watch(&self.watch_target(parameters))
    }

    pub(super) fn watch_target(&self, parameters: &[(&str, &str)]) -> String {
        query(&self.pods(), &[&[("watch", "true")], parameters].concat())
    }

    /// Watches pods from what a list says now.
    pub(super) fn watch_from_now(&self) -> Result<Watch<'_>, Trouble> {
        let now = self.list(&[])?.version()?.to_string();
        self.watch(&[("resourceVersion", &now)])
    }

    /// Somebody who may nothing, until it is given rights.
    pub(super) fn reader(&self) -> Result<Api, Trouble> {
        self.server.add_account(&self.namespace, ACCOUNT)?;
        self.reader_for(600)
    }

    /// The same account, with another token.
    pub(super) fn reader_for(&self, seconds: i64) -> Result<Api, Trouble> {
        Api::new(self.server.bearer(&self.server.token(&self.namespace, ACCOUNT, seconds)?)?)
    }

    pub(super) fn set_rights(&self, rights: &[Right]) -> Result<(), Trouble> {
        self.server.set_rights(&self.namespace, ACCOUNT, rights)
    }

    /// What the server calls the account.
    pub(super) fn user(&self) -> String {
        format!("system:serviceaccount:{}:{ACCOUNT}", self.namespace)
    }
}

pub(super) fn pod(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name},
        "spec": {"nodeName": NODE, "containers": [{"name": "main", "image": "none"}]},
    })
}

pub(super) fn lease(name: &str) -> Value {
    json!({
        "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
        "metadata": {"name": name},
        "spec": {
            "holderIdentity": "node-1", "leaseDurationSeconds": 15, "leaseTransitions": 0,
            "acquireTime": "2026-11-20T18:04:58.545226Z", "renewTime": "2026-11-20T18:04:58.000000Z",
        },
    })
}

/// Options of a deletion without grace.
pub(super) fn at_once() -> Value {
    json!({"apiVersion": "v1", "kind": "DeleteOptions", "gracePeriodSeconds": 0})
}

/// Fails with these words when it is not so.
pub(super) fn ensure(is_so: bool, otherwise: impl FnOnce() -> Trouble) -> Result<(), Trouble> {
    if is_so { Ok(()) } else { Err(otherwise()) }
}
