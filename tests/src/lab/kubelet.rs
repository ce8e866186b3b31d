//! What a kubelet tells the server of its pods, change by change.

use quorate_transport_hyper::Config;
use serde_json::{Value, json};

use super::{Lab, Pod};
use crate::contract::http::Api;
use crate::trouble::Trouble;

/// The kubelet of a lab's pods. It talks as the administrator, over one connection.
#[derive(Debug)]
pub struct Kubelet {
    namespace: String,
    api: Api,
}

impl Kubelet {
    /// The kubelet for this lab. A new one is needed when the server was restarted.
    ///
    /// # Errors
    ///
    /// When there is no administrator.
    pub fn of(lab: &Lab) -> Result<Self, Trouble> {
        let administrator = Config::from_kubeconfig(&[lab.server().kubeconfig().to_owned()], None)?;
        Ok(Self { namespace: lab.namespace().to_owned(), api: Api::new(administrator)? })
    }

    /// Makes a pod of this Service, and reports it.
    ///
    /// # Errors
    ///
    /// When the server refuses.
    pub fn run(&self, service: &str, pod: &Pod) -> Result<(), Trouble> {
        self.api.post(&self.path(""), &pod.object(&self.namespace, service))?.created()?;
        self.report(pod)
    }

    /// Reports a pod as it is now: its addresses, its phase, and whether it is ready.
    ///
    /// # Errors
    ///
    /// When there is no such pod.
    pub fn report(&self, pod: &Pod) -> Result<(), Trouble> {
        let object = pod.object(&self.namespace, "");
        let status = object.get("status").unwrap_or(&Value::Null);
        self.api.patch(&self.path(&format!("/{}/status", pod.name())), &json!({"status": status}))?.ok()?;
        Ok(())
    }

    /// Asks for a pod's deletion, as anybody may: it stays, and terminates.
    ///
    /// # Errors
    ///
    /// When there is no such pod.
    pub fn terminate(&self, name: &str) -> Result<(), Trouble> {
        self.api.delete(&self.path(&format!("/{name}")))?.ok()?;
        Ok(())
    }

    /// Removes a pod that has ended.
    ///
    /// # Errors
    ///
    /// When there is no such pod.
    pub fn remove(&self, name: &str) -> Result<(), Trouble> {
        let at_once = json!({"apiVersion": "v1", "kind": "DeleteOptions", "gracePeriodSeconds": 0});
        self.api.delete_with(&self.path(&format!("/{name}")), &at_once)?.ok()?;
        Ok(())
    }

    fn path(&self, rest: &str) -> String {
        format!("/api/v1/namespaces/{}/pods{rest}", self.namespace)
    }
}
