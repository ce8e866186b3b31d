//! A cluster of pods behind a Service, and those who watch it.

use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use quorate_core::api::Method;
use quorate_transport_hyper::serve::FaultChange;
use rustix::process::{Pid, Signal, kill_process, test_kill_process_group};
use serde_json::{Value, json};
use snapbox::cmd::cargo_bin;

use super::dev_server::DevServer;
use super::process::{PATIENCE, lines, said, wait};

const PODS: &str = "/api/v1/namespaces/default/pods";

/// The Service `web`, and pods behind it.
pub(crate) struct Cluster(DevServer);

impl Cluster {
    /// So many pods, all of them ready: the pod web-3 has the address 10.0.0.3.
    pub(crate) fn of(pods: usize) -> Self {
        let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
            "spec": {"clusterIP": "None", "selector": {"app": "web"}, "ports": [{"port": 80}]}});
        let cluster = Self(DevServer::start());
        cluster.load(service);
        (1..=pods).for_each(|number| cluster.add(number));
        cluster
    }

    pub(crate) fn load(&self, object: Value) {
        self.0.serve.with(|api, now| api.load(now, &[object])).unwrap();
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
        self.0.ask(Method::Patch, &target, "application/merge-patch+json", &patch.to_string());
    }

    pub(crate) fn remove(&self, number: usize) {
        let at_once = r#"{"gracePeriodSeconds": 0}"#;
        self.0.ask(Method::Delete, &format!("{PODS}/web-{number}"), "application/json", at_once);
    }

    pub(crate) fn change(&self, change: &FaultChange) {
        self.0.serve.change(change);
    }

    pub(crate) fn open_watches(&self) -> usize {
        self.0.serve.open_watches()
    }

    /// Writes a connector: a script whose folder is `$HERE`.
    pub(crate) fn connector(&self, body: &str) -> String {
        use std::os::unix::fs::PermissionsExt as _;

        let path = self.path("connector");
        std::fs::write(&path, format!("#!/bin/sh\nHERE={}\n{body}\n", self.path("").display())).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path.to_str().unwrap().into()
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.0.path(file)
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
                let said = said(&mut self.child);
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
        (status, said(&mut self.child))
    }
}

/// A test that fails leaves nobody behind.
impl Drop for Watch {
    fn drop(&mut self) {
        self.child.kill().ok();
    }
}
