//! What must come of any history once the server is sane again: a candidate that stands leads (E5, E7).

use std::time::Duration;

use quorate_core::api::{AnswerPart, Head};
use quorate_core::election::Report;
use quorate_core::machine::Input;
use quorate_core::time::Instant;
use serde_json::{Value, json};

use super::host::Host;
use super::settings::{NAME, NAMESPACE};

/// With short pauses and a long bar it takes more than anybody wants to wait for: nothing is said of such a history.
const MOST_STEPS: usize = 400;

/// Above all that was seen.
const VERSION: u64 = 1_000_000_000;

impl Host {
    /// One server, which has a Lease of this holder, keeps what is written, and whose watch tells nothing.
    pub(super) fn settle(&mut self, holder: &str) {
        if self.election.has_ended() || self.version >= VERSION || !self.is_started() {
            return;
        }
        self.version = VERSION;
        let uid = self.stored.as_ref().map_or_else(|| "last".into(), |stored| stored["metadata"]["uid"].clone());
        let meta = json!({"name": NAME, "namespace": NAMESPACE, "uid": uid, "resourceVersion": VERSION.to_string()});
        self.stored = Some(json!({"kind": "Lease", "metadata": meta, "spec": {"holderIdentity": holder}}));
        let config = self.election.config();
        let patience = Duration::from_secs(3600).max(config.options().lease_duration);
        let latest = self.latest().saturating_add(patience * 2 + config.longest_pause() * 4 + config.attempt_timeout());
        let begun = self.latest();
        for _ in 0..MOST_STEPS {
            assert!(self.latest() <= latest, "it still does not lead: {:?}", self.election);
            assert!(self.latest() <= self.open_at(begun), "the crashed holder's record is open, and not taken");
            self.obey();
            if self.election.leading_until().is_some() && self.holds() {
                return self.stay();
            }
            self.wait();
        }
    }

    /// E5: until when the record of who has crashed is to be taken. Two attempts and their pauses come on top of the wait.
    fn open_at(&self, begun: Instant) -> Instant {
        let observed = self.reference.as_ref().map(|reference| &reference.observed);
        let crashed = observed.and_then(|observed| {
            let lease = observed.current.as_ref().filter(|lease| lease.spec("holderIdentity") == "crashed")?;
            Some((observed, lease))
        });
        let config = self.election.config();
        crashed.map_or(Instant::since_origin(Duration::MAX), |(observed, lease)| {
            let expires_at = observed.changed_at.saturating_add(lease.patience(config)).max(observed.barred_until);
            expires_at
                .max(begun)
                .saturating_add(config.jitter() + (config.longest_pause() + config.attempt_timeout()) * 2)
        })
    }

    /// Whether what the server has is ours: a term from before it was sane may last a while without.
    fn holds(&self) -> bool {
        let identity = self.election.config().identity();
        self.stored.as_ref().is_some_and(|stored| stored["spec"]["holderIdentity"] == **identity)
    }

    /// Does all that a host is asked to do, and wants it to stand.
    fn obey(&mut self) {
        while self.exchange.is_some() {
            self.serve_sanely();
        }
        if let Some(watch) = &self.watch {
            self.take(watch.id, AnswerPart::Head(Head { status: 200, retry_after: None }));
        }
        if self.election.leading_until().is_none()
            && let Some(term) = self.token(0)
        {
            self.feed(Input::Report(&Report::WorkEnded { term }));
        }
        self.feed(Input::Report(&Report::Stand));
    }

    fn serve_sanely(&mut self) {
        let Some(exchange) = &self.exchange else { return };
        let written = exchange.request.body().and_then(|(_, body)| serde_json::from_slice::<Value>(body).ok());
        let version = |lease: &Value| lease["metadata"]["resourceVersion"].clone();
        let stored = self.stored.as_ref().map(version);
        match written {
            Some(written) if Some(version(&written)) != stored => self.answer_with(409, None, b""),
            _ => self.serve(),
        }
    }

    /// Who leads, and is served, goes on leading.
    fn stay(&mut self) {
        for _ in 0..12 {
            self.obey();
            assert!(self.election.leading_until().is_some(), "{:?}", self.election);
            self.wait();
        }
    }
}
