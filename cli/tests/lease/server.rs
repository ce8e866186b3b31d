//! A server with a Lease on it, and those who look at it.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use quorate_core::api::Method;
use quorate_core::testing::{FakeAnswer, FakeApi, FakeRequest};
use quorate_transport_hyper::serve::{FaultChange, Serve, ServeOptions};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use snapbox::cmd::cargo_bin;
use tempfile::TempDir;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(20);

const LEASES: &str = "/apis/coordination.k8s.io/v1/namespaces/default/leases";

pub(crate) struct Server {
    serve: Serve,
    folder: TempDir,
}

impl Server {
    /// Without any Lease.
    pub(crate) fn empty() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let serve = runtime.block_on(Serve::start(ServeOptions::default(), FakeApi::new(1))).unwrap();
        // It serves until all tests are over.
        std::thread::spawn(move || runtime.block_on(std::future::pending::<()>()));
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("kubeconfig"), serve.kubeconfig()).unwrap();
        Self { serve, folder }
    }

    /// With a Lease `demo` of this spec.
    pub(crate) fn with(spec: &Value) -> Self {
        let server = Self::empty();
        server.create(spec);
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

    pub(crate) fn create(&self, spec: &Value) -> Value {
        let lease = json!({"metadata": {"name": "demo"}, "spec": spec});
        self.ask(Method::Post, LEASES, "application/json", &lease.to_string())
    }

    /// Merges this into it. What comes back is how it is then.
    pub(crate) fn patch(&self, patch: &Value) -> Value {
        let target = format!("{LEASES}/demo");
        self.ask(Method::Patch, &target, "application/merge-patch+json", &patch.to_string())
    }

    pub(crate) fn delete(&self) {
        self.ask(Method::Delete, &format!("{LEASES}/demo"), "application/json", "{}");
    }

    pub(crate) fn change(&self, change: &FaultChange) {
        self.serve.change(change);
    }

    /// Waits until somebody watches.
    pub(crate) fn until_watched(&self) {
        let deadline = Instant::now() + PATIENCE;
        while self.serve.open_watches() == 0 {
            assert!(Instant::now() < deadline, "nobody watches");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("kubeconfig")
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
        let out = child.stdout.take().unwrap();
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            BufReader::new(out).lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
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
            let said = self.said();
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
        (status, self.said())
    }

    fn said(&mut self) -> String {
        let mut said = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        said
    }
}

/// A test that fails leaves nobody behind.
impl Drop for Following {
    fn drop(&mut self) {
        self.child.kill().ok();
    }
}

/// Waits for the end of a process that must come.
pub(crate) fn wait(child: &mut Child) -> ExitStatus {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match child.try_wait().unwrap() {
            Some(status) => return status,
            None if Instant::now() > deadline => {
                child.kill().unwrap();
                panic!("it does not end");
            }
            None => std::thread::sleep(Duration::from_millis(10)),
        }
    }
}
