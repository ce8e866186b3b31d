//! A server with a Lease on it.

use std::path::PathBuf;

use quorate_core::api::Method;
use quorate_transport_hyper::serve::FaultChange;
use serde_json::{Value, json};

use super::candidate::Candidate;
use super::dev_server::DevServer;

const LEASES: &str = "/apis/coordination.k8s.io/v1/namespaces/default/leases";

pub(crate) struct Server(DevServer);

impl Server {
    /// Without any Lease.
    pub(crate) fn without_lease() -> Self {
        Self(DevServer::start())
    }

    /// With an empty Lease `demo`, as a manifest ships it.
    pub(crate) fn new() -> Self {
        let server = Self::without_lease();
        let lease = json!({"metadata": {"name": "demo"}, "spec": {}});
        server.0.ask(Method::Post, LEASES, "application/json", &lease.to_string());
        server
    }

    /// Merges this into the Lease's spec.
    pub(crate) fn patch(&self, spec: &Value) {
        let patch = json!({"spec": spec}).to_string();
        self.0.ask(Method::Patch, &format!("{LEASES}/demo"), "application/merge-patch+json", &patch);
    }

    /// The Lease's spec.
    pub(crate) fn lease(&self) -> Value {
        self.0.ask(Method::Get, &format!("{LEASES}/demo"), "application/json", "")["spec"].clone()
    }

    pub(crate) fn is_free(&self) -> bool {
        self.lease()["holderIdentity"].as_str().unwrap_or_default().is_empty()
    }

    pub(crate) fn goes_away_for(&self, milliseconds: u64) {
        self.0.serve.change(&FaultChange { outage_ms: Some(milliseconds), ..FaultChange::default() });
    }

    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.0.path("kubeconfig")
    }

    /// Runs a script as the work of a candidate, with these flags besides.
    pub(crate) fn run(&self, flags: &[&str], script: &str) -> Candidate {
        self.elect(flags, &["sh", "-c", script])
    }

    /// The same of a command.
    pub(crate) fn elect(&self, flags: &[&str], command: &[&str]) -> Candidate {
        Candidate::start(&self.kubeconfig(), flags, command, &[])
    }
}
