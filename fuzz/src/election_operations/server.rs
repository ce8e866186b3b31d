//! A server with one Lease, as far as the fuzzer lets it be sensible.

use quorate_core::api::Request;
use quorate_core::election::ElectionConfig;
use serde_json::{Value, json};

use super::answer::{Body, Circumstances, Event, Record, Version};
use super::settings::{NAME, NAMESPACE};

pub(super) struct Server {
    /// What it has, and the newest version that it ever gave.
    pub(super) stored: Option<Value>,
    pub(super) version: u64,
}

impl Server {
    pub(super) const fn new() -> Self {
        Self { stored: None, version: 7 }
    }

    /// Stores what a write says.
    pub(super) fn apply(&mut self, request: &Request) {
        let Some((_, body)) = request.body() else { return };
        let Ok(mut lease) = serde_json::from_slice::<Value>(body) else { return };
        self.version += 1;
        lease["metadata"]["resourceVersion"] = self.version.to_string().into();
        if lease["metadata"]["uid"].is_null() {
            lease["metadata"]["uid"] = format!("created-{}", self.version).into();
        }
        self.stored = Some(lease);
    }

    /// The Lease is made over by others: of this version, and of this holder.
    pub(super) fn hold(&mut self, version: u64, holder: &str) {
        self.version = version;
        let uid = self.stored.as_ref().map_or_else(|| "last".into(), |stored| stored["metadata"]["uid"].clone());
        let meta = json!({"name": NAME, "namespace": NAMESPACE, "uid": uid, "resourceVersion": version.to_string()});
        self.stored = Some(json!({"kind": "Lease", "metadata": meta, "spec": {"holderIdentity": holder}}));
    }

    /// What a read is answered with.
    pub(super) fn read(&self) -> (u16, Vec<u8>) {
        self.stored.as_ref().map_or((404, Vec::new()), |stored| (200, stored.to_string().into()))
    }

    /// Whether a write is over what is stored.
    pub(super) fn would_take(&self, request: &Request) -> bool {
        let version = |lease: &Value| lease["metadata"]["resourceVersion"].clone();
        let written = request.body().and_then(|(_, body)| serde_json::from_slice::<Value>(body).ok());
        written.is_none_or(|written| Some(version(&written)) == self.stored.as_ref().map(version))
    }

    pub(super) fn bytes(&mut self, config: &ElectionConfig, body: &Body<'_>) -> Vec<u8> {
        match body {
            Body::Bytes(bytes) => bytes.to_vec(),
            Body::Stored => self.stored.as_ref().unwrap_or(&Value::Null).to_string().into(),
            Body::Record(record) => self.record(config, record).to_string().into(),
        }
    }

    /// What is newer than all before is what the server has from now on.
    fn record(&mut self, config: &ElectionConfig, record: &Record<'_>) -> Value {
        let with = Circumstances {
            identity: config.identity(),
            nonce: config.options().nonce,
            stored: self.stored.as_ref(),
            version: self.version,
        };
        let made = record.make(&with);
        if let Version::Next(by) = record.version {
            self.version += 1 + u64::from(by);
            self.stored = Some(made.clone());
        }
        made
    }

    /// The line of an event.
    pub(super) fn event(&mut self, config: &ElectionConfig, event: &Event<'_>) -> String {
        let bytes = self.bytes(config, &event.body);
        format!(r#"{{"type":"{}","object":{}}}"#, event.kind.text(), String::from_utf8_lossy(&bytes))
    }

    pub(super) fn bookmark() -> Value {
        json!({"kind": "Lease", "metadata": {"resourceVersion": "9"}})
    }
}
