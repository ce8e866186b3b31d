//! The recorded answers, and what a server would say that stores what is written in between.

use quorate_core::api::{Method, Request};
use serde_json::{Value, json};

use super::case::{Answer, Error, Step};

/// The version of every recorded Lease.
const RECORDED: u64 = 777;

pub(crate) struct Server {
    lease: Option<Value>,
    version: u64,
    is_down: bool,
    /// What every write is answered during this step.
    refusal: Option<Error>,
    /// The last write that took effect in this step.
    pub(crate) written: Option<Value>,
}

impl Server {
    pub(crate) fn new() -> Self {
        Self { lease: None, version: RECORDED - 1, is_down: false, refusal: None, written: None }
    }

    pub(crate) fn begin(&mut self, step: &Step) {
        self.written = None;
        self.is_down = false;
        match &step.get {
            Answer::Error { error: Error::NotFound } => self.lease = None,
            Answer::Error { .. } => self.is_down = true,
            Answer::Ok(lease) => self.replace(lease.clone()),
        }
        self.refusal = match step.write {
            Some(Answer::Error { error }) => Some(error),
            Some(Answer::Ok(_)) | None => None,
        };
    }

    /// The recorded Lease; other content is a newer version. For a record of Bonny's own stands what we wrote.
    fn replace(&mut self, mut lease: Value) {
        let is_same = |known: &Value| known["spec"]["holderIdentity"] == lease["spec"]["holderIdentity"];
        if self.lease.as_ref().is_some_and(is_same) {
            return;
        }
        self.version += 1;
        if lease["metadata"]["resourceVersion"].is_string() {
            lease["metadata"]["resourceVersion"] = json!(self.version.to_string());
        }
        self.lease = Some(lease);
    }

    pub(crate) fn end(&mut self) {
        self.is_down = false;
        self.refusal = None;
    }

    /// Status and body; none if the connection fails.
    pub(crate) fn answer(&mut self, request: &Request) -> Option<(u16, Value)> {
        if self.is_down {
            return None;
        }
        if request.method() == Method::Get {
            return Some(self.lease.clone().map_or_else(|| failure(404), |lease| (200, lease)));
        }
        match self.refusal {
            Some(Error::Http) => None,
            Some(Error::AlreadyExists | Error::Conflict) => Some(failure(409)),
            Some(Error::Forbidden) => Some(failure(403)),
            Some(Error::NotFound) => Some(failure(404)),
            None => Some(self.write(request)),
        }
    }

    fn write(&mut self, request: &Request) -> (u16, Value) {
        let mut lease: Value = serde_json::from_slice(request.body().unwrap().1).unwrap();
        match (request.method(), &self.lease) {
            (Method::Post, None) => {}
            (Method::Put, Some(known))
                if known["metadata"]["resourceVersion"] == lease["metadata"]["resourceVersion"] => {}
            (Method::Put, None) => return failure(404),
            _ => return failure(409),
        }
        self.version += 1;
        lease["metadata"]["uid"] = json!("u-1");
        lease["metadata"]["resourceVersion"] = json!(self.version.to_string());
        self.written = Some(lease["spec"].clone());
        self.lease = Some(lease.clone());
        (200, lease)
    }
}

fn failure(status: u16) -> (u16, Value) {
    (status, json!({"kind": "Status", "message": "no", "code": status}))
}
