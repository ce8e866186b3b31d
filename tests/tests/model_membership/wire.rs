//! What is under way between a host and the server.

use std::collections::VecDeque;

use quorate_core::api::{Failure, FailureKind, Sent};
use quorate_core::machine::RequestId;
use quorate_core::testing::{FakeAnswer, FakeRequest, WatchId, WatchUpdate};
use quorate_core::time::Now;
use serde_json::{Value, json};

use super::server::Server;

/// One request, and what becomes of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Exchange {
    pub(crate) id: RequestId,
    pub(crate) target: String,
    pub(crate) stage: Stage,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Stage {
    /// The server has yet to see it.
    Asked,
    /// The whole answer is under way.
    Answered(u16, Vec<u8>),
    /// The head has arrived; these are the parts that have not.
    Watching(WatchId, VecDeque<Part>),
    /// Its connection is dead, and nobody knows.
    Mute,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Part {
    Line(Vec<u8>),
    End,
}

impl Exchange {
    pub(crate) fn is_watch(&self) -> bool {
        self.target.contains("watch=true")
    }

    /// Whether it asks for the first page of a list.
    pub(crate) fn is_first_page(&self) -> bool {
        !self.is_watch() && !self.target.contains("continue=")
    }

    pub(crate) fn watch(&self) -> Option<WatchId> {
        if let Stage::Watching(watch, _) = &self.stage { Some(*watch) } else { None }
    }

    pub(crate) fn has_parts(&self) -> bool {
        match &self.stage {
            Stage::Asked | Stage::Mute => false,
            Stage::Answered(..) => true,
            Stage::Watching(_, parts) => !parts.is_empty(),
        }
    }
}

/// All exchanges that the host waits for, the oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Wire {
    pub(crate) exchanges: Vec<Exchange>,
}

impl Wire {
    pub(crate) fn send(&mut self, id: RequestId, target: &str) {
        self.exchanges.push(Exchange { id, target: target.to_owned(), stage: Stage::Asked });
    }

    /// The host has what it wanted, or does not want it any more.
    pub(crate) fn forget(&mut self, id: RequestId, server: &mut Server) {
        let Some(index) = self.exchanges.iter().position(|exchange| exchange.id == id) else { return };
        if let Some(watch) = self.exchanges.remove(index).watch() {
            server.api.close(watch);
        }
    }

    /// The server answers; whether that is a watch.
    pub(crate) fn arrive(&mut self, index: usize, now: Now, server: &mut Server) -> bool {
        let exchange = &mut self.exchanges[index];
        exchange.stage = match server.api.handle(now, &FakeRequest::get(&exchange.target)) {
            FakeAnswer::Complete(response) => Stage::Answered(response.status, response.body),
            FakeAnswer::Watch { id, .. } => Stage::Watching(id, VecDeque::new()),
        };
        exchange.watch().is_some()
    }

    /// The server has something else to say.
    pub(crate) fn answer(&mut self, index: usize, status: u16, body: &Value) {
        self.exchanges[index].stage = Stage::Answered(status, body.to_string().into_bytes());
    }

    /// Nothing comes of it any more, and nobody says so.
    pub(crate) fn silence(&mut self, index: usize, server: &mut Server) {
        if let Some(watch) = self.exchanges[index].watch() {
            server.api.close(watch);
        }
        self.exchanges[index].stage = Stage::Mute;
    }

    /// The server tells a watch one thing more, and ends it.
    pub(crate) fn end(&mut self, index: usize, last: Option<&Value>, server: &mut Server) {
        let Stage::Watching(watch, parts) = &mut self.exchanges[index].stage else { return };
        server.api.close(*watch);
        parts.extend(last.map(|line| Part::Line(format!("{line}\n").into_bytes())));
        parts.push_back(Part::End);
    }

    /// Takes in what the server has to say to its watches.
    pub(crate) fn hear(&mut self, now: Now, server: &mut Server) {
        for update in server.api.updates(now) {
            let (id, part) = match update {
                WatchUpdate::Line(id, line) => (id, Part::Line(line)),
                WatchUpdate::End(id) => (id, Part::End),
            };
            for exchange in &mut self.exchanges {
                if let Stage::Watching(watch, parts) = &mut exchange.stage
                    && *watch == id
                {
                    parts.push_back(part.clone());
                }
            }
        }
    }
}

/// The version that a line brings, if it brings one.
pub(crate) fn version(line: &[u8]) -> Option<u64> {
    let event: Value = serde_json::from_slice(line).ok()?;
    event["object"]["metadata"]["resourceVersion"].as_str()?.parse().ok()
}

pub(crate) fn refusal(status: u16) -> Value {
    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": "not now", "code": status})
}

/// What a watch is told that has fallen behind what the server remembers.
pub(crate) fn expiry() -> Value {
    json!({"type": "ERROR", "object": refusal(410)})
}

pub(crate) fn interrupted() -> Failure {
    Failure { sent: Sent::Unknown, kind: FailureKind::Interrupted, message: "the connection failed".to_owned() }
}
