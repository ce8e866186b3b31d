//! A server with a Lease on it, and those who look at it.

use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use quorate_core::api::Method;
use quorate_transport_hyper::serve::FaultChange;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use snapbox::cmd::cargo_bin;

use super::dev_server::DevServer;
use super::process::{PATIENCE, lines, said, wait};

const LEASES: &str = "/apis/coordination.k8s.io/v1/namespaces/default/leases";

pub(crate) struct Server(DevServer);

impl Server {
    /// Without any Lease.
    pub(crate) fn empty() -> Self {
        Self(DevServer::start())
    }

    /// With a Lease `demo` of this spec.
    pub(crate) fn with(spec: &Value) -> Self {
        let server = Self::empty();
        server.create(spec);
        server
    }

    pub(crate) fn create(&self, spec: &Value) -> Value {
        let lease = json!({"metadata": {"name": "demo"}, "spec": spec});
        self.0.ask(Method::Post, LEASES, "application/json", &lease.to_string())
    }

    /// Merges this into it. What comes back is how it is then.
    pub(crate) fn patch(&self, patch: &Value) -> Value {
        let target = format!("{LEASES}/demo");
        self.0.ask(Method::Patch, &target, "application/merge-patch+json", &patch.to_string())
    }

    pub(crate) fn delete(&self) {
        self.0.ask(Method::Delete, &format!("{LEASES}/demo"), "application/json", "{}");
    }

    pub(crate) fn change(&self, change: &FaultChange) {
        self.0.serve.change(change);
    }

    /// Waits until somebody watches.
    pub(crate) fn until_watched(&self) {
        let deadline = Instant::now() + PATIENCE;
        while self.0.serve.open_watches() == 0 {
            assert!(Instant::now() < deadline, "nobody watches");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.0.path("kubeconfig")
    }

    /// `quorate lease`, with nothing in its environment that could change what it does.
    pub(crate) fn lease(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(cargo_bin!("quorate"));
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("KUBECONFIG", self.kubeconfig())
            .arg("lease")
            .args(arguments);
        command
    }

    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let output = self.lease(&[&["demo", "-o=json"], arguments].concat()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Follows it in JSON.
    pub(crate) fn follow(&self) -> Following {
        Following::start(&mut self.lease(&["demo", "-w", "-o=json"]))
    }
}

/// What a candidate of ours writes.
pub(crate) fn held(holder: &str, transitions: u32) -> Value {
    let time = "2026-11-20T18:04:58.545226Z";
    json!({"holderIdentity": holder, "leaseDurationSeconds": 15, "leaseTransitions": transitions,
        "acquireTime": time, "renewTime": time})
}

/// A running `quorate lease -w -o json`.
pub(crate) struct Following {
    child: Child,
    lines: Receiver<String>,
}

impl Following {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = lines(child.stdout.take().unwrap());
        Self { child, lines }
    }

    /// The next event, which must be this one.
    pub(crate) fn next(&mut self, event: &str) -> Value {
        let seen = self.any(event);
        assert_eq!(seen["event"], event, "{seen}");
        seen
    }

    /// Waits for the end of an outage, however often and why it is degraded before.
    pub(crate) fn until_live(&mut self) {
        loop {
            let seen = self.any("live");
            match seen["event"].as_str() {
                Some("live") => return,
                other => assert_eq!(other, Some("degraded"), "{seen}"),
            }
        }
    }

    fn any(&mut self, event: &str) -> Value {
        let Ok(line) = self.lines.recv_timeout(PATIENCE) else {
            self.child.kill().unwrap();
            let said = said(&mut self.child);
            panic!("no event {event}; it said: {said}");
        };
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line:?}: {error}"))
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for its end; what it said on standard error comes with it.
    pub(crate) fn end(mut self) -> (ExitStatus, String) {
        let status = wait(&mut self.child);
        (status, said(&mut self.child))
    }
}

/// A test that fails leaves nobody behind.
impl Drop for Following {
    fn drop(&mut self) {
        self.child.kill().ok();
    }
}
