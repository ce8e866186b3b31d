//! Where the demo plays: the development server, and the pods on it.

use std::io;
use std::path::{Path, PathBuf};

use quorate_core::api::Method;
use quorate_core::testing::{FakeAnswer, FakeApi, FakeRequest};
use quorate_transport_hyper::serve::{FaultChange, Serve, ServeOptions};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::parts::CONNECTOR;

const PODS: &str = "/api/v1/namespaces/default/pods";
const SEED: u64 = 1;

/// Dropping it stops the server, and removes every file.
pub(super) struct Stage {
    server: Serve,
    folder: TempDir,
}

impl Stage {
    pub(super) async fn set() -> io::Result<Self> {
        let server = Serve::start(ServeOptions::default(), FakeApi::new(SEED)).await.map_err(io::Error::other)?;
        // Nobody else may read what is in it: tempfile makes it so.
        let folder = tempfile::Builder::new().prefix("quorate-demo-").tempdir()?;
        std::fs::write(folder.path().join("kubeconfig"), server.kubeconfig())?;
        std::fs::create_dir(folder.path().join("links"))?;
        std::os::unix::fs::symlink(std::env::current_exe()?, folder.path().join(CONNECTOR))?;
        let stage = Self { server, folder };
        stage.load(&[
            json!({
                "apiVersion": "v1", "kind": "Service", "metadata": {"name": "cart"},
                "spec": {"clusterIP": "None", "selector": {"app": "cart"}},
            }),
            json!({
                "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "worker"}, "spec": {},
            }),
        ])?;
        Ok(stage)
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A pod that is ready.
    pub(super) fn add_pod(&self, number: u8) -> io::Result<()> {
        self.load(&[json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": format!("cart-{number}"), "labels": {"app": "cart"}},
            "spec": {
                "nodeName": "node-a", "terminationGracePeriodSeconds": 2,
                "containers": [{"name": "cart", "image": "registry.example/cart:1"}],
            },
            "status": status(number, true),
        })])
    }

    /// A pod that may take this long to end.
    pub(super) fn delete_pod(&self, number: u8, grace_seconds: u8) -> io::Result<()> {
        let target = format!("{PODS}/cart-{number}?gracePeriodSeconds={grace_seconds}");
        self.ask(Method::Delete, &target, None)
    }

    pub(super) fn set_ready(&self, number: u8, ready: bool) -> io::Result<()> {
        let target = format!("{PODS}/cart-{number}/status");
        self.ask(Method::Patch, &target, Some(&json!({"status": status(number, ready)})))
    }

    pub(super) fn api_goes_away(&self, milliseconds: u64) {
        self.server.change(&FaultChange { outage_ms: Some(milliseconds), ..FaultChange::default() });
    }

    fn load(&self, objects: &[Value]) -> io::Result<()> {
        self.server.with(|api, now| api.load(now, objects)).map_err(io::Error::other)
    }

    fn ask(&self, method: Method, target: &str, body: Option<&Value>) -> io::Result<()> {
        let body = body.map(Value::to_string).unwrap_or_default();
        let request = FakeRequest {
            method,
            target,
            token: Some(self.server.token()),
            content_type: Some("application/merge-patch+json"),
            body: body.as_bytes(),
        };
        let answer = self.server.with(|api, now| api.handle(now, &request));
        match answer {
            FakeAnswer::Complete(answer) if answer.status < 300 => Ok(()),
            _ => Err(io::Error::other(format!("the API refused {target}"))),
        }
    }
}

fn status(number: u8, ready: bool) -> Value {
    let address = address(number);
    json!({
        "phase": "Running", "podIP": address, "podIPs": [{"ip": address}],
        "conditions": [{"type": "Ready", "status": if ready { "True" } else { "False" }}],
    })
}

fn address(number: u8) -> String {
    format!("10.244.{number}.7")
}

/// What the pod is called among its peers.
pub(super) fn name(number: u8) -> String {
    format!("cart@{}", address(number))
}
