//! A running `quorate elect`, and everything that it has started.

use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use snapbox::cmd::cargo_bin;
use tempfile::TempDir;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Two seconds, so that nobody has to wait for long.
pub(crate) const SHORT: [&str; 3] = ["--lease-duration=2s", "--renew-deadline=1200ms", "--retry-period=200ms"];

/// Everything that a candidate starts has it in its environment: its folder, which no other candidate has.
const MARK: &str = "CANDIDATE";

pub(crate) struct Candidate {
    child: Child,
    folder: TempDir,
}

/// How a candidate has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) events: Vec<Value>,
}

impl Candidate {
    /// With nothing in its environment that could change what it does.
    pub(crate) fn start(kubeconfig: &Path, flags: &[&str], command: &[&str], variables: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| File::create(folder.path().join(name)).unwrap();
        let mut elect = Command::new(cargo_bin!("quorate"));
        elect.env_clear().env("PATH", "/usr/bin:/bin").env("KUBECONFIG", kubeconfig).env(MARK, folder.path());
        elect.envs(variables.iter().copied()).arg("elect").args(flags);
        let is_given = |flag: &str, variable: &str| {
            flags.iter().any(|given| given.starts_with(flag)) || variables.iter().any(|(name, _)| *name == variable)
        };
        if !is_given("--events", "QUORATE_EVENTS") {
            elect.arg("--events").arg(folder.path().join("events"));
        }
        if !is_given("demo", "QUORATE_LEASE") {
            elect.arg("demo").args(SHORT);
        }
        elect.arg("--").args(command).current_dir(folder.path());
        let child = elect.stdin(Stdio::null()).stdout(file("stdout")).stderr(file("stderr")).spawn().unwrap();
        Self { child, folder }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.file(name)).unwrap_or_default()
    }

    pub(crate) fn said(&self) -> String {
        self.text("stdout")
    }

    pub(crate) fn events(&self) -> Vec<Value> {
        let text = self.text("events");
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn wait<T>(&self, what: &str, ask: impl Fn() -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(answer) = ask() {
                return answer;
            }
            if Instant::now() > deadline {
                let (events, said, stderr) = (self.events(), self.said(), self.text("stderr"));
                panic!("{what} has not come\n{events:#?}\nstdout: {said}\nstderr: {stderr}");
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits until its work has printed this.
    pub(crate) fn until_said(&self, text: &str) {
        self.wait(text, || self.said().contains(text).then_some(()));
    }

    /// Waits for an event.
    pub(crate) fn until(&self, event: &str) -> Value {
        self.until_nth(event, 0)
    }

    /// The same after so many of its kind.
    pub(crate) fn until_nth(&self, event: &str, skipped: usize) -> Value {
        self.wait(event, || self.events().into_iter().filter(|found| found["event"] == event).nth(skipped))
    }

    /// Waits until it has printed this on standard error.
    pub(crate) fn until_complained(&self, text: &str) {
        self.wait(text, || self.text("stderr").contains(text).then_some(()));
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// The keeper of its command, once it runs.
    pub(crate) fn keeper(&self) -> Pid {
        self.until("child_started");
        let us = self.pid().as_raw_nonzero();
        let children = fs::read_to_string(format!("/proc/{us}/task/{us}/children")).unwrap();
        let mut children = children.split_ascii_whitespace();
        let keeper = children.next().unwrap();
        assert_eq!(children.next(), None, "a supervisor has one child");
        Pid::from_raw(keeper.parse().unwrap()).unwrap()
    }

    /// Everything that it has started and that runs still.
    pub(crate) fn left(&self) -> Vec<String> {
        let mark = format!("{MARK}={}", self.folder.path().display());
        let us = self.pid().as_raw_nonzero().to_string();
        let processes = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path());
        let marked = processes.filter(|process| {
            let environment = fs::read(process.join("environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes())
        });
        let others = marked.filter(|process| !process.ends_with(&us));
        let told = others.map(|process| {
            let command = fs::read_to_string(process.join("cmdline")).unwrap_or_default().replace('\0', " ");
            format!("{}: {command}", process.display())
        });
        told.collect()
    }

    /// Waits until nothing of it is left but itself.
    pub(crate) fn until_alone(&self) {
        self.wait("the end of all that it has started", || self.left().is_empty().then_some(()));
    }

    /// Waits for its end. Nothing of it may be left then.
    pub(crate) fn end(mut self) -> Ended {
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            match self.child.try_wait().unwrap() {
                Some(status) => break status,
                None if Instant::now() > deadline => panic!("it does not end: {:#?}", self.events()),
                None => std::thread::sleep(Duration::from_millis(5)),
            }
        };
        assert_eq!(status.signal(), None);
        // The keeper says when nothing is left, and then ends.
        let others: Vec<_> = self.left().into_iter().filter(|process| !process.contains("quorate keep")).collect();
        assert_eq!(others, Vec::<String>::new(), "left running");
        self.until_alone();
        Ended { code: status.code(), stdout: self.said(), stderr: self.text("stderr"), events: self.events() }
    }

    /// Tells it to end, and waits for that.
    pub(crate) fn terminate(self) -> Ended {
        self.signal(Signal::TERM);
        self.end()
    }
}

/// A test that fails leaves nobody behind: the keeper ends the rest.
impl Drop for Candidate {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Ended {
    /// The names of the events, but for renewals.
    pub(crate) fn story(&self) -> Vec<&str> {
        let names = self.events.iter().map(|event| event["event"].as_str().unwrap());
        names.filter(|name| !matches!(*name, "renewed" | "renew_failed")).collect()
    }

    /// The first event of this name.
    pub(crate) fn event(&self, name: &str) -> &Value {
        self.events.iter().find(|event| event["event"] == name).unwrap()
    }
}

/// When an event was, in seconds.
pub(crate) fn at(event: &Value) -> f64 {
    event["monotonic"].as_f64().unwrap()
}
