//! A Lease on the real server, and candidates for it, each with a way of its own to the server.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use quorate_core::api::{LeaseName, Namespace};
use quorate_core::election::{ElectionConfig, ElectionOptions};
use quorate_tests::api_server::ApiServer;
use quorate_tests::child::{Finished, Running};
use quorate_tests::eventually::eventually;
use quorate_tests::lab::Lab;
use quorate_tests::proxy::Proxy;
use quorate_tests::quorate_command::Quorate;
use quorate_tests::trouble::Trouble;
use serde_json::{Value, json};

use crate::log::{self, Interval};

pub(crate) const LEASE: &str = "demo";

/// How long anything may take that is no claim, on a busy machine.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

/// What a candidate takes: no more is granted.
const RIGHTS: &str = r#"
- {apiGroups: ["coordination.k8s.io"], resources: [leases], resourceNames: [demo], verbs: [get, update, watch]}
"#;

/// 3 s, 2 s and 0.5 s.
pub(crate) const SHORT: [&str; 3] = ["--lease-duration=3s", "--renew-deadline=2s", "--retry-period=500ms"];

/// Says all the while that it runs, and goes on for whatever it is told. It reads the clock that our own work reads.
pub(crate) const STUBBORN: &str = r#"
trap '' TERM INT
say() {
    read -r now _ < /proc/uptime
    echo "{\"event\":\"$1\",\"monotonic\":$now,\"token\":\"$LEADER_FENCING_TOKEN\"}" >> "$QUORATE_DEMO_LOG"
}
say work_started
while :; do say working; sleep 0.02; done
"#;

pub(crate) struct Arena {
    pub(crate) lab: Lab,
}

impl Arena {
    /// A namespace with an empty Lease in it, as manifests ship it.
    pub(crate) fn new(namespace: &str) -> Result<Self, Trouble> {
        let lab = Lab::without_rights(&ApiServer::shared()?, namespace)?;
        lab.grant(RIGHTS)?;
        let metadata = json!({"namespace": namespace, "name": LEASE});
        lab.server().create(&[
            json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": {}}),
        ])?;
        Ok(Self { lab })
    }

    /// What all commands write into.
    pub(crate) fn log(&self) -> PathBuf {
        self.lab.file("log")
    }

    /// With our own work, which takes 150 ms to end.
    pub(crate) fn candidate(&self, name: &str) -> Result<Candidate, Trouble> {
        self.candidate_with(name, &SHORT, &[Quorate::program()?.to_string_lossy().as_ref(), "demo", "--work"])
    }

    pub(crate) fn candidate_with(&self, name: &str, flags: &[&str], command: &[&str]) -> Result<Candidate, Trouble> {
        let proxy = Proxy::to(self.lab.server().url())?;
        let (file, events) = (self.lab.file(&format!("kubeconfig-{name}")), self.lab.file(&format!("events-{name}")));
        let kubeconfig = self.lab.kubeconfig_of(json!({"tokenFile": self.lab.token_file()}));
        let kubeconfig = kubeconfig.cluster_field("server", json!(proxy.url())).write(file)?;
        let quorate = Quorate::with([&["elect", LEASE, "--identity", name], flags, &["--"], command].concat())?;
        let quorate = quorate.variable("KUBECONFIG", kubeconfig).variable("QUORATE_DEMO_LOG", self.log());
        let running = quorate.variable("QUORATE_EVENTS", &events).variable("PATH", "/usr/bin:/bin").start()?;
        Ok(Candidate { proxy, running, events })
    }

    pub(crate) fn intervals(&self) -> Result<Vec<Interval>, Trouble> {
        log::intervals(&self.log())
    }

    /// Waits until so many terms' commands have begun.
    pub(crate) fn until_begun(&self, count: usize) -> Result<Vec<Interval>, Trouble> {
        eventually(&format!("{count} commands have begun"), LIMIT, || {
            Ok(Some(self.intervals()?).filter(|intervals| intervals.len() >= count))
        })
    }

    /// The holder as the Lease has it; empty if there is none.
    pub(crate) fn holder(&self) -> Result<String, Trouble> {
        let lease = self.lab.kubectl(&["get", "lease", LEASE, "-o", "json"])?.json()?;
        Ok(lease["spec"]["holderIdentity"].as_str().unwrap_or_default().to_owned())
    }

    /// What every test but one ends with: E1 and E4.
    pub(crate) fn check(&self) -> Result<Vec<Interval>, Trouble> {
        let intervals = self.intervals()?;
        log::check(&intervals);
        Ok(intervals)
    }
}

/// What a candidate with short settings promises.
pub(crate) fn promises() -> Result<ElectionConfig, Trouble> {
    let invalid = |_| Trouble::new("an invalid name");
    let (namespace, name) = (Namespace::parse("default").map_err(invalid)?, LeaseName::parse(LEASE).map_err(invalid)?);
    let options = ElectionOptions {
        lease_duration: Duration::from_secs(3),
        renew_deadline: Duration::from_secs(2),
        retry_period: Duration::from_millis(500),
        ..ElectionOptions::new(namespace, name, "nobody", 1)
    };
    Ok(options.build()?)
}

pub(crate) struct Candidate {
    pub(crate) proxy: Proxy,
    running: Running,
    events: PathBuf,
}

impl Candidate {
    pub(crate) fn events(&self) -> Result<Vec<Value>, Trouble> {
        log::lines(&self.events)
    }

    /// How often this has happened.
    pub(crate) fn count(&self, event: &str) -> Result<usize, Trouble> {
        Ok(self.events()?.iter().filter(|found| found["event"] == event).count())
    }

    /// Waits until it has happened so often; the last of them.
    pub(crate) fn until(&self, event: &str, count: usize) -> Result<Value, Trouble> {
        let found = eventually(event, LIMIT, || {
            Ok(self.events()?.into_iter().filter(|found| found["event"] == event).nth(count.saturating_sub(1)))
        });
        found.map_err(|trouble| Trouble::new(format!("{trouble}: {:#?} {:?}", self.events(), self.running.stderr())))
    }

    /// When it last had a sign of life of its own in the Lease, on the shared clock.
    pub(crate) fn last_renewal(&self) -> Result<f64, Trouble> {
        let events = self.events()?;
        let last = events.iter().rev().find(|event| matches!(event["event"].as_str(), Some("acquired" | "renewed")));
        Ok(last.map(at).unwrap_or_default())
    }

    pub(crate) fn leads(&self) -> Result<bool, Trouble> {
        let events = self.events()?;
        let last = events
            .iter()
            .rev()
            .find(|event| matches!(event["event"].as_str(), Some("acquired" | "lost" | "stepping_down" | "standing")));
        Ok(last.is_some_and(|event| event["event"] == "acquired"))
    }

    /// The supervisor alone.
    pub(crate) fn signal(&self, name: &str) -> Result<(), Trouble> {
        self.running.signal(name)
    }

    /// The process group of the command that was started last.
    pub(crate) fn command(&self) -> Result<i64, Trouble> {
        let started = self.events()?.into_iter().rev().find(|event| event["event"] == "child_started");
        started.and_then(|event| event["pid"].as_i64()).ok_or_else(|| Trouble::new("no command was started"))
    }

    /// The keeper of that command: its parent.
    pub(crate) fn keeper(&self) -> Result<i64, Trouble> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.command()?))?;
        let after_name = stat.rsplit(')').next().unwrap_or_default();
        Ok(after_name.split_ascii_whitespace().nth(1).unwrap_or_default().parse()?)
    }

    pub(crate) fn terminate(self) -> Result<Finished, Trouble> {
        self.running.terminate(LIMIT)
    }

    pub(crate) fn finish(self) -> Result<Finished, Trouble> {
        self.running.finish(LIMIT)
    }
}

/// The first of these that leads.
pub(crate) fn leader(candidates: &[Candidate]) -> Result<usize, Trouble> {
    eventually("a leader", LIMIT, || {
        for (index, candidate) in candidates.iter().enumerate() {
            if candidate.leads()? {
                return Ok(Some(index));
            }
        }
        Ok(None)
    })
}

/// When an event was, in seconds.
pub(crate) fn at(event: &Value) -> f64 {
    event["monotonic"].as_f64().unwrap_or_default()
}

/// Sends a signal to a process, or to a group if the number is negative.
pub(crate) fn send(signal: &str, process: i64) -> Result<(), Trouble> {
    let status = Command::new("kill").args(["-s", signal, "--", &process.to_string()]).status()?;
    if status.success() { Ok(()) } else { Err(Trouble::new(format!("cannot send {signal} to {process}"))) }
}
