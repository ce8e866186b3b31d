//! A server with a Lease on it.

use std::path::PathBuf;

use quorate_core::api::Method;
use quorate_core::testing::{FakeAnswer, FakeApi, FakeRequest};
use quorate_transport_hyper::serve::{FaultChange, Serve, ServeOptions};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::candidate::Candidate;

const LEASES: &str = "/apis/coordination.k8s.io/v1/namespaces/default/leases";

pub(crate) struct Server {
    serve: Serve,
    folder: TempDir,
}

impl Server {
    /// Without any Lease.
    pub(crate) fn without_lease() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let serve = runtime.block_on(Serve::start(ServeOptions::default(), FakeApi::new(1))).unwrap();
        // It serves until all tests are over.
        std::thread::spawn(move || runtime.block_on(std::future::pending::<()>()));
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("kubeconfig"), serve.kubeconfig()).unwrap();
        Self { serve, folder }
    }

    /// With an empty Lease `demo`, as a manifest ships it.
    pub(crate) fn new() -> Self {
        let server = Self::without_lease();
        let lease = json!({"metadata": {"name": "demo"}, "spec": {}});
        server.ask(Method::Post, LEASES, "application/json", &lease.to_string());
        server
    }

    fn ask(&self, method: Method, target: &str, content_type: &str, body: &str) -> Value {
        let (content_type, token) = (Some(content_type), Some(self.serve.token()));
        let request = FakeRequest { method, target, token, content_type, body: body.as_bytes() };
        let FakeAnswer::Complete(answer) = self.serve.with(|api, now| api.handle(now, &request)) else {
            panic!("{target} is a watch")
        };
        assert!((200..300).contains(&answer.status), "{}", String::from_utf8_lossy(&answer.body));
        serde_json::from_slice(&answer.body).unwrap()
    }

    /// Merges this into the Lease's spec.
    pub(crate) fn patch(&self, spec: &Value) {
        let patch = json!({"spec": spec}).to_string();
        self.ask(Method::Patch, &format!("{LEASES}/demo"), "application/merge-patch+json", &patch);
    }

    /// The Lease's spec.
    pub(crate) fn lease(&self) -> Value {
        self.ask(Method::Get, &format!("{LEASES}/demo"), "application/json", "")["spec"].clone()
    }

    pub(crate) fn is_free(&self) -> bool {
        self.lease()["holderIdentity"].as_str().unwrap_or_default().is_empty()
    }

    pub(crate) fn goes_away_for(&self, milliseconds: u64) {
        self.serve.change(&FaultChange { outage_ms: Some(milliseconds), ..FaultChange::default() });
    }

    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("kubeconfig")
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
