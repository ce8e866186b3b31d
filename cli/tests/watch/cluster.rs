//! A cluster of pods behind a Service, and those who watch it.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use quorate_core::api::Method;
use quorate_core::testing::{FakeAnswer, FakeApi, FakeRequest};
use quorate_transport_hyper::serve::{FaultChange, Serve, ServeOptions};
use rustix::process::{Pid, Signal, kill_process, test_kill_process_group};
use serde_json::{Value, json};
use snapbox::cmd::cargo_bin;
use tempfile::TempDir;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(20);

const PODS: &str = "/api/v1/namespaces/default/pods";

/// The Service `web`, and pods behind it.
pub(crate) struct Cluster {
    server: Serve,
    folder: TempDir,
}

impl Cluster {
    /// So many pods, all of them ready: the pod web-3 has the address 10.0.0.3.
    pub(crate) fn of(pods: usize) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let server = runtime.block_on(Serve::start(ServeOptions::default(), FakeApi::new(1))).unwrap();
        // It serves until all tests are over.
        std::thread::spawn(move || runtime.block_on(std::future::pending::<()>()));
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("kubeconfig"), server.kubeconfig()).unwrap();
        let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
            "spec": {"clusterIP": "None", "selector": {"app": "web"}, "ports": [{"port": 80}]}});
        let cluster = Self { server, folder };
        cluster.load(service);
        (1..=pods).for_each(|number| cluster.add(number));
        cluster
    }

    pub(crate) fn load(&self, object: Value) {
        self.server.with(|api, now| api.load(now, &[object])).unwrap();
    }

    fn ask(&self, method: Method, target: &str, content_type: &str, body: &str) {
        let (content_type, token) = (Some(content_type), Some(self.server.token()));
        let request = FakeRequest { method, target, token, content_type, body: body.as_bytes() };
        let FakeAnswer::Complete(answer) = self.server.with(|api, now| api.handle(now, &request)) else {
            panic!("{target} is a watch")
        };
        assert!((200..300).contains(&answer.status), "{}", String::from_utf8_lossy(&answer.body));
    }

    pub(crate) fn add(&self, number: usize) {
        let address = format!("10.0.0.{number}");
        self.load(json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": format!("web-{number}"), "labels": {"app": "web"}},
            "spec": {"containers": [{"name": "web", "image": "web"}]},
            "status": {"phase": "Running", "podIP": address, "podIPs": [{"ip": address}],
                "conditions": [{"type": "Ready", "status": "True"}]}}));
    }

    pub(crate) fn set_ready(&self, number: usize, is_ready: bool) {
        let status = if is_ready { "True" } else { "False" };
        let patch = json!({"status": {"conditions": [{"type": "Ready", "status": status}]}});
        let target = format!("{PODS}/web-{number}/status");
        self.ask(Method::Patch, &target, "application/merge-patch+json", &patch.to_string());
    }

    pub(crate) fn remove(&self, number: usize) {
        let at_once = r#"{"gracePeriodSeconds": 0}"#;
        self.ask(Method::Delete, &format!("{PODS}/web-{number}"), "application/json", at_once);
    }

    pub(crate) fn change(&self, change: &FaultChange) {
        self.server.change(change);
    }

    pub(crate) fn open_watches(&self) -> usize {
        self.server.open_watches()
    }

    /// Writes a connector: a script whose folder is `$HERE`.
    pub(crate) fn connector(&self, body: &str) -> String {
        use std::os::unix::fs::PermissionsExt as _;

        let path = self.path("connector");
        std::fs::write(&path, format!("#!/bin/sh\nHERE={}\n{body}\n", self.folder.path().display())).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path.to_str().unwrap().into()
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    /// What a connector has written so far.
    pub(crate) fn file(&self, file: &str) -> String {
        std::fs::read_to_string(self.path(file)).unwrap_or_default()
    }

    /// Waits until nothing runs of the process whose number is the first line of this file, nor of its group.
    pub(crate) fn until_killed(&self, file: &str) {
        let first: i32 = self.file(file).lines().next().unwrap().parse().unwrap();
        let deadline = Instant::now() + PATIENCE;
        while test_kill_process_group(Pid::from_raw(first).unwrap()).is_ok() {
            assert!(Instant::now() < deadline, "the group {first} runs still");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// The command, with nothing in its environment that could change what it does.
    pub(crate) fn quorate(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(cargo_bin!("quorate"));
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("CLUSTER_DOMAIN", "cluster.local")
            .env("KUBECONFIG", self.path("kubeconfig"))
            .args(arguments);
        command
    }

    /// What `quorate members -o json` prints of the Service's members.
    pub(crate) fn members(&self, arguments: &[&str]) -> Vec<Value> {
        let mut command = self.quorate(&["members", "--service=web", "--basename=app", "-o=json"]);
        let output = command.args(arguments).output().unwrap();
        let json: Value = serde_json::from_slice(&output.stdout).unwrap();
        json["members"].as_array().unwrap().clone()
    }

    /// Watches the Service's members in JSON.
    pub(crate) fn watch(&self, arguments: &[&str]) -> Watch {
        let mut command = self.quorate(&["watch", "--service=web", "--basename=app", "-o=json"]);
        Watch::start(command.args(arguments))
    }
}

/// A running `quorate watch -o json`.
pub(crate) struct Watch {
    child: Child,
    lines: Receiver<String>,
    /// All events so far.
    pub(crate) seen: Vec<Value>,
}

impl Watch {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let out = child.stdout.take().unwrap();
        Self { child, lines: lines(out), seen: Vec::new() }
    }

    /// The first event from here on that is so.
    pub(crate) fn until(&mut self, what: &str, mut is_so: impl FnMut(&Value) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(left) else {
                self.child.kill().unwrap();
                let said = self.said();
                panic!("no event: {what}; so far: {:#?}; it said: {said}", self.seen);
            };
            let event: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line:?}: {error}"));
            self.seen.push(event.clone());
            if is_so(&event) {
                return event;
            }
        }
    }

    /// The first such event about the pod of this number.
    pub(crate) fn until_event(&mut self, event: &str, number: usize) -> Value {
        let name = format!("app@10.0.0.{number}");
        self.until(&format!("{event} {name}"), |seen| seen["event"] == event && seen["name"] == name)
    }

    pub(crate) fn until_live(&mut self) {
        self.until("live", |seen| seen["event"] == "live");
    }

    pub(crate) fn count(&self, event: &str) -> usize {
        self.seen.iter().filter(|seen| seen["event"] == event).count()
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
impl Drop for Watch {
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

fn lines(out: ChildStdout) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(out).lines() {
            if sender.send(line.unwrap()).is_err() {
                break;
            }
        }
    });
    receiver
}
