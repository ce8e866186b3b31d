//! The examples of `quorate-runtime-tokio`, run against the development server.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that goes wrong should stop there"
)]

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use quorate_core::testing::FakeApi;
use quorate_tests::child::command_without_environment;
use quorate_transport_hyper::serve::{Serve, ServeOptions};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(60);

/// The example as cargo builds it now.
fn build(example: &str) -> PathBuf {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| env!("CARGO").into()));
    // What cargo told us of this package would make build scripts of dependencies run again, every time.
    for (name, _) in std::env::vars_os() {
        if ["CARGO_MANIFEST_", "CARGO_PKG_"].iter().any(|start| name.to_string_lossy().starts_with(start)) {
            command.env_remove(name);
        }
    }
    command.args(["build", "--quiet", "--package", "quorate-runtime-tokio", "--example", example]);
    command.args(["--message-format", "json"]);
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR"))).stderr(Stdio::inherit());
    let program = std::env::current_exe().unwrap();
    if let Some(target) = program.ancestors().find(|folder| folder.join("CACHEDIR.TAG").exists()) {
        command.arg("--target-dir").arg(target);
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "building {example}: {}", output.status);
    let messages = output.stdout.split(|byte| *byte == b'\n');
    let mut messages = messages.filter_map(|line| serde_json::from_slice::<Value>(line).ok());
    messages.find_map(|message| Some(message["executable"].as_str()?.into())).unwrap()
}

/// An example that runs; dropping it ends it.
struct Example {
    child: Child,
    lines: Receiver<String>,
}

impl Example {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (lines, receiver) = mpsc::channel();
        thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| lines.send(line)));
        Self { child, lines: receiver }
    }

    /// Reads on until this line comes.
    fn await_line(&self, expected: &str) {
        let mut seen = Vec::new();
        while seen.last().is_none_or(|line| line != expected) {
            match self.lines.recv_timeout(LIMIT) {
                Ok(line) => seen.push(line),
                Err(error) => panic!("{expected}: {error} after {seen:#?}"),
            }
        }
    }

    /// What follows this start of the next line.
    fn await_start(&self, expected: &str) -> String {
        let line = self.lines.recv_timeout(LIMIT).unwrap();
        line.strip_prefix(expected).unwrap_or_else(|| panic!("{line}")).into()
    }

    /// As ctrl-c does; these lines follow, and it ends.
    fn interrupt_and_await(mut self, lines: &[&str]) {
        assert!(self.interrupted().success());
        assert_eq!(self.lines.iter().collect::<Vec<_>>(), lines);
    }

    /// As ctrl-c does.
    fn interrupt(mut self) -> ExitStatus {
        self.interrupted()
    }

    fn interrupted(&mut self) -> ExitStatus {
        let killed = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status().unwrap();
        assert!(killed.success());
        let begin = Instant::now();
        loop {
            match self.child.try_wait().unwrap() {
                Some(status) => return status,
                None if begin.elapsed() > LIMIT => panic!("it does not end"),
                None => thread::sleep(Duration::from_millis(5)),
            }
        }
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn pod(number: u8) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": format!("web-{number}"), "namespace": "shop", "labels": {"app": "web"}},
        "spec": {"containers": [{"name": "app", "image": "x"}]},
        "status": {
            "phase": "Running",
            "podIP": format!("10.0.0.{number}"),
            "podIPs": [{"ip": format!("10.0.0.{number}")}],
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    })
}

/// A Service with two pods.
async fn serve() -> Serve {
    let server = Serve::start(ServeOptions::default(), FakeApi::new(1)).await.unwrap();
    let service = json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web", "namespace": "shop", "labels": {"app": "web"}},
        "spec": {"selector": {"app": "web"}, "clusterIP": "None", "ports": [{"port": 80}]},
    });
    server.with(|api, now| api.load(now, &[service, pod(1), pod(2)])).unwrap();
    server
}

/// One comes, the connections break, one becomes unready.
async fn follows_the_pods(server: &Serve, example: &Example) {
    example.await_line("synced: 2 members");
    server.with(|api, now| api.load(now, &[pod(3)])).unwrap();
    example.await_line("10.0.0.3 joined (ready)");
    let cut = quorate_transport_hyper::serve::FaultChange { cut_watches: true, ..Default::default() };
    server.change(&cut);
    let mut unready = pod(1);
    unready["status"]["conditions"][0]["status"] = "False".into();
    server.with(|api, now| api.load(now, &[unready])).unwrap();
    example.await_line("10.0.0.1 changed (ready to not-ready)");
}

#[tokio::test(flavor = "multi_thread")]
async fn watch_members_follows_the_pods_until_ctrl_c() {
    let server = serve().await;
    let folder = tempfile::tempdir().unwrap();
    let kubeconfig = folder.path().join("kubeconfig");
    std::fs::write(&kubeconfig, server.kubeconfig()).unwrap();
    let mut command = command_without_environment(&build("watch_members"));
    command.arg("app=web").env("KUBECONFIG", &kubeconfig);
    let example = Example::start(command);
    follows_the_pods(&server, &example).await;
    assert!(example.interrupt().success());
    server.stop().await;
}

/// Two candidates: the second leads when the first has stopped.
#[tokio::test(flavor = "multi_thread")]
async fn lead_works_while_it_leads_and_hands_over_at_ctrl_c() {
    let server = Serve::start(ServeOptions::default(), FakeApi::new(1)).await.unwrap();
    let lease = json!({
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": "demo", "namespace": "default"},
    });
    server.with(|api, now| api.load(now, &[lease])).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let kubeconfig = folder.path().join("kubeconfig");
    std::fs::write(&kubeconfig, server.kubeconfig()).unwrap();
    let program = build("lead");
    let start = || {
        let mut command = command_without_environment(&program);
        command.arg("demo").env("KUBECONFIG", &kubeconfig);
        Example::start(command)
    };
    let first = start();
    let token = first.await_start("leading, with token ");
    let second = start();
    first.interrupt_and_await(&["stopping: shutting down", "shut down; the Lease is released"]);
    assert!(second.await_start("leading, with token ").parse::<u64>().unwrap() > token.parse().unwrap());
    second.interrupt_and_await(&["stopping: shutting down", "shut down; the Lease is released"]);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn blocking_threads_follow_the_pods() {
    let server = serve().await;
    let folder = tempfile::tempdir().unwrap();
    let (token, authority) = (folder.path().join("token"), folder.path().join("ca.crt"));
    std::fs::write(&token, server.token()).unwrap();
    std::fs::write(&authority, server.certificate_authority_pem()).unwrap();
    let mut command = command_without_environment(&build("blocking_threads"));
    command.arg("app=web").arg(server.url()).arg(&token).arg(&authority);
    let example = Example::start(command);
    follows_the_pods(&server, &example).await;
    drop(example);
    server.stop().await;
}
