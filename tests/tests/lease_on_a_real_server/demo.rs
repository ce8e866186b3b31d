//! The Lease `demo`, who writes it, and who follows it.

use std::sync::Arc;
use std::time::Duration;

use quorate_tests::api_server::ApiServer;
use quorate_tests::child::{Finished, Running};
use quorate_tests::eventually::eventually;
use quorate_tests::lab::Lab;
use quorate_tests::quorate_command::Quorate;
use quorate_tests::trouble::Trouble;
use serde_json::{Value, json};

/// Longer than the longest pause before another attempt, on a busy machine.
const LIMIT: Duration = Duration::from_secs(45);

/// What `quorate lease -w` takes.
const RIGHTS: &str = r#"
- {apiGroups: ["coordination.k8s.io"], resources: [leases], resourceNames: [demo], verbs: [get, watch]}
"#;

/// A namespace with a Lease in it, or none yet.
pub(crate) struct Demo {
    pub(crate) lab: Lab,
}

impl Demo {
    pub(crate) fn new(namespace: &str) -> Result<Self, Trouble> {
        Self::on(&ApiServer::shared()?, namespace)
    }

    pub(crate) fn on(server: &Arc<ApiServer>, namespace: &str) -> Result<Self, Trouble> {
        let demo = Self::without_rights(server, namespace)?;
        demo.lab.grant(RIGHTS)?;
        Ok(demo)
    }

    pub(crate) fn without_rights(server: &Arc<ApiServer>, namespace: &str) -> Result<Self, Trouble> {
        Ok(Self { lab: Lab::without_rights(server, namespace)? })
    }

    pub(crate) fn create(&self, spec: &Value) -> Result<Value, Trouble> {
        self.lab.server().create(&[json!({
            "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
            "metadata": {"namespace": self.lab.namespace(), "name": "demo"}, "spec": spec,
        })])?;
        self.truth()
    }

    /// Merges this into it. What comes back is how it is then.
    pub(crate) fn patch(&self, patch: &Value) -> Result<Value, Trouble> {
        let patch = patch.to_string();
        self.lab.kubectl(&["patch", "lease", "demo", "--type=merge", "-o", "json", "-p", &patch])?.json()
    }

    pub(crate) fn delete(&self) -> Result<(), Trouble> {
        self.lab.kubectl(&["delete", "lease", "demo"])?;
        Ok(())
    }

    pub(crate) fn truth(&self) -> Result<Value, Trouble> {
        self.lab.kubectl(&["get", "lease", "demo", "-o", "json"])?.json()
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Result<Quorate, Trouble> {
        let quorate = Quorate::with([&["lease", "demo"], arguments].concat())?;
        Ok(quorate.variable("KUBECONFIG", self.lab.kubeconfig()))
    }

    pub(crate) fn look(&self) -> Result<Value, Trouble> {
        self.command(&["-o", "json"])?.run()?.with_code(0)?.json()
    }

    pub(crate) fn follow(&self) -> Result<Following, Trouble> {
        Ok(Following { running: self.command(&["-w", "-o", "json"])?.start()?, events: Vec::new(), told: 0 })
    }
}

/// What a candidate of ours writes.
pub(crate) fn held(holder: &str, transitions: u32) -> Value {
    json!({"holderIdentity": holder, "leaseDurationSeconds": 15, "leaseTransitions": transitions,
        "acquireTime": "2026-11-20T18:04:58.545226Z", "renewTime": "2026-11-20T18:04:58.545226Z"})
}

/// The renewal of this number.
pub(crate) fn renewal(number: u32) -> Value {
    json!({"spec": {"renewTime": format!("2026-11-20T18:05:{number:02}.000000Z")}})
}

pub(crate) fn version(lease: &Value) -> &Value {
    &lease["metadata"]["resourceVersion"]
}

/// A running `quorate lease -w -o json`.
pub(crate) struct Following {
    running: Running,
    events: Vec<Value>,
    /// How many events were asked for already.
    told: usize,
}

impl Following {
    pub(crate) fn events(&mut self) -> Result<&[Value], Trouble> {
        let bytes = self.running.stdout_from(0)?;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end.saturating_add(1));
        let text = String::from_utf8_lossy(bytes.get(..whole).unwrap_or_default()).into_owned();
        self.events = text
            .lines()
            .map(|line| serde_json::from_str(line).map_err(Trouble::during(line)))
            .collect::<Result<_, _>>()?;
        Ok(&self.events)
    }

    /// Waits for the next event, which must be this one.
    pub(crate) fn next(&mut self, event: &str) -> Result<Value, Trouble> {
        self.next_of(&[event])
    }

    /// Waits for the next event, which must be one of these.
    pub(crate) fn next_of(&mut self, wanted: &[&str]) -> Result<Value, Trouble> {
        let told = self.told;
        let next = eventually(&wanted.join(" or "), LIMIT, || Ok(self.events()?.get(told).cloned()));
        let next = next.map_err(|trouble| Trouble::new(format!("{trouble}: {:?} {:?}", self.events, self.running)))?;
        assert!(wanted.contains(&next["event"].as_str().unwrap_or_default()), "{wanted:?}: {next}");
        self.told = told.saturating_add(1);
        Ok(next)
    }

    /// Stops it where it is.
    pub(crate) fn pause(&self) -> Result<(), Trouble> {
        self.running.signal("STOP")
    }

    pub(crate) fn go_on(&self) -> Result<(), Trouble> {
        self.running.signal("CONT")
    }

    pub(crate) fn signal(self, name: &str) -> Result<Finished, Trouble> {
        self.running.signal(name)?;
        self.running.finish(Duration::from_secs(10))
    }
}

/// How it is, by what was told: nothing if there is none.
pub(crate) fn fold(events: &[Value]) -> Option<&Value> {
    events.iter().fold(None, |known, event| match event["event"].as_str() {
        Some("deleted" | "missing") => None,
        Some("live" | "degraded") => known,
        _ => Some(event),
    })
}
